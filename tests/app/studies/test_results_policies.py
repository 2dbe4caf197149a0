"""When the results of a study open, and who is noted to have been shown them."""

from __future__ import annotations

import csv
import io
import zipfile
from itertools import count

import pytest
from django.db import transaction
from django.urls import reverse
from rest_framework.test import APIClient

from annotations.models import (
    AgreementReport,
    AuditEvent,
    Batch,
    Consensus,
    Dataset,
    Reading,
    ResultsSeen,
    Role,
    Study,
    Taxonomy,
    User,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.blinding import results_seen
from annotations.services.consensus import labels
from annotations.services.export import jobs
from annotations.services.studies import lifecycle, roster
from annotations.services.taxonomy import versions
from tests.app import props
from tests.app.conftest import NOW

POLICIES = ("live", "batch_closed", "study_locked")


@pytest.fixture(scope="module")
def cast(story):
    """The classes, the people and a data set, for all worlds."""
    with story():
        versions.install(now=NOW)
        for name, *wanted in (
            ("Ana", Role.READER), ("Bruno", Role.READER), ("Clara", Role.ADJUDICATOR),
            ("Davi", Role.COORDINATOR), ("Rosa", Role.RESEARCHER), ("Otto", Role.AUDITOR),
        ):  # fmt: skip
            props.person(name, *wanted)
        props.dataset(now=NOW)


CLOSED = pytest.param(("batch_closed", "closed"), id="batch_closed-closed")


@pytest.fixture(scope="module", params=[CLOSED])
def world(story, cast, request):
    """A study whose results open as the policy says, with one exam that Ana and Bruno have read.

    Taken as far as the stage says, and made once for all tests of the same policy and stage.
    Returns the keys of the study and of the batch.
    """
    policy, stage = request.param
    with story():
        before = transaction.savepoint()
        davi, ana, bruno = (User.objects.get(username=name) for name in ("davi", "ana", "bruno"))
        study = props.study(Taxonomy.objects.get(), davi, now=NOW, results_open=policy)
        exam = props.exam(Dataset.objects.get(), 1, now=NOW)
        read = props.batch(study, "Read", [exam], [ana, bruno], by=davi, now=NOW)
        for assignment in read.assignments.all():
            props.submit(assignment, "artifact", now=NOW)
        compute(NOW)
        if stage in {"closed", "locked"}:
            batches.close(batch_id=read.pk, closed_by=davi, now=NOW)
        if stage == "locked":
            lifecycle.lock(study_id=study.pk, actor=davi, now=NOW)
        compute(NOW)
    yield study.pk, read.pk
    with story():
        transaction.savepoint_rollback(before)


def in_world(policy, stage):
    """Let a test find the world in which a policy has come to a stage."""
    return pytest.mark.parametrize(
        "world", [(policy, stage)], indirect=True, ids=[f"{policy}-{stage}"]
    )


def somebody(username):
    """Return a fixture: somebody of the cast, as no other test has met them."""

    @pytest.fixture(name=username)
    def found(db, cast):
        return User.objects.get(username=username)

    return found


ana, bruno, clara, davi, rosa, otto = map(
    somebody, ("ana", "bruno", "clara", "davi", "rosa", "otto")
)


@pytest.fixture
def study(db, world):
    return Study.objects.get(pk=world[0])


@pytest.fixture
def read(db, world):
    return Batch.objects.get(pk=world[1])


@pytest.fixture
def make_exam(db, cast):
    numbers = count(2)
    return lambda: props.exam(Dataset.objects.get(), next(numbers), now=NOW)


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
        pytest.param((policy, stage), is_open, id=f"{policy}-{stage}")
        for policy, row in zip(POLICIES, expected, strict=True)
        for stage, is_open in zip(("open", "closed", "locked"), row, strict=True)
    ]
    # In the scope of the world, so that all tests of one world follow each other.
    return pytest.mark.parametrize(("world", "is_open"), cells, indirect=["world"], scope="module")


AGREEMENT = opens([(True, True, True), (False, True, True), (False, False, True)])
READINGS = opens([(False, True, True), (False, True, True), (False, False, True)])


