"""Results policies: when results become visible, and the record of who has seen them."""

from __future__ import annotations

import csv
import io
import uuid
import zipfile
from contextlib import suppress
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
from annotations.services.releases import choices as release_choices
from annotations.services.releases import jobs as release_jobs
from annotations.services.releases.choices import Choices
from annotations.services.studies import lifecycle, roster
from annotations.services.taxonomy import versions
from tests.app import builders
from tests.app.builders import NOW

POLICIES = ("live", "batch_closed", "study_locked")


@pytest.fixture(scope="module")
def people(module_db):
    """The taxonomy, the people and a data set, once for this module."""
    with module_db():
        versions.install(now=NOW)
        for name, *roles_of_person in (
            ("Ana", Role.READER), ("Bruno", Role.READER), ("Clara", Role.ADJUDICATOR),
            ("Davi", Role.COORDINATOR), ("Rosa", Role.RESEARCHER), ("Otto", Role.AUDITOR),
        ):  # fmt: skip
            builders.person(name, *roles_of_person)
        builders.dataset(now=NOW)


CLOSED = pytest.param(("batch_closed", "closed"), id="batch_closed-closed")


@pytest.fixture(scope="module", params=[CLOSED])
def study_and_batch(module_db, people, request):
    """Primary keys of a study with the given results policy and of its batch at the given stage.

    Ana and Bruno have read its only exam. Created once for all tests of a policy and stage.
    """
    policy, stage = request.param
    with module_db():
        before = transaction.savepoint()
        davi, ana, bruno = (User.objects.get(username=name) for name in ("davi", "ana", "bruno"))
        study = builders.study(Taxonomy.objects.get(), davi, now=NOW, results_open=policy)
        exam = builders.exam(Dataset.objects.get(), 1, now=NOW)
        read = builders.batch(study, "Read", [exam], [ana, bruno], by=davi, now=NOW)
        for assignment in read.assignments.all():
            builders.submit(assignment, "artifact", now=NOW)
        compute(NOW)
        if stage in {"closed", "locked"}:
            batches.close(batch_id=read.pk, closed_by=davi, now=NOW)
        if stage == "locked":
            lifecycle.lock(study_id=study.pk, actor=davi, now=NOW)
        compute(NOW)
    yield study.pk, read.pk
    with module_db():
        transaction.savepoint_rollback(before)


def at_stage(policy, stage):
    """Parametrize a test with a study that has this policy and is at this stage."""
    return pytest.mark.parametrize(
        "study_and_batch", [(policy, stage)], indirect=True, ids=[f"{policy}-{stage}"]
    )


def person_fixture(username):
    """Return a fixture that loads this person for each test."""

    @pytest.fixture(name=username)
    def person(db, people):
        return User.objects.get(username=username)

    return person


ana, bruno, clara, davi, rosa, otto = map(
    person_fixture, ("ana", "bruno", "clara", "davi", "rosa", "otto")
)


@pytest.fixture
def study(db, study_and_batch):
    return Study.objects.get(pk=study_and_batch[0])


@pytest.fixture
def read(db, study_and_batch):
    return Batch.objects.get(pk=study_and_batch[1])


@pytest.fixture
def make_exam(db, people):
    numbers = count(2)
    return lambda: builders.exam(Dataset.objects.get(), next(numbers), now=NOW)


def compute(now):
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass


def client_of(user):
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def open_by_policy_and_stage(expected):
    """Parametrize a test by policy and stage, with the expected visibility of results.

    Args:
        expected: a row per policy with a boolean per stage; True if results are visible.
    """
    cells = [
        pytest.param((policy, stage), is_open, id=f"{policy}-{stage}")
        for policy, row in zip(POLICIES, expected, strict=True)
        for stage, is_open in zip(("open", "closed", "locked"), row, strict=True)
    ]
    # Module scope makes pytest run the tests of one study together.
    return pytest.mark.parametrize(
        ("study_and_batch", "is_open"), cells, indirect=["study_and_batch"], scope="module"
    )


