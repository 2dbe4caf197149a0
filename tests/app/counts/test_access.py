"""Readers see no counts; others see them when they are allowed to see the agreement results."""

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
from annotations.services.agreement import refresh, results
from annotations.services.assignment import batches
from annotations.services.counts import runs
from tests.app.counts.pattern_counting import drain, of_batch
from tests.app.kept import kept

pytestmark = pytest.mark.django_db

AF = "atrial_fibrillation"
TABLES = {
    model._meta.db_table: model
    for model in (AgreementReport, AgreementRun, PatternCount, ReaderSetCount)
}
EXAM_TABLES = {model._meta.db_table: model for model in (ExamPattern, UncountedExam)}
STATEMENTS = {
    "look": "select * from {}",
    "add": "insert into {} default values",
    "change": "update {} set id = 1",
    "delete": "delete from {}",
    "lock": "select * from {} for update",
}


@kept
def batch(make_batch, make_exam, submit, now):
    """An open batch that Ana and Bruno have read, with its agreement report."""
    opened = make_batch([make_exam()])
    for assignment in opened.assignments.all():
        submit(assignment, AF)
    while refresh.work_next(now=now):
        pass
    submit(make_batch([make_exam()]).assignments.first(), AF)
    return opened


def is_refused(person, statement):
    """Return True if the database refuses ``statement`` to ``person``; fail the test otherwise."""
    with (
        pytest.raises(DatabaseError, match=r"permission denied|row-level security"),
        transaction.atomic(),
        row_security.acting_as(person and person.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return True


@pytest.mark.parametrize("name", ["ana", "eva", None])
def test_readers_have_no_rights_to_counts_and_reports(batch, request, name):
    person = request.getfixturevalue(name) if name else None
    for table, act in product([*TABLES, *EXAM_TABLES], STATEMENTS):
        assert is_refused(person, STATEMENTS[act].format(table)), (table, act)


def test_managers_have_no_rights_to_counts_of_single_exams(batch, davi, close):
    close(batch)
    for table, act in product(EXAM_TABLES, STATEMENTS):
        assert is_refused(davi, STATEMENTS[act].format(table)), (table, act)


def test_managers_cannot_change_counts_and_reports(batch, davi, close):
    close(batch)
    for table, act in product(
        TABLES.keys() - {"annotations_agreementrun"}, STATEMENTS.keys() - {"look"}
    ):
        assert is_refused(davi, STATEMENTS[act].format(table)), (table, act)


def visible_scopes(person):
    """Return, for each table, the scopes whose rows the database shows to ``person``."""
    with row_security.acting_as(person.pk):
        return {
            table: {(row.study_id, row.batch_id) for row in model.objects.all()}
            for table, model in TABLES.items()
        }


def test_managers_see_nothing_of_an_open_batch(batch, davi):
    assert set().union(*visible_scopes(davi).values()) == set()


def test_managers_see_a_closed_batch_before_the_study(batch, davi, close):
    close(batch)
    for table, scopes in visible_scopes(davi).items():
        assert scopes == {(batch.study_id, batch.pk)}, table


def test_managers_see_the_study_once_all_batches_are_closed(batch, study, davi, close):
    for open_batch in study.batches.all():
        close(open_batch)
    for table, scopes in visible_scopes(davi).items():
        assert scopes >= {(study.pk, batch.pk), (study.pk, None)}, table


def test_a_manager_on_the_roster_sees_nothing(batch, study, davi, close, now):
    StudyReader.objects.create(study=study, user=davi, status_since=now, added_at=now)
    for open_batch in study.batches.all():
        close(open_batch)
    assert set().union(*visible_scopes(davi).values()) == set()


def test_database_and_application_show_the_same_reports(
    make_study, make_exam, submit, ana, bruno, davi, now, monkeypatch
):
    # Only who sees a report matters here, not what is in it.
    monkeypatch.setattr(results, "coefficients", lambda *_: {"classes": []})
    monkeypatch.setattr(results, "details", lambda *_, **__: [])
    for number, (policy, closing) in enumerate(
        product(ResultsOpen.values, ["none", "first", "all", "adjudication"])
    ):
        study = make_study(name=f"Study {number}", results_open=policy)
        for name in ("first", "second"):
            opened = batches.create(
                study=study, name=name, exams=[make_exam()], readers=[ana, bruno],
                created_by=davi, now=now,
                purpose=Purpose.ADJUDICATION if (closing, name) == ("adjudication", "second")
                else Purpose.DATA,
            )  # fmt: skip
            submit(opened.assignments.first(), AF)
            if closing == "all" or (closing != "none" and name == "first"):
                batches.close(batch_id=opened.pk, closed_by=davi, now=now)
    while refresh.work_next(now=now):
        pass
    by_rule = set(AgreementReport.objects.visible_to(davi).values_list("pk", flat=True))
    with row_security.acting_as(davi.pk):
        by_database = set(AgreementReport.objects.values_list("pk", flat=True))
    assert by_rule == by_database
    study_reports = AgreementReport.objects.filter(pk__in=by_rule, batch=None)
    assert 0 < study_reports.count() < AgreementReport.objects.filter(batch=None).count()
    assert {run.report_id for run in AgreementRun.objects.visible_to(davi)} == by_rule


@pytest.mark.parametrize("name", ["ana", "eva"])
def test_people_without_the_permission_see_nothing(batch, close, request, name):
    close(batch)
    person = request.getfixturevalue(name)
    assert not AgreementReport.objects.visible_to(person).exists()
    assert not AgreementRun.objects.visible_to(person).exists()


def test_results_from_another_study_of_the_same_exams_are_hidden(
    batch, study, make_study, davi, close, now
):
    for open_batch in study.batches.all():
        close(open_batch)
    assert AgreementReport.objects.visible_to(davi).filter(batch=None).exists()
    other = make_study(name="Evening list")
    StudyReader.objects.create(study=other, user=davi, status_since=now, added_at=now)
    other_batch = batches.make(study=other, name="B", rows=[], created_by=davi, now=now)
    exam = batch.assignments.first().exam
    other_batch.assignments.create(exam=exam, reader=davi, position=1, order_key="k")
    assert not AgreementReport.objects.visible_to(davi).exists()


def test_people_who_see_results_can_request_and_cancel_runs(batch, davi, close, now):
    close(batch)
    with row_security.acting_as(davi.pk):
        run = runs.request(scope=of_batch(batch), requested_by=davi, now=now)
        again = runs.request(scope=of_batch(batch), requested_by=davi, now=now)
        stopped = runs.cancel(run_id=run.pk, actor=davi, now=now)
    assert (run, stopped.cancelled_by) == (again, davi)


def test_people_who_cannot_see_results_cannot_request_runs(batch, davi, now):
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        row_security.acting_as(davi.pk),
    ):
        AgreementRun.objects.create(
            study_id=batch.study_id, batch=batch, requested_by=davi, requested_at=now
        )


def test_nobody_requests_a_run_in_the_name_of_another(batch, davi, rosa, close, now):
    close(batch)
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        row_security.acting_as(davi.pk),
    ):
        AgreementRun.objects.create(
            study_id=batch.study_id, batch=batch, requested_by=rosa, requested_at=now
        )


def test_a_submission_queues_the_exam_for_counting(make_batch, submit, ana, now):
    assignment = make_batch(readers=[ana]).assignments.get()
    with row_security.acting_as(ana.pk):
        submit(assignment, AF)
    assert UncountedExam.objects.get().exam_id == assignment.exam_id
    drain(now)
