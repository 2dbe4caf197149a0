"""Output and exit codes of the commands."""

from __future__ import annotations

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotations.models import AuditEvent, Dataset, Exam, User
from annotations.services.demo import seed
from annotations.services.verification import accounts
from tests.domain.ecg import signals, wfdb_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    """A complete and a truncated recording."""
    for number, name in enumerate(("whole", "broken")):
        (tmp_path / name).mkdir()
        wfdb_files.write(tmp_path / name, values=signals.heartbeats() + number)
    data = tmp_path / "broken" / "ana.dat"
    data.write_bytes(data.read_bytes()[:-1000])
    return tmp_path


def run(*arguments):
    """Return exit code, output and errors of a command."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*map(str, arguments), stdout=out, stderr=err)
    except SystemExit as end:
        return end.code, out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), err.getvalue()


def test_an_import_without_refusals_exits_with_0(folder):
    code, out, _ = run("import_exams", folder / "whole", "--dataset", "Ward 3")
    assert code == 0
    assert "1 imported, 0 already known, 0 refused." in out


def test_a_refusal_is_printed_with_file_and_reason(folder):
    code, out, err = run("import_exams", folder, "--dataset", "Ward 3")
    assert code == 1
    assert "1 imported, 0 already known, 1 refused." in out
    assert err.startswith("broken/ana.hea: Expected ")


def test_progress_is_printed_as_lines_without_a_terminal(folder):
    _, out, _ = run("import_exams", folder, "--dataset", "Ward 3")
    assert "2 of 2 files (100%)" in out


def test_an_import_states_the_license_or_asks_for_it(folder):
    command = ("import_exams", folder / "whole", "--dataset", "Ward 3")
    assert "The license of Ward 3 is not stated" in run(*command)[1]
    _, out, _ = run(*command, "--licence", "CC-BY-4.0", "--citation", "Lima 2026")
    dataset = Dataset.objects.get()
    assert (dataset.licence, dataset.attribution) == ("CC-BY-4.0", "Lima 2026")
    assert "icense" not in out
    assert "do not know this license" in run(*command, "--licence", "Hospital terms")[1]


def test_a_repeated_import_counts_known_files(folder):
    run("import_exams", folder / "whole", "--dataset", "Ward 3")
    _, out, _ = run("import_exams", folder / "whole", "--dataset", "Ward 3")
    assert "0 imported, 1 already known, 0 refused." in out


@pytest.mark.parametrize("place", ["empty", "nowhere"])
def test_an_empty_import_exits_with_2(tmp_path, place):
    (tmp_path / "empty").mkdir()
    code, _, err = run("import_exams", tmp_path / place, "--dataset", "Ward 3")
    assert code == 2
    assert str(tmp_path / place) in err


def test_an_import_of_refused_files_only_exits_with_2(folder):
    assert run("import_exams", folder / "broken", "--dataset", "Ward 3")[0] == 2


def test_a_data_set_without_a_name_is_refused(folder):
    assert run("import_exams", folder, "--dataset", " ")[0] == 2


def test_a_dry_run_says_what_would_happen(folder):
    code, out, err = run("import_exams", folder, "--dataset", "Ward 3", "--dry-run")
    assert code == 1
    assert "1 would be imported, 0 already known, 1 would be refused." in out
    assert "broken/ana.hea" in err
    assert not Dataset.objects.exists()


def test_refused_malformed_files_leave_no_exams(shared_data):
    code, out, _ = run("import_exams", shared_data / "malformed", "--dataset", "Malformed")
    assert code == 1
    assert f"{Exam.objects.count()} imported" in out
    assert all(exam.tracings.count() == 1 for exam in Exam.objects.all())


def test_a_person_is_created_with_a_link_and_no_password():
    base = "https://ecg.example"
    _, out, _ = run("create_user", "ana", "--role", "reader", "--base-url", base)
    assert "https://ecg.example/link/?sesame=" in out
    assert not User.objects.get(username="ana").has_usable_password()


def test_a_user_name_is_unique(ana):
    assert "This user name is already taken" in run("create_user", "ana")[2]


def test_a_link_is_printed(ana):
    assert "sesame=" in run("create_link", "ana", "--base-url", "https://ecg.example")[1]


def test_a_link_for_an_unknown_person_is_refused():
    code, out, _ = run("create_link", "nobody", "--base-url", "https://ecg.example")
    assert (code, out) == (1, "")


def test_a_token_authenticates_its_owner(ana, client):
    code, out, _ = run("create_token", "ana")
    answer = client.get("/api/me/", headers={"Authorization": f"Token {out.strip()}"})
    assert (code, answer.json()["username"]) == (0, "ana")


def test_a_token_for_an_unknown_person_is_refused():
    assert run("create_token", "nobody")[0] == 1


def test_roles_are_replaced(ana):
    assert "active (adjudicator)" in run("change_user", "ana", "--role", "adjudicator")[1]


def test_all_roles_can_be_removed(ana):
    assert "active (no role)" in run("change_user", "ana", "--no-role")[1]


def test_the_token_of_a_deactivated_person_is_void(ana, client):
    token = run("create_token", "ana")[1].strip()
    assert "deactivated (reader)" in run("change_user", "ana", "--deactivate")[1]
    answer = client.get("/api/me/", headers={"Authorization": f"Token {token}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("arguments", [["ana"], ["nobody", "--deactivate"]])
def test_a_change_without_options_or_person_is_refused(ana, arguments):
    assert run("change_user", *arguments)[0] == 1


COMMANDS_BY_ACTION = {
    "people.created": ("create_user", "bea", "--role", "reader"),
    "people.link_made": ("create_user", "bea", "--base-url", "https://ecg.example"),
    "people.changed": ("change_user", "ana", "--no-role"),
    "people.deactivated": ("change_user", "ana", "--deactivate"),
    "people.token_made": ("create_token", "ana"),
}


@pytest.mark.parametrize("action", COMMANDS_BY_ACTION)
def test_account_commands_are_in_the_audit_trail(ana, action):
    assert run(*COMMANDS_BY_ACTION[action])[0] == 0
    event = AuditEvent.objects.filter(action=action).latest("pk")
    assert (event.actor, event.reason) == (None, "on the command line")


def test_createsuperuser_is_in_the_audit_trail(db):
    call_command("createsuperuser", username="root", email="", interactive=False, verbosity=0)
    root = User.objects.get(username="root")
    event = AuditEvent.objects.get(action="people.created", object_id=str(root.pk))
    assert json.loads(event.after)["is_superuser"]
    assert accounts.account_fault() is None


def test_a_link_is_in_the_audit_trail(ana):
    run("create_link", "ana", "--base-url", "https://ecg.example")
    assert AuditEvent.objects.get(action="people.link_made").object_id == str(ana.pk)


def test_a_sixth_token_is_refused(ana):
    for _ in range(5):
        run("create_token", "ana")
    code, _, err = run("create_token", "ana")
    assert (code, "No more tokens can be created" in err) == (1, True)


def test_the_taxonomy_is_installed_by_command():
    assert "66 classes" in run("install_taxonomy")[1]


def test_the_demo_prints_a_link_for_each_person(settings):
    settings.DEMO = True
    run("prepare_demo")
    _, out, _ = run("demo_links", "--base-url", "http://127.0.0.1:8123")
    assert len(re.findall(r"http://127\.0\.0\.1:8123/link/\?sesame=\S+", out)) == len(seed.PEOPLE)


def test_the_hint_for_new_links_has_the_same_address(settings):
    settings.DEMO = True
    run("prepare_demo")
    _, out, _ = run("demo_links", "--base-url", "http://127.0.0.1:8123")
    assert "manage.py demo_links --base-url http://127.0.0.1:8123 prints new ones" in out


@pytest.mark.parametrize("port", ["0", "80000", "abc"])
def test_the_demo_refuses_an_invalid_port(settings, port):
    settings.DEMO = True
    assert f"'{port}' is not a port number (1 to 65535)" in run("demo", "--port", port)[2]


@pytest.mark.parametrize("command", ["prepare_demo", "demo_links"])
def test_the_demo_is_refused_on_a_production_site(settings, command):
    settings.DEMO = False
    assert run(command)[0] == 1
    assert not User.objects.exists()


def test_the_demo_imports_own_recordings(settings, folder):
    settings.DEMO = True
    code, out, err = run("prepare_demo", "--data", folder)
    assert (code, "1 of your recordings imported" in out) == (0, True)
    assert "broken/ana.hea" in err


def test_the_export_prints_its_files(study, make_batch, close, tmp_path):
    close(make_batch())
    _, out, _ = run("export_consensus", study.slug, tmp_path)
    assert str(tmp_path / "consensus.csv") in out.splitlines()


def test_an_unknown_study_lists_the_existing_ones(study, tmp_path):
    code, _, err = run("export_consensus", "evening", tmp_path)
    assert code == 1
    assert study.slug in err


def test_a_study_without_closed_batches_is_not_exported(study, make_batch, tmp_path):
    make_batch()
    code, _, err = run("export_consensus", study.slug, tmp_path)
    assert (code, list(tmp_path.iterdir())) == (1, [])
    assert "Close one first" in err