AGREEMENT_IS_OPEN = open_by_policy_and_stage(
    [(True, True, True), (False, True, True), (False, False, True)]
)
READINGS_ARE_OPEN = open_by_policy_and_stage(
    [(False, True, True), (False, True, True), (False, False, True)]
)


@AGREEMENT_IS_OPEN
def test_agreement_opens_by_policy(read, rosa, is_open):
    assert AgreementReport.objects.visible_to(rosa).exists() == is_open
    answer = client_of(rosa).get(f"/api/batches/{read.pk}/agreement/").json()
    assert (answer["results"] is not None) == is_open
    page = client_of(rosa).get(reverse("batch-agreement", args=[read.pk]))
    assert (page.context["report"] is not None) == is_open


@READINGS_ARE_OPEN
def test_readings_open_by_policy(study_and_batch, otto, is_open):
    assert (Reading.objects.visible_to(otto).count() == 2) == is_open
    assert bool(client_of(otto).get("/api/readings/").json()["results"]) == is_open


@READINGS_ARE_OPEN
def test_consensus_opens_by_policy(study, rosa, is_open):
    assert Consensus.objects.visible_to(rosa).exists() == is_open
    address = f"/api/studies/{study.slug}/consensus/"
    assert bool(client_of(rosa).get(address).json()["results"]) == is_open
    page = client_of(rosa).get(reverse("study-consensus", args=[study.slug]))
    assert bool(page.context["n_all"]) == is_open


def csv_tables(answer):
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    return {
        name.rsplit("/", 1)[1]: list(csv.DictReader(io.StringIO(text)))
        for name, text in texts.items()
        if name.endswith(".csv")
    }


@READINGS_ARE_OPEN
def test_the_export_opens_by_policy(study, rosa, is_open, now):
    address = f"/api/studies/{study.slug}/export/"
    client_of(rosa).get(address)
    jobs.make_next(now=now)
    exported = csv_tables(client_of(rosa).get(address))
    filled = {name for name, rows in exported.items() if rows} - {"taxonomy.csv"}
    everything = {
        *("consensus.csv", "readings.csv", "readings_long.csv"),
        *("agreement.csv", "signal_agreement.csv"),
    }
    assert filled == (everything if is_open else set())


@at_stage("study_locked", "closed")
def test_one_batch_with_hidden_results_hides_the_whole_consensus(
    read, make_batch, close, rosa, now
):
    Batch.objects.filter(pk=read.pk).update(results_open="batch_closed")
    assert Consensus.objects.visible_to(rosa).exists()
    close(make_batch())
    compute(now)
    assert not Consensus.objects.visible_to(rosa).exists()


@at_stage("study_locked", "open")
def test_adjudication_is_possible_while_results_are_hidden(
    make_batch, submit, close, clara, davi, rosa, now
):
    batch = make_batch()
    for assignment, code in zip(batch.assignments.all(), ("artifact", "stemi"), strict=True):
        submit(assignment, code)
    close(batch)
    address = f"/api/batches/{batch.pk}/adjudication/"
    assert client_of(davi).post(address, {"readers": ["clara"]}).status_code == 201
    assert not Consensus.objects.visible_to(rosa).exists()


# -- Record of results seen ------------------------------------------------------------------------


def archive_url(name, batch):
    """Create an archive of the study and return its URL."""
    archive = jobs.request(study=batch.study, actor=batch.created_by, now=batch.created_at)
    jobs.make_next(now=batch.created_at)
    return reverse(name, args=[batch.study.slug, archive.key])


def release_url(name, batch):
    """Create a data release of the study, if its results are open, and return its URL."""
    choices = Choices(licence="CC0-1.0", n_folds=0)
    key = uuid.uuid4()
    with suppress(release_choices.ResultsHidden):
        release = release_jobs.request(
            study=batch.study, choices=choices, actor=batch.created_by, now=batch.created_at
        )
        release_jobs.make(release, now=batch.created_at)
        key = release.key
    return reverse(name, args=[batch.study.slug, key])


