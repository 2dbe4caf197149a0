"""Setting up a study on the command line, from a protocol file."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Batch, Study
from annotations.services.studies import protocols
from annotations.views.studies.setup_forms import initial
from ecgreview import protocol

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "study.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def protocol_file(file, taxonomy):
    return file(f"name: Spring\ntaxonomy: '{taxonomy}'\nwashout_days: 14\nwashout_exams: 50\n")


def run(command, *arguments):
    out = io.StringIO()
    call_command(command, *map(str, arguments), stdout=out)
    return out.getvalue()


def test_command_and_pages_create_the_same_study(signed_in, davi, protocol_file, taxonomy):
    client = signed_in(davi)
    client.post("/studies/new/steps/", {"name": "Spring", "taxonomy": taxonomy.pk})
    by_pages = Study.objects.get()
    form = initial(protocols.protocol_of(by_pages))
    values = {key: value for key, value in form.items() if value is not None and value is not False}
    client.post("/studies/spring/setup/reading/", values)
    client.post("/studies/spring/setup/name/", {"name": "Autumn", "taxonomy": taxonomy.pk})
    run("create_study", protocol_file, "--by", "davi")
    by_command = Study.objects.get(name="Spring")
    assert without_name(by_command) == without_name(Study.objects.get(name="Autumn"))


def without_name(study):
    """Return the digest of the study's protocol without name and seed."""
    settings = protocols.without_seed(protocols.protocol_of(study))
    return protocol.digest(replace(settings, name="Any"))


def test_a_downloaded_protocol_file_creates_the_same_study(signed_in, davi, file, study):
    text = signed_in(davi).get(f"/studies/{study.slug}/protocol.yaml").content.decode()
    again = file(text.replace(f"name: {study.name}", "name: Again"))
    run("create_study", again, "--by", "davi")
    again_settings, original_settings = (
        protocols.protocol_of(row).settings() for row in Study.objects.order_by("-pk")
    )
    assert {**again_settings, "name": "", "order_seed": ""} == {
        **original_settings,
        "name": "",
        "order_seed": "",
    }


def test_a_study_stays_a_draft_by_default(davi, protocol_file):
    run("create_study", protocol_file, "--by", "davi")
    assert Study.objects.get().is_draft


def test_readers_and_exams_can_be_added(davi, ana, bruno, protocol_file, make_exam):
    make_exam()
    run("create_study", protocol_file, "--by", "davi", "--reader", "ana", "--reader", "bruno",
        "--dataset", "Ward 3", "--open")  # fmt: skip
    study = Study.objects.get()
    assert (study.is_open, study.readers.count(), study.pool.count()) == (True, 2, 1)


def test_a_dry_run_stores_nothing(davi, protocol_file):
    assert "nothing was saved" in run("create_study", protocol_file, "--by", "davi", "--dry-run")
    assert not Study.objects.exists()


def test_each_problem_of_a_file_has_its_line_number(davi, file):
    path = file("name: Spring\nreaders_per_exm: 3\nclinical_information: all\n")
    with pytest.raises(CommandError) as refusal:
        run("create_study", path, "--by", "davi")
    message = str(refusal.value)
    assert "line 2" in message
    assert "Did you mean readers_per_exam?" in message
    assert "line 3" in message


def test_too_few_readers_are_refused(davi, ana, file, taxonomy):
    path = file(f"name: Spring\ntaxonomy: '{taxonomy}'\nreaders_per_exam: 3\n")
    with pytest.raises(CommandError, match="each exam needs 3 readers, but there are 1"):
        run("create_study", path, "--by", "davi", "--reader", "ana", "--open")
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--by", "nobody"), "no user 'nobody'"),
        (("--by", "davi", "--reader", "eva"), "Instead of Eva, choose people"),
        (("--by", "davi", "--dataset", "Nowhere"), "no data set 'Nowhere'"),
    ],
)
def test_unknown_people_and_data_sets_are_named(davi, eva, protocol_file, arguments, expected):
    with pytest.raises(CommandError, match=expected):
        run("create_study", protocol_file, *arguments)


@pytest.fixture
def opened(davi, ana, bruno, clara, protocol_file, make_exam):
    for _ in range(6):
        make_exam()
    run("create_study", protocol_file, "--by", "davi", "--reader", "ana", "--reader", "bruno",
        "--reader", "clara", "--dataset", "Ward 3", "--open")  # fmt: skip
    return Study.objects.get()


def test_batches_are_planned(opened):
    output = run("plan_batch", opened.slug, "--name", "Batch 1", "--by", "davi", "--batches", "2")
    assert "Batch 2: planned" in output
    assert not Batch.objects.released().exists()


def test_batches_can_be_released(opened):
    run("plan_batch", opened.slug, "--name", "B", "--by", "davi", "--due", "2099-01-31",
        "--release")  # fmt: skip
    assert str(Batch.objects.released().get().due_on) == "2099-01-31"


def test_a_dry_run_of_a_plan_stores_nothing(opened):
    run("plan_batch", opened.slug, "--name", "B", "--by", "davi", "--dry-run")
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("nowhere", "--name", "B", "--by", "davi"), "no study 'nowhere'"),
        (("spring", "--name", "B", "--by", "nobody"), "no user 'nobody'"),
        (("spring", "--name", "B", "--by", "davi", "--batches", "9"), "fewer than 9 batches"),
        (("spring", "--name", "B", "--by", "davi", "--due", "2001-01-01"), "due date has passed"),
    ],
)
def test_an_impossible_plan_is_explained(opened, arguments, expected):
    with pytest.raises(CommandError, match=expected):
        run("plan_batch", *arguments)


def test_a_design_is_shown_before_planning(opened):
    output = run("show_design", opened.slug)
    assert "6 exams, 12 readings" in output
    assert "kappa of 0.2" in output


def test_the_design_of_a_batch_is_available_as_json(opened):
    run("plan_batch", opened.slug, "--name", "B", "--by", "davi")
    preview = json.loads(run("show_design", opened.slug, "--batch", "B", "--json"))
    assert preview["batch"]["exams_by_reader"] == {"ana": 4, "bruno": 4, "clara": 4}


def test_an_unknown_batch_is_named(opened):
    with pytest.raises(CommandError, match="no batch 'C'"):
        run("show_design", opened.slug, "--batch", "C")
