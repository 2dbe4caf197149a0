"""What docker-compose.yml promises: one open port, no superuser, nothing writable by surprise."""

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


PARSER = ["docker", "compose"]


def has_parser() -> bool:
    """Return whether this machine has the real parser."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run([*PARSER, "version"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not has_parser(), reason="docker compose is not installed")
@pytest.mark.parametrize(("missing", "code"), [(None, 0), ("SECRET_KEY", 1), ("ECG_PASSWORD", 1)])
def test_the_real_parser_wants_every_secret(tmp_path, missing, code):
    shutil.copy(REPOSITORY / "docker-compose.yml", tmp_path)
    values = [f"{name}=x" for name in VARIABLES if name not in {missing, "PORT"}]
    (tmp_path / ".env").write_text("\n".join(values))
    bare = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    done = subprocess.run(
        [*PARSER, "config", "--quiet"], cwd=tmp_path, env=bare, capture_output=True, check=False
    )
    assert min(done.returncode, 1) == code, done.stderr


def test_only_the_web_server_opens_a_port():
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"web"}


def test_the_port_is_open_on_loopback_only():
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_write_only_where_it_says(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_limits(name):
    assert {"mem_limit", "pids_limit"} <= set(SERVICES[name])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_a_service_says_whether_it_is_well(name):
    assert SERVICES[name]["healthcheck"]["test"]


def test_databases_are_out_of_reach_from_outside():
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["back"]


def test_postgres_keeps_its_data_where_version_18_puts_them():
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]


def test_the_application_is_not_the_superuser():
    assert SERVICES["web"]["environment"]["DATABASE_URL"].startswith("postgresql://ecg_owner:")


def test_only_the_database_knows_the_superuser():
    knowing = {
        name for name, service in SERVICES.items()
        if "POSTGRES_PASSWORD" in str(service) or "env_file" in service
    }  # fmt: skip
    assert knowing == {"postgres"}


def test_the_worker_alone_writes_heads_of_the_audit_trail_outside_the_database():
    file = SERVICES["worker"]["environment"]["AUDIT_HEADS_FILE"]
    keepers = {
        name for name, service in SERVICES.items()
        for volume in service.get("volumes", [])
        if file.startswith(volume.partition(":")[2])
    }  # fmt: skip
    assert keepers == {"worker"}
    assert SERVICES["web"]["environment"]["AUDIT_HEADS_FILE"] == ""


def test_beat_knows_neither_database_nor_key():
    assert "${" not in str(SERVICES["beat"]["environment"]).replace("${REDIS_PASSWORD", "")


OWN_TO_THE_IMAGE = {"HOST", "PORT", "STATIC_ROOT", "DEBUG"}


def test_every_documented_setting_reaches_the_web_server():
    guide = (REPOSITORY / "docs" / "guides" / "operator.md").read_text()
    table = guide.split("## Settings")[1].split("Only for docker-compose.yml")[0]
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))
    assert documented - OWN_TO_THE_IMAGE == set(SERVICES["web"]["environment"])


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_nothing_starts_before_the_migrations(name):
    condition = SERVICES[name]["depends_on"]["migrate"]["condition"]
    assert condition == "service_completed_successfully"


def test_every_variable_of_the_composition_is_explained():
    used = set(re.findall(r"\$\{([A-Z_]+)", (REPOSITORY / "docker-compose.yml").read_text()))
    assert used <= set(VARIABLES)


def test_no_secret_has_a_default():
    values = re.findall(r"^([A-Z_]*(?:PASSWORD|KEY))=(.*)$", EXAMPLE, re.MULTILINE)
    assert [value for _, value in values] == ["", "", "", ""]


def test_the_image_does_not_run_as_root():
    assert "\nUSER 10001\n" in (REPOSITORY / "Dockerfile").read_text()


def test_embedded_and_composed_postgres_have_one_major_version():
    from ecgreview.local_services import postgres

    assert postgres.binaries().parent.name == "pginstall18"
    assert SERVICES["postgres"]["image"] == "postgres:18"
