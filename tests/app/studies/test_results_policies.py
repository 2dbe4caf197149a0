"""When the results of a study open, and who is noted to have been shown them."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from annotations.models import (
    AgreementReport,
    AuditEvent,
    Batch,
    Consensus,
    Reading,
    ResultsSeen,
    Role,
)
from annotations.services.agreement import refresh
from annotations.services.blinding import results_seen
from annotations.services.consensus import labels
from annotations.services.export import jobs
from annotations.services.studies import lifecycle, roster

POLICIES = ("live", "batch_closed", "study_locked")


@pytest.fixture
def study(make_study, request):
    """A study whose results open as the test says."""
    policy = getattr(request, "param", "batch_closed")
    return make_study(results_open=policy)


@pytest.fixture
def read(study, make_batch, submit, now):
    """An open batch of one exam that Ana and Bruno have read."""
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "artifact")
    compute(now)
    return batch


@pytest.fixture
def step(study, read, close, davi, now):
    """Take the batch, or the study, to its end."""

    def take(stage):
        if stage in {"closed", "locked"}:
            close(read)
        if stage == "locked":
            lifecycle.lock(study_id=study.pk, actor=davi, now=now)
        compute(now)

    return take


def compute(now):
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass


def client_of(user):
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def opens(expected):
    """Parametrize a test by policy, stage and whether the results are open by then."""
    cells = [
        pytest.param(policy, stage, is_open, id=f"{policy}-{stage}")
        for policy, row in zip(POLICIES, expected, strict=True)
        for stage, is_open in zip(("open", "closed", "locked"), row, strict=True)
    ]
    return pytest.mark.parametrize(("study", "stage", "is_open"), cells, indirect=["study"])


AGREEMENT = opens([(True, True, True), (False, True, True), (False, False, True)])
READINGS = opens([(False, True, True), (False, True, True), (False, False, True)])


@AGREEMENT
def test_agreement_opens_as_the_policy_says(step, read, rosa, stage, is_open):
    step(stage)
    assert AgreementReport.objects.visible_to(rosa).exists() == is_open
    found = client_of(rosa).get(f"/api/batches/{read.pk}/agreement/").json()
    assert (found["results"] is not None) == is_open
    page = client_of(rosa).get(reverse("batch-agreement", args=[read.pk]))
    assert (page.context["report"] is not None) == is_open


@READINGS
def test_readings_open_as_the_policy_says(step, rosa, otto, stage, is_open):
    step(stage)
    assert (Reading.objects.visible_to(otto).count() == 2) == is_open
    assert bool(client_of(otto).get("/api/readings/").json()["results"]) == is_open


@READINGS
def test_consensus_opens_as_the_policy_says(step, study, rosa, stage, is_open):
    step(stage)
    assert Consensus.objects.visible_to(rosa).exists() == is_open
    address = f"/api/studies/{study.slug}/consensus/"
    assert bool(client_of(rosa).get(address).json()["results"]) == is_open
    page = client_of(rosa).get(reverse("study-consensus", args=[study.slug]))
    assert bool(page.context["n_all"]) == is_open


def tables(answer):
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    return {
        name.rsplit("/", 1)[1]: list(csv.DictReader(io.StringIO(text)))
        for name, text in texts.items()
        if name.endswith(".csv")
    }


@READINGS
def test_the_export_opens_as_the_policy_says(step, study, rosa, stage, is_open, now):
    step(stage)
    address = f"/api/studies/{study.slug}/export/"
    client_of(rosa).get(address)
    jobs.make_next(now=now)
    found = tables(client_of(rosa).get(address))
    filled = {name for name, rows in found.items() if rows} - {"taxonomy.csv"}
    everything = {"consensus.csv", "readings.csv", "readings_long.csv", "agreement.csv"}
    assert filled == (everything if is_open else set())


@pytest.mark.parametrize("study", ["study_locked"], indirect=True)
def test_one_batch_whose_results_are_kept_back_keeps_the_whole_consensus_back(
    step, study, read, make_batch, close, rosa, now
):
    step("closed")
    Batch.objects.filter(pk=read.pk).update(results_open="batch_closed")
    assert Consensus.objects.visible_to(rosa).exists()
    close(make_batch())
    compute(now)
    assert not Consensus.objects.visible_to(rosa).exists()


@pytest.mark.parametrize("study", ["study_locked"], indirect=True)
def test_disputes_are_settled_before_the_results_open(
    make_batch, submit, close, clara, davi, rosa, now
):
    batch = make_batch()
    for assignment, code in zip(batch.assignments.all(), ("artifact", "stemi"), strict=True):
        submit(assignment, code)
    close(batch)
    address = f"/api/batches/{batch.pk}/adjudication/"
    assert client_of(davi).post(address, {"readers": ["clara"]}).status_code == 201
    assert not Consensus.objects.visible_to(rosa).exists()


# -- Who was shown what -------------------------------------------------------------------------


def archived(name, batch):
    """Return where the archive of the study is, once it is made."""
    found = jobs.request(study=batch.study, actor=batch.created_by, now=batch.created_at)
    jobs.make_next(now=batch.created_at)
    return reverse(name, args=[batch.study.slug, found.key])


DOORS = {
    "agreement page": lambda batch: reverse("batch-agreement", args=[batch.pk]),
    "agreement": lambda batch: reverse("api-batch-agreement", args=[batch.pk]),
    "batch page": lambda batch: reverse("batch", args=[batch.pk]),
    "study page": lambda batch: reverse("study", args=[batch.study.slug]),
    "consensus page": lambda batch: reverse("study-consensus", args=[batch.study.slug]),
    "consensus": lambda batch: reverse("api-study-consensus", args=[batch.study.slug]),
    "file of an archive": lambda batch: archived("study-export-file", batch),
    "archive": lambda batch: archived("api-study-archive-file", batch),
    "readings": lambda batch: reverse("api-readings"),
    "reading": lambda batch: reverse(
        "api-reading", args=[Reading.objects.filter(assignment__batch=batch)[0].idempotency_key]
    ),
}


@pytest.fixture
def gil(make_user):
    """Reads elsewhere, and may look at everything here."""
    return make_user("Gil", Role.READER, Role.COORDINATOR, Role.AUDITOR)


@pytest.mark.parametrize("door", DOORS)
def test_whoever_opens_a_door_to_results_is_noted(door, step, read, gil):
    step("closed")
    assert client_of(gil).get(DOORS[door](read)).status_code == 200
    assert list(ResultsSeen.objects.values_list("user", "batch")) == [(gil.pk, read.pk)]
    assert AuditEvent.objects.filter(action="results.seen", actor=gil).count() == 1


@pytest.mark.parametrize("door", DOORS)
def test_who_was_shown_results_cannot_be_given_these_exams(door, step, read, gil, make_batch):
    step("closed")
    client_of(gil).get(DOORS[door](read))
    exam = read.assignments.first().exam
    with pytest.raises(roster.KnowsResults, match="Gil"):
        make_batch([exam], [gil])


@pytest.mark.parametrize("study", ["study_locked"], indirect=True)
@pytest.mark.parametrize("door", sorted(set(DOORS) - {"reading"}))
def test_a_door_behind_which_nothing_is_shown_yet_notes_nobody(door, step, study, read, gil):
    step("closed")
    client_of(gil).get(DOORS[door](read))
    assert not ResultsSeen.objects.exists()


def test_looking_twice_is_noted_once(step, read, gil):
    step("closed")
    for _ in range(2):
        client_of(gil).get(DOORS["agreement"](read))
    assert AuditEvent.objects.filter(action="results.seen").count() == 1


def test_looking_at_ones_own_reading_is_looking_at_no_results(read, ana):
    own = Reading.objects.get(reader=ana)
    client_of(ana).get(reverse("api-reading", args=[own.idempotency_key]))
    client_of(ana).get(reverse("api-readings"))
    assert not ResultsSeen.objects.exists()


@pytest.mark.parametrize("study", ["live"], indirect=True)
def test_who_saw_the_live_agreement_does_not_join_in(study, read, gil, make_batch):
    client_of(gil).get(DOORS["agreement"](read))
    with pytest.raises(roster.KnowsResults):
        make_batch([read.assignments.first().exam], [gil])


def test_who_was_shown_results_reads_other_exams(step, read, gil, make_batch, make_exam):
    step("closed")
    client_of(gil).get(DOORS["agreement"](read))
    assert make_batch([make_exam()], [gil]).assignments.get().reader == gil


def test_results_of_a_study_are_those_of_its_opened_batches(
    study, step, read, make_batch, make_exam, ana, gil, now
):
    step("closed")
    make_batch([make_exam()], [ana])
    results_seen.results_of_study(study=study, user=gil, now=now)
    assert [seen.batch for seen in ResultsSeen.objects.all()] == [read]
