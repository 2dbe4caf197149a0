"""docker-compose.yml: one open port, no superuser, read-only services."""

import os
import re
import shutil
import subprocess

import pytest
import yaml

from ecgreview.local_services.places import REPOSITORY

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
EXAMPLE = (REPOSITORY / ".env.example").read_text()
VARIABLES = re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE)


DOCKER_COMPOSE = ["docker", "compose"]


def has_docker_compose() -> bool:
    """Return whether ``docker compose`` works on this machine."""
    if shutil.which("docker") is None:
        return False
    return (
        subprocess.run([*DOCKER_COMPOSE, "version"], capture_output=True, check=False).returncode
        == 0
    )


@pytest.mark.skipif(not has_docker_compose(), reason="docker compose is not installed")
@pytest.mark.parametrize(("missing", "code"), [(None, 0), ("SECRET_KEY", 1), ("ECG_PASSWORD", 1)])
def test_docker_compose_requires_every_secret(tmp_path, missing, code):
    shutil.copy(REPOSITORY / "docker-compose.yml", tmp_path)
    values = [f"{name}=x" for name in VARIABLES if name not in {missing, "PORT"}]
    (tmp_path / ".env").write_text("\n".join(values))
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    done = subprocess.run(
        [*DOCKER_COMPOSE, "config", "--quiet"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert min(done.returncode, 1) == code, done.stderr


def test_only_the_web_server_opens_a_port():
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"web"}


def test_the_port_is_open_on_loopback_only():
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])


@pytest.mark.parametrize("name", SERVICES)
def test_services_have_a_read_only_root_and_no_capabilities(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_services_have_memory_and_process_limits(name):
    assert {"mem_limit", "pids_limit"} <= set(SERVICES[name])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_services_have_a_health_check(name):
    assert SERVICES[name]["healthcheck"]["test"]


def test_databases_are_on_an_internal_network():
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["back"]


def test_the_volume_of_postgres_is_where_version_18_stores_data():
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]


def test_the_application_does_not_connect_as_superuser():
    assert SERVICES["web"]["environment"]["DATABASE_URL"].startswith("postgresql://ecg_owner:")


def test_only_the_database_has_the_superuser_password():
    services_with_password = {
        name for name, service in SERVICES.items()
        if "POSTGRES_PASSWORD" in str(service) or "env_file" in service
    }  # fmt: skip
    assert services_with_password == {"postgres"}


def test_only_the_worker_writes_audit_heads_to_a_file():
    file = SERVICES["worker"]["environment"]["AUDIT_HEADS_FILE"]
    services_with_volume = {
        name for name, service in SERVICES.items()
        for volume in service.get("volumes", [])
        if file.startswith(volume.partition(":")[2])
    }  # fmt: skip
    assert services_with_volume == {"worker"}
    assert SERVICES["web"]["environment"]["AUDIT_HEADS_FILE"] == ""


def test_beat_has_neither_database_address_nor_secret_key():
    assert "${" not in str(SERVICES["beat"]["environment"]).replace("${REDIS_PASSWORD", "")


SET_BY_THE_IMAGE = {"HOST", "PORT", "STATIC_ROOT", "DEBUG"}


def test_every_documented_setting_reaches_the_web_server():
    guide = (REPOSITORY / "docs" / "guides" / "operator.md").read_text()
    table = guide.split("## Settings")[1].split("Only for docker-compose.yml")[0]
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))
    assert documented - SET_BY_THE_IMAGE == set(SERVICES["web"]["environment"])


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_services_start_after_the_migrations(name):
    condition = SERVICES[name]["depends_on"]["migrate"]["condition"]
    assert condition == "service_completed_successfully"


def test_every_variable_is_in_the_example():
    used = set(re.findall(r"\$\{([A-Z_]+)", (REPOSITORY / "docker-compose.yml").read_text()))
    assert used <= set(VARIABLES)


def test_no_secret_has_a_default():
    values = re.findall(r"^([A-Z_]*(?:PASSWORD|KEY))=(.*)$", EXAMPLE, re.MULTILINE)
    assert [value for _, value in values] == ["", "", "", ""]


def test_the_image_does_not_run_as_root():
    assert "\nUSER 10001\n" in (REPOSITORY / "Dockerfile").read_text()


def test_embedded_and_composed_postgres_have_the_same_major_version():
    from ecgreview.local_services import postgres

    assert postgres.binaries().parent.name == "pginstall18"
    assert SERVICES["postgres"]["image"] == "postgres:18"