@AGREEMENT
def test_agreement_opens_as_the_policy_says(read, rosa, is_open):
    assert AgreementReport.objects.visible_to(rosa).exists() == is_open
    found = client_of(rosa).get(f"/api/batches/{read.pk}/agreement/").json()
    assert (found["results"] is not None) == is_open
    page = client_of(rosa).get(reverse("batch-agreement", args=[read.pk]))
    assert (page.context["report"] is not None) == is_open


@READINGS
def test_readings_open_as_the_policy_says(world, otto, is_open):
    assert (Reading.objects.visible_to(otto).count() == 2) == is_open
    assert bool(client_of(otto).get("/api/readings/").json()["results"]) == is_open


@READINGS
def test_consensus_opens_as_the_policy_says(study, rosa, is_open):
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
def test_the_export_opens_as_the_policy_says(study, rosa, is_open, now):
    address = f"/api/studies/{study.slug}/export/"
    client_of(rosa).get(address)
    jobs.make_next(now=now)
    found = tables(client_of(rosa).get(address))
    filled = {name for name, rows in found.items() if rows} - {"taxonomy.csv"}
    everything = {"consensus.csv", "readings.csv", "readings_long.csv", "agreement.csv"}
    assert filled == (everything if is_open else set())


@in_world("study_locked", "closed")
def test_one_batch_whose_results_are_kept_back_keeps_the_whole_consensus_back(
    read, make_batch, close, rosa, now
):
    Batch.objects.filter(pk=read.pk).update(results_open="batch_closed")
    assert Consensus.objects.visible_to(rosa).exists()
    close(make_batch())
    compute(now)
    assert not Consensus.objects.visible_to(rosa).exists()


@in_world("study_locked", "open")
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
def test_opening_a_page_of_results_is_recorded(door, read, gil):
    assert client_of(gil).get(DOORS[door](read)).status_code == 200
    assert list(ResultsSeen.objects.values_list("user", "batch")) == [(gil.pk, read.pk)]
    assert AuditEvent.objects.filter(action="results.seen", actor=gil).count() == 1


@pytest.mark.parametrize("door", DOORS)
def test_who_was_shown_results_cannot_be_given_these_exams(door, read, gil, make_batch):
    client_of(gil).get(DOORS[door](read))
    exam = read.assignments.first().exam
    with pytest.raises(roster.KnowsResults, match="Gil"):
        make_batch([exam], [gil])


@in_world("study_locked", "closed")
@pytest.mark.parametrize("door", sorted(set(DOORS) - {"reading"}))
def test_a_page_that_shows_no_results_yet_records_nobody(door, read, gil):
    client_of(gil).get(DOORS[door](read))
    assert not ResultsSeen.objects.exists()


def test_looking_twice_is_noted_once(read, gil):
    for _ in range(2):
        client_of(gil).get(DOORS["agreement"](read))
    assert AuditEvent.objects.filter(action="results.seen").count() == 1


@in_world("batch_closed", "open")
def test_looking_at_ones_own_reading_is_looking_at_no_results(read, ana):
    own = Reading.objects.get(reader=ana)
    client_of(ana).get(reverse("api-reading", args=[own.idempotency_key]))
    client_of(ana).get(reverse("api-readings"))
    assert not ResultsSeen.objects.exists()


@in_world("live", "open")
def test_who_saw_the_live_agreement_does_not_join_in(read, gil, make_batch):
    client_of(gil).get(DOORS["agreement"](read))
    with pytest.raises(roster.KnowsResults):
        make_batch([read.assignments.first().exam], [gil])


def test_who_was_shown_results_reads_other_exams(read, gil, make_batch, make_exam):
    client_of(gil).get(DOORS["agreement"](read))
    assert make_batch([make_exam()], [gil]).assignments.get().reader == gil


def test_results_of_a_study_are_those_of_its_opened_batches(
    study, read, make_batch, make_exam, ana, gil, now
):
    make_batch([make_exam()], [ana])
    results_seen.results_of_study(study=study, user=gil, now=now)
    assert [seen.batch for seen in ResultsSeen.objects.all()] == [read]
