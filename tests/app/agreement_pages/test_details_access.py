"""Who sees what is stored with a version, when it is made, and what opening it costs."""

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
from tests.app.conftest import NOW

pytestmark = pytest.mark.django_db

ACTS = {
    "look": "select * from annotations_agreementdetail",
    "add": "insert into annotations_agreementdetail default values",
    "change": "update annotations_agreementdetail set id = 1",
    "delete": "delete from annotations_agreementdetail",
}


def settle(now):
    """Let the workers finish all that is due."""
    while refresh.work_next(now=now) or labels.refresh_next(now=now):
        pass


@pytest.fixture(scope="module")
def settled_batch(module_db, closed_batch):
    """The closed batch, when all that follows from its consensus is computed too."""
    with module_db():
        settle(NOW + timedelta(hours=1))
        return closed_batch


@pytest.fixture
def settled(db, settled_batch):
    return Batch.objects.get(pk=settled_batch)


@pytest.fixture
def read_while_open(make_study, make_exam, sign, ana, bruno, davi, now):
    """Make a batch that two have read and that is not closed, with its agreement."""

    def make(policy):
        study = make_study(name=f"Opens {policy}", results_open=policy)
        made = batches.create(
            study=study, name="Read", exams=[make_exam()], readers=[ana, bruno], created_by=davi,
            now=now,
        )  # fmt: skip
        for assignment in made.assignments.select_related("reader"):
            sign(assignment, AF)
        settle(now + timedelta(hours=1))
        return made

    return make


def newest(batch):
    return AgreementReport.objects.filter(batch=batch).latest("number")


def kinds(batch):
    return set(newest(batch).details.values_list("kind", flat=True))


# -- Blinding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ResultsOpen.values)
def test_nothing_is_made_of_single_readings_before_they_are_open(read_while_open, policy):
    assert kinds(read_while_open(policy)) == {DetailKind.FACTS}


def test_what_waited_for_the_lock_is_made_when_it_comes(read_while_open, close, davi, now):
    batch = read_while_open(ResultsOpen.STUDY_LOCKED)
    close(batch)
    settle(now + timedelta(hours=2))
    assert kinds(batch) == {DetailKind.FACTS}
    lifecycle.lock(study_id=batch.study_id, actor=davi, now=now + timedelta(hours=3))
    settle(now + timedelta(hours=4))
    assert kinds(batch) == set(DetailKind)
    whole = AgreementReport.objects.filter(study=batch.study_id, batch=None).latest("number")
    assert set(whole.details.values_list("kind", flat=True)) == set(DetailKind)


def test_who_may_not_see_closed_readings_sees_the_facts_alone(settled, davi, monkeypatch):
    has = type(davi).has_perm
    monkeypatch.setattr(
        type(davi),
        "has_perm",
        lambda self, name, obj=None: (
            name != "annotations.view_closed_readings" and has(self, name, obj)
        ),
    )
    seen = AgreementDetail.objects.visible_to(davi).filter(report=newest(settled))
    assert set(seen.values_list("kind", flat=True)) == {DetailKind.FACTS}


def test_who_reads_in_the_study_sees_no_detail(settled, davi, now):
    assert AgreementDetail.objects.visible_to(davi).exists()
    StudyReader.objects.create(study=settled.study, user=davi, status_since=now, added_at=now)
    roles.give(davi, [Role.READER, Role.COORDINATOR])
    assert not AgreementDetail.objects.visible_to(davi).exists()


def test_a_reader_sees_no_detail(settled, ana):
    assert not AgreementDetail.objects.visible_to(ana).exists()


def test_what_rests_on_a_consensus_goes_with_it(settled, ana, davi, monkeypatch):
    report = newest(settled)
    found = details.reader_of(report, davi, ana.pk)
    assert found
    assert set(found.profiles) == set(Against)
    monkeypatch.setattr(
        type(Consensus.objects.all()), "visible_to", lambda self, _user: self.none()
    )
    found = details.reader_of(report, davi, ana.pk)
    assert found
    assert set(found.profiles) == set(Against) - {Against.CONSENSUS}
    assert found.against(Against.CONSENSUS).against is Against.OTHERS


