"""Details of a report version: access, when they are stored, and the cost of opening them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from annotations import row_security
from annotations.models import (
    AgreementDetail,
    AgreementReport,
    Batch,
    Consensus,
    DetailKind,
    Exam,
    Patient,
    ResultsOpen,
    Role,
    Scope,
    StudyReader,
)
from annotations.services.agreement import details, inputs, refresh
from annotations.services.agreement.inputs import OpenReadings
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.people import roles
from annotations.services.studies import lifecycle
from ecgreview.agreement.accuracy import performance, reader_profiles
from ecgreview.agreement.accuracy.reader_profiles import Against
from tests.app.agreement_pages.pages import AF, address
from tests.app.builders import NOW

pytestmark = pytest.mark.django_db

STATEMENTS = {
    "select": "select * from annotations_agreementdetail",
    "insert": "insert into annotations_agreementdetail default values",
    "update": "update annotations_agreementdetail set id = 1",
    "delete": "delete from annotations_agreementdetail",
}


def run_pending_work(now):
    """Compute all agreement and consensus that is due."""
    while refresh.work_next(now=now) or labels.refresh_next(now=now):
        pass


@pytest.fixture(scope="module")
def settled_batch(module_db, closed_batch):
    """The closed batch, after everything that depends on its consensus is computed."""
    with module_db():
        run_pending_work(NOW + timedelta(hours=1))
        return closed_batch


@pytest.fixture
def settled(db, settled_batch):
    return Batch.objects.get(pk=settled_batch)


@pytest.fixture
def read_while_open(make_study, make_exam, sign, ana, bruno, davi, now):
    """Create an open batch that two readers have finished, with its agreement."""

    def make(policy):
        study = make_study(name=f"Opens {policy}", results_open=policy)
        batch = batches.create(
            study=study, name="Read", exams=[make_exam()], readers=[ana, bruno], created_by=davi,
            now=now,
        )  # fmt: skip
        for assignment in batch.assignments.select_related("reader"):
            sign(assignment, AF)
        run_pending_work(now + timedelta(hours=1))
        return batch

    return make


def newest(batch):
    return AgreementReport.objects.filter(batch=batch).latest("number")


def kinds(batch):
    return set(newest(batch).details.values_list("kind", flat=True))


# -- Blinding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ResultsOpen.values)
def test_only_facts_are_stored_before_readings_are_open(read_while_open, policy):
    assert kinds(read_while_open(policy)) == {DetailKind.FACTS}


def test_locking_the_study_stores_the_remaining_details(read_while_open, close, davi, now):
    batch = read_while_open(ResultsOpen.STUDY_LOCKED)
    close(batch)
    run_pending_work(now + timedelta(hours=2))
    assert kinds(batch) == {DetailKind.FACTS}
    lifecycle.lock(study_id=batch.study_id, actor=davi, now=now + timedelta(hours=3))
    run_pending_work(now + timedelta(hours=4))
    assert kinds(batch) == set(DetailKind)
    study_report = AgreementReport.objects.filter(study=batch.study_id, batch=None).latest("number")
    assert set(study_report.details.values_list("kind", flat=True)) == set(DetailKind)


def test_without_permission_for_closed_readings_only_facts_are_visible(settled, davi, monkeypatch):
    original = type(davi).has_perm
    monkeypatch.setattr(
        type(davi),
        "has_perm",
        lambda self, name, obj=None: (
            name != "annotations.view_closed_readings" and original(self, name, obj)
        ),
    )
    visible = AgreementDetail.objects.visible_to(davi).filter(report=newest(settled))
    assert set(visible.values_list("kind", flat=True)) == {DetailKind.FACTS}


def test_a_coordinator_who_reads_in_the_study_sees_no_detail(settled, davi, now):
    assert AgreementDetail.objects.visible_to(davi).exists()
    StudyReader.objects.create(study=settled.study, user=davi, status_since=now, added_at=now)
    roles.give(davi, [Role.READER, Role.COORDINATOR])
    assert not AgreementDetail.objects.visible_to(davi).exists()


def test_a_reader_sees_no_detail(settled, ana):
    assert not AgreementDetail.objects.visible_to(ana).exists()


def test_profiles_against_a_hidden_consensus_are_left_out(settled, ana, davi, monkeypatch):
    report = newest(settled)
    profile = details.reader_of(report, davi, ana.pk)
    assert profile
    assert set(profile.profiles) == set(Against)
    monkeypatch.setattr(
        type(Consensus.objects.all()), "visible_to", lambda self, _user: self.none()
    )
    profile = details.reader_of(report, davi, ana.pk)
    assert profile
    assert set(profile.profiles) == set(Against) - {Against.CONSENSUS}
    assert profile.against(Against.CONSENSUS).against is Against.OTHERS


# -- The database -------------------------------------------------------------------------------


def is_refused(person, statement):
    """Return True if the database refuses the statement to ``person``; fail the test otherwise."""
    with (
        pytest.raises(DatabaseError, match=r"permission denied|row-level security"),
        transaction.atomic(),
        row_security.acting_as(person and person.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return True


@pytest.mark.parametrize("name", ["ana", "eva", None])
def test_the_database_refuses_readers_all_access_to_details(settled, request, name):
    person = request.getfixturevalue(name) if name else None
    for statement in STATEMENTS.values():
        assert is_refused(person, statement)


def test_the_database_refuses_managers_to_change_details(settled, davi):
    for kind in STATEMENTS.keys() - {"select"}:
        assert is_refused(davi, STATEMENTS[kind])


def test_the_database_shows_details_of_visible_versions_only(settled, davi):
    everything = set(AgreementDetail.objects.values_list("pk", flat=True))
    by_queryset = set(AgreementDetail.objects.visible_to(davi).values_list("pk", flat=True))
    with row_security.acting_as(davi.pk):
        by_database = set(AgreementDetail.objects.values_list("pk", flat=True))
        versions = set(AgreementReport.objects.values_list("pk", flat=True))
    of_versions = AgreementDetail.objects.filter(report__in=versions)
    assert by_database == by_queryset == set(of_versions.values_list("pk", flat=True))
    assert 0 < len(by_database) <= len(everything)


def test_the_database_hides_details_of_open_batches(read_while_open, davi):
    batch = read_while_open(ResultsOpen.BATCH_CLOSED)
    of_batch = AgreementDetail.objects.filter(report=newest(batch))
    assert of_batch.exists()
    with row_security.acting_as(davi.pk):
        assert not of_batch.all().exists()


# -- Cost ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["reader", "suggestions", "report"])
def test_pages_load_no_readings(settled, signed_in, davi, monkeypatch, part):
    monkeypatch.setattr(inputs, "opened", None)
    assert signed_in(davi).get(address("batch", part, settled)).status_code == 200


def test_the_number_of_statements_does_not_grow_with_readings(
    settled, make_batch, make_exam, close, sign, ana, bruno, carla, signed_in, davi, now
):
    def n_statements(batch):
        return {part: n_statements_of(batch, part) for part in ("reader", "suggestions", "report")}

    def n_statements_of(batch, part):
        client = signed_in(davi)
        client.get(address("batch", part, batch))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address("batch", part, batch)).status_code == 200
        return len(queries)

    smaller = make_batch([make_exam()], [ana, bruno, carla], "Smaller")
    larger = make_batch([make_exam() for _ in range(10)], [ana, bruno, carla], "Larger")
    for compared_batch in (smaller, larger):
        for assignment in compared_batch.assignments.select_related("reader"):
            sign(assignment, AF)
        close(compared_batch)
    run_pending_work(now + timedelta(hours=2))
    assert n_statements(larger) == n_statements(smaller)


# -- Patients -----------------------------------------------------------------------------------


def test_the_bootstrap_resamples_by_patient(settled, bruno):
    exams = list(Exam.objects.filter(assignments__batch=settled).distinct().order_by("pk"))
    patient = Patient.objects.create(dataset=exams[0].dataset, pseudonym="P1")
    Exam.objects.filter(pk__in=[exam.pk for exam in exams[:4]]).update(patient=patient)
    readings = inputs.gather(Scope(settled.study_id, settled.pk), software="").readings
    assert isinstance(readings, OpenReadings)
    references = readings.references
    of_bruno = references.matrix.readers == bruno.pk
    assert references.patients[of_bruno].tolist() == [patient.pk] * 4 + [
        -exam.pk for exam in exams[4:]
    ]
    profile = reader_profiles.profile(references, bruno.pk, readings.times[bruno.pk])
    expected = performance.performance(
        references.matrix.states[of_bruno], references.states[Against.CONSENSUS][of_bruno],
        np.random.default_rng(reader_profiles.SEED), patients=references.patients[of_bruno],
    )  # fmt: skip
    without_patients = performance.performance(
        references.matrix.states[of_bruno], references.states[Against.CONSENSUS][of_bruno],
        np.random.default_rng(reader_profiles.SEED),
    )  # fmt: skip
    assert profile.found == expected != without_patients