ENDPOINTS = {
    "file of a release": lambda batch: release_url("study-release-file", batch),
    "release": lambda batch: release_url("api-study-release-file", batch),
    "agreement page": lambda batch: reverse("batch-agreement", args=[batch.pk]),
    "agreement": lambda batch: reverse("api-batch-agreement", args=[batch.pk]),
    "batch page": lambda batch: reverse("batch", args=[batch.pk]),
    "study page": lambda batch: reverse("study", args=[batch.study.slug]),
    "consensus page": lambda batch: reverse("study-consensus", args=[batch.study.slug]),
    "consensus": lambda batch: reverse("api-study-consensus", args=[batch.study.slug]),
    "explorer": lambda batch: reverse("study-explorer", args=[batch.study.slug]),
    "explorer file": lambda batch: reverse("study-explorer-file", args=[batch.study.slug]),
    "compared rules": lambda batch: reverse("api-study-consensus-rules", args=[batch.study.slug]),
    "file of an archive": lambda batch: archive_url("study-export-file", batch),
    "archive": lambda batch: archive_url("api-study-archive-file", batch),
    "readings": lambda batch: reverse("api-readings"),
    "reading": lambda batch: reverse(
        "api-reading", args=[Reading.objects.filter(assignment__batch=batch)[0].idempotency_key]
    ),
}


@pytest.fixture
def gil(make_user):
    """A reader, coordinator and auditor who does not read in this study."""
    return make_user("Gil", Role.READER, Role.COORDINATOR, Role.AUDITOR)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_viewing_results_is_recorded(endpoint, read, gil):
    assert client_of(gil).get(ENDPOINTS[endpoint](read)).status_code == 200
    assert list(ResultsSeen.objects.values_list("user", "batch")) == [(gil.pk, read.pk)]
    assert AuditEvent.objects.filter(action="results.seen", actor=gil).count() == 1


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_people_who_saw_results_cannot_read_these_exams(endpoint, read, gil, make_batch):
    client_of(gil).get(ENDPOINTS[endpoint](read))
    exam = read.assignments.first().exam
    with pytest.raises(roster.KnowsResults, match="Gil"):
        make_batch([exam], [gil])


@at_stage("study_locked", "closed")
@pytest.mark.parametrize("endpoint", sorted(set(ENDPOINTS) - {"reading"}))
def test_viewing_hidden_results_is_not_recorded(endpoint, read, gil):
    client_of(gil).get(ENDPOINTS[endpoint](read))
    assert not ResultsSeen.objects.exists()


def test_viewing_twice_is_recorded_once(read, gil):
    for _ in range(2):
        client_of(gil).get(ENDPOINTS["agreement"](read))
    assert AuditEvent.objects.filter(action="results.seen").count() == 1


@at_stage("batch_closed", "open")
def test_viewing_own_readings_is_not_recorded(read, ana):
    own = Reading.objects.get(reader=ana)
    client_of(ana).get(reverse("api-reading", args=[own.idempotency_key]))
    client_of(ana).get(reverse("api-readings"))
    assert not ResultsSeen.objects.exists()


@at_stage("live", "open")
def test_people_who_saw_live_agreement_cannot_read_these_exams(read, gil, make_batch):
    client_of(gil).get(ENDPOINTS["agreement"](read))
    with pytest.raises(roster.KnowsResults):
        make_batch([read.assignments.first().exam], [gil])


def test_people_who_saw_results_can_read_other_exams(read, gil, make_batch, make_exam):
    client_of(gil).get(ENDPOINTS["agreement"](read))
    assert make_batch([make_exam()], [gil]).assignments.get().reader == gil


def test_results_of_a_study_are_recorded_for_its_open_batches(
    study, read, make_batch, make_exam, ana, gil, now
):
    make_batch([make_exam()], [ana])
    results_seen.results_of_study(study=study, user=gil, now=now)
    assert [row.batch for row in ResultsSeen.objects.all()] == [read]