# -- The database -------------------------------------------------------------------------------


def refused(person, statement):
    """Tell whether the database refuses ``person`` this."""
    with (
        pytest.raises(DatabaseError, match=r"permission denied|row-level security"),
        transaction.atomic(),
        row_security.acting_as(person and person.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return True


@pytest.mark.parametrize("name", ["ana", "eva", None])
def test_readers_have_no_right_to_details(settled, request, name):
    person = request.getfixturevalue(name) if name else None
    for statement in ACTS.values():
        assert refused(person, statement)


def test_managers_change_no_detail(settled, davi):
    for act in ACTS.keys() - {"look"}:
        assert refused(davi, ACTS[act])


def test_the_database_shows_the_details_of_the_versions_it_shows(settled, davi):
    everything = set(AgreementDetail.objects.values_list("pk", flat=True))
    mine = set(AgreementDetail.objects.visible_to(davi).values_list("pk", flat=True))
    with row_security.acting_as(davi.pk):
        shown = set(AgreementDetail.objects.values_list("pk", flat=True))
        versions = set(AgreementReport.objects.values_list("pk", flat=True))
    of_versions = AgreementDetail.objects.filter(report__in=versions)
    assert shown == mine == set(of_versions.values_list("pk", flat=True))
    assert 0 < len(shown) <= len(everything)


def test_the_database_shows_no_detail_of_what_is_open(read_while_open, davi):
    batch = read_while_open(ResultsOpen.BATCH_CLOSED)
    of_batch = AgreementDetail.objects.filter(report=newest(batch))
    assert of_batch.exists()
    with row_security.acting_as(davi.pk):
        assert not of_batch.all().exists()


# -- What it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["reader", "suggestions", "report"])
def test_a_page_looks_at_no_reading(settled, signed_in, davi, monkeypatch, part):
    monkeypatch.setattr(inputs, "opened", None)
    assert signed_in(davi).get(address("batch", part, settled)).status_code == 200


@pytest.mark.parametrize("part", ["reader", "suggestions", "report"])
def test_ten_times_as_many_readings_take_no_more_statements(
    settled, make_batch, make_exam, close, sign, ana, bruno, carla, signed_in, davi, now, part
):
    def n_statements(one):
        client = signed_in(davi)
        client.get(address("batch", part, one))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address("batch", part, one)).status_code == 200
        return len(asked)

    smaller = make_batch([make_exam()], [ana, bruno, carla], "Smaller")
    larger = make_batch([make_exam() for _ in range(10)], [ana, bruno, carla], "Larger")
    for made in (smaller, larger):
        for assignment in made.assignments.select_related("reader"):
            sign(assignment, AF)
        close(made)
    settle(now + timedelta(hours=2))
    assert n_statements(larger) == n_statements(smaller)


# -- Patients -----------------------------------------------------------------------------------


def test_exams_of_a_patient_are_drawn_together(settled, bruno):
    exams = list(Exam.objects.filter(assignments__batch=settled).distinct().order_by("pk"))
    one = Patient.objects.create(dataset=exams[0].dataset, pseudonym="one")
    Exam.objects.filter(pk__in=[exam.pk for exam in exams[:4]]).update(patient=one)
    readings = inputs.gather(Scope(settled.study_id, settled.pk), software="").readings
    assert isinstance(readings, OpenReadings)
    on = readings.references
    mine = on.matrix.readers == bruno.pk
    assert on.patients[mine].tolist() == [one.pk] * 4 + [-exam.pk for exam in exams[4:]]
    found = reader_profiles.profile(on, bruno.pk, readings.times[bruno.pk])
    expected = performance.performance(
        on.matrix.states[mine], on.states[Against.CONSENSUS][mine],
        np.random.default_rng(reader_profiles.SEED), patients=on.patients[mine],
    )  # fmt: skip
    alone = performance.performance(
        on.matrix.states[mine], on.states[Against.CONSENSUS][mine],
        np.random.default_rng(reader_profiles.SEED),
    )  # fmt: skip
    assert found.found == expected != alone
