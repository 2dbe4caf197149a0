"""Counts are closed to who reads, and open to others no sooner than the agreement they make."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import DatabaseError, connection, transaction

from annotations import row_security
from annotations.models import (
    AgreementReport,
    AgreementRun,
    ExamPattern,
    PatternCount,
    Purpose,
    ReaderSetCount,
    ResultsOpen,
    StudyReader,
    UncountedExam,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.counts import runs
from tests.app.counts.pattern_counting import drain, of_batch

pytestmark = pytest.mark.django_db

AF = "atrial_fibrillation"
TABLES = {
    model._meta.db_table: model
    for model in (AgreementReport, AgreementRun, PatternCount, ReaderSetCount)
}
OF_EXAMS = {model._meta.db_table: model for model in (ExamPattern, UncountedExam)}
ACTS = {
    "look": "select * from {}",
    "add": "insert into {} default values",
    "change": "update {} set id = 1",
    "delete": "delete from {}",
    "lock": "select * from {} for update",
}


@pytest.fixture
def batch(make_batch, make_exam, submit, now):
    """An open batch that was read by Ana and Bruno, and its agreement."""
    made = make_batch([make_exam()])
    for assignment in made.assignments.all():
        submit(assignment, AF)
    while refresh.work_next(now=now):
        pass
    submit(make_batch([make_exam()]).assignments.first(), AF)
    return made


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
def test_readers_have_no_right_to_any_of_it(batch, request, name):
    person = request.getfixturevalue(name) if name else None
    for table, act in product([*TABLES, *OF_EXAMS], ACTS):
        assert refused(person, ACTS[act].format(table)), (table, act)


def test_what_is_counted_of_single_exams_is_nobodys(batch, davi, close):
    close(batch)
    for table, act in product(OF_EXAMS, ACTS):
        assert refused(davi, ACTS[act].format(table)), (table, act)


def test_managers_change_nothing_of_it(batch, davi, close):
    close(batch)
    for table, act in product(TABLES.keys() - {"annotations_agreementrun"}, ACTS.keys() - {"look"}):
        assert refused(davi, ACTS[act].format(table)), (table, act)


def shown(person):
    """Return of which scopes the database shows ``person`` anything, by table."""
    with row_security.acting_as(person.pk):
        return {
            table: {(row.study_id, row.batch_id) for row in model.objects.all()}
            for table, model in TABLES.items()
        }


def test_nothing_of_an_open_batch_is_shown(batch, davi):
    assert set().union(*shown(davi).values()) == set()


def test_a_closed_batch_is_shown_but_not_yet_the_study(batch, davi, close):
    close(batch)
    for table, scopes in shown(davi).items():
        assert scopes == {(batch.study_id, batch.pk)}, table


def test_the_study_is_shown_when_every_batch_is(batch, study, davi, close):
    for one in study.batches.all():
        close(one)
    for table, scopes in shown(davi).items():
        assert scopes >= {(study.pk, batch.pk), (study.pk, None)}, table


def test_who_reads_in_the_study_is_shown_nothing(batch, study, davi, close, now):
    StudyReader.objects.create(study=study, user=davi, status_since=now, added_at=now)
    for one in study.batches.all():
        close(one)
    assert set().union(*shown(davi).values()) == set()


def test_the_database_shows_the_reports_that_the_rule_shows(
    make_study, make_exam, submit, ana, bruno, davi, now
):
    for number, (policy, closing) in enumerate(
        product(ResultsOpen.values, ["none", "first", "all", "adjudication"])
    ):
        study = make_study(name=f"Study {number}", results_open=policy)
        for name in ("first", "second"):
            made = batches.create(
                study=study, name=name, exams=[make_exam()], readers=[ana, bruno],
                created_by=davi, now=now,
                purpose=Purpose.ADJUDICATION if (closing, name) == ("adjudication", "second")
                else Purpose.DATA,
            )  # fmt: skip
            submit(made.assignments.first(), AF)
            if closing == "all" or (closing != "none" and name == "first"):
                batches.close(batch_id=made.pk, closed_by=davi, now=now)
    while refresh.work_next(now=now):
        pass
    by_rule = set(AgreementReport.objects.visible_to(davi).values_list("pk", flat=True))
    with row_security.acting_as(davi.pk):
        by_database = set(AgreementReport.objects.values_list("pk", flat=True))
    assert by_rule == by_database
    whole = AgreementReport.objects.filter(pk__in=by_rule, batch=None)
    assert 0 < whole.count() < AgreementReport.objects.filter(batch=None).count()
    assert {run.report_id for run in AgreementRun.objects.visible_to(davi)} == by_rule


@pytest.mark.parametrize("name", ["ana", "eva"])
def test_without_the_permission_nothing_is_visible(batch, close, request, name):
    close(batch)
    person = request.getfixturevalue(name)
    assert not AgreementReport.objects.visible_to(person).exists()
    assert not AgreementRun.objects.visible_to(person).exists()


def test_what_another_study_found_in_the_same_exams_is_not_shown(
    batch, study, make_study, davi, close, now
):
    for one in study.batches.all():
        close(one)
    assert AgreementReport.objects.visible_to(davi).filter(batch=None).exists()
    other = make_study(name="Evening list")
    StudyReader.objects.create(study=other, user=davi, status_since=now, added_at=now)
    made = batches.make(study=other, name="B", rows=[], created_by=davi, now=now)
    exam = batch.assignments.first().exam
    made.assignments.create(exam=exam, reader=davi, position=1, order_key="k")
    assert not AgreementReport.objects.visible_to(davi).exists()


def test_who_may_see_it_asks_for_it_and_stops_it(batch, davi, close, now):
    close(batch)
    with row_security.acting_as(davi.pk):
        run = runs.request(scope=of_batch(batch), requested_by=davi, now=now)
        again = runs.request(scope=of_batch(batch), requested_by=davi, now=now)
        stopped = runs.cancel(run_id=run.pk, actor=davi, now=now)
    assert (run, stopped.cancelled_by) == (again, davi)


def test_who_may_not_see_it_cannot_ask_for_it(batch, davi, now):
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        row_security.acting_as(davi.pk),
    ):
        AgreementRun.objects.create(
            study_id=batch.study_id, batch=batch, requested_by=davi, requested_at=now
        )


def test_nobody_asks_in_the_name_of_another(batch, davi, rosa, close, now):
    close(batch)
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        row_security.acting_as(davi.pk),
    ):
        AgreementRun.objects.create(
            study_id=batch.study_id, batch=batch, requested_by=rosa, requested_at=now
        )


def test_a_reader_who_submits_puts_the_exam_into_the_queue(make_batch, submit, ana, now):
    given = make_batch(readers=[ana]).assignments.get()
    with row_security.acting_as(ana.pk):
        submit(given, AF)
    assert UncountedExam.objects.get().exam_id == given.exam_id
    drain(now)
