"""The same on the command line: a protocol file makes the study that the pages make."""

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
def plain(file, taxonomy):
    return file(f"name: Spring\ntaxonomy: '{taxonomy}'\nwashout_days: 14\nwashout_exams: 50\n")


def run(command, *arguments):
    out = io.StringIO()
    call_command(command, *map(str, arguments), stdout=out)
    return out.getvalue()


def test_a_file_makes_what_the_pages_make(signed_in, davi, plain, taxonomy):
    client = signed_in(davi)
    client.post("/studies/new/steps/", {"name": "Spring", "taxonomy": taxonomy.pk})
    by_pages = Study.objects.get()
    form = initial(protocols.protocol_of(by_pages))
    shown = {key: value for key, value in form.items() if value is not None and value is not False}
    client.post("/studies/spring/setup/reading/", shown)
    client.post("/studies/spring/setup/name/", {"name": "Autumn", "taxonomy": taxonomy.pk})
    run("create_study", plain, "--by", "davi")
    made = Study.objects.get(name="Spring")
    assert without_name(made) == without_name(Study.objects.get(name="Autumn"))


def without_name(study):
    """Return the digest of the study's protocol but for its name and its secret."""
    told = protocols.without_seed(protocols.protocol_of(study))
    return protocol.digest(replace(told, name="Any"))


def test_the_file_that_a_page_hands_out_makes_the_same_study(signed_in, davi, file, study):
    text = signed_in(davi).get(f"/studies/{study.slug}/protocol.yaml").content.decode()
    again = file(text.replace(f"name: {study.name}", "name: Again"))
    run("create_study", again, "--by", "davi")
    made, first = (protocols.protocol_of(one).settings() for one in Study.objects.order_by("-pk"))
    assert {**made, "name": "", "order_seed": ""} == {**first, "name": "", "order_seed": ""}


def test_it_stays_a_draft_unless_told(davi, plain):
    run("create_study", plain, "--by", "davi")
    assert Study.objects.get().is_draft


def test_readers_and_exams_come_along(davi, ana, bruno, plain, make_exam):
    make_exam()
    run("create_study", plain, "--by", "davi", "--reader", "ana", "--reader", "bruno",
        "--dataset", "Ward 3", "--open")  # fmt: skip
    study = Study.objects.get()
    assert (study.is_open, study.readers.count(), study.pool.count()) == (True, 2, 1)


def test_a_dry_run_writes_nothing(davi, plain):
    assert "nothing was saved" in run("create_study", plain, "--by", "davi", "--dry-run")
    assert not Study.objects.exists()


def test_every_problem_of_a_file_has_its_line(davi, file):
    path = file("name: Spring\nreaders_per_exm: 3\nclinical_information: all\n")
    with pytest.raises(CommandError) as refusal:
        run("create_study", path, "--by", "davi")
    told = str(refusal.value)
    assert "line 2" in told
    assert "Did you mean readers_per_exam?" in told
    assert "line 3" in told


def test_too_few_readers_are_told(davi, ana, file, taxonomy):
    path = file(f"name: Spring\ntaxonomy: '{taxonomy}'\nreaders_per_exam: 3\n")
    with pytest.raises(CommandError, match="each exam wants 3 readers, and there are 1"):
        run("create_study", path, "--by", "davi", "--reader", "ana", "--open")
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--by", "nobody"), "no user 'nobody'"),
        (("--by", "davi", "--reader", "eva"), "role that reads instead of Eva"),
        (("--by", "davi", "--dataset", "Nowhere"), "no data set 'Nowhere'"),
    ],
)
def test_what_is_not_there_is_named(davi, eva, plain, arguments, told):
    with pytest.raises(CommandError, match=told):
        run("create_study", plain, *arguments)


@pytest.fixture
def opened(davi, ana, bruno, clara, plain, make_exam):
    for _ in range(6):
        make_exam()
    run("create_study", plain, "--by", "davi", "--reader", "ana", "--reader", "bruno",
        "--reader", "clara", "--dataset", "Ward 3", "--open")  # fmt: skip
    return Study.objects.get()


def test_batches_are_planned(opened):
    told = run("plan_batch", opened.slug, "--name", "Batch 1", "--by", "davi", "--batches", "2")
    assert "Batch 2: planned" in told
    assert not Batch.objects.released().exists()


def test_batches_are_released_when_asked(opened):
    run("plan_batch", opened.slug, "--name", "B", "--by", "davi", "--due", "2099-01-31",
        "--release")  # fmt: skip
    assert str(Batch.objects.released().get().due_on) == "2099-01-31"


def test_a_dry_plan_writes_nothing(opened):
    run("plan_batch", opened.slug, "--name", "B", "--by", "davi", "--dry-run")
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere", "--name", "B", "--by", "davi"), "no study 'nowhere'"),
        (("spring", "--name", "B", "--by", "nobody"), "no user 'nobody'"),
        (("spring", "--name", "B", "--by", "davi", "--batches", "9"), "fewer than 9 batches"),
        (("spring", "--name", "B", "--by", "davi", "--due", "2001-01-01"), "due date has passed"),
    ],
)
def test_a_plan_that_cannot_be_says_why(opened, arguments, told):
    with pytest.raises(CommandError, match=told):
        run("plan_batch", *arguments)


def test_a_design_is_shown_before_it_is_made(opened):
    told = run("show_design", opened.slug)
    assert "6 exams, 12 readings" in told
    assert "kappa of 0.2" in told


def test_the_design_of_a_batch_is_shown_to_programs(opened):
    run("plan_batch", opened.slug, "--name", "B", "--by", "davi")
    told = json.loads(run("show_design", opened.slug, "--batch", "B", "--json"))
    assert told["batch"]["exams_by_reader"] == {"ana": 4, "bruno": 4, "clara": 4}


def test_a_batch_that_is_not_there_is_named(opened):
    with pytest.raises(CommandError, match="no batch 'C'"):
        run("show_design", opened.slug, "--batch", "C")
