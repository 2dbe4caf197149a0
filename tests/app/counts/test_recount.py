"""The full recount finds and repairs errors of the live counts."""

from __future__ import annotations

import logging
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from annotations import tasks
from annotations.models import (
    AgreementRun,
    AuditEvent,
    ExamPattern,
    Patient,
    PatternCount,
    ReaderSetCount,
    Scope,
    UncountedExam,
)
from annotations.services.agreement import refresh
from annotations.services.counts import arrays, recount
from tests.app.counts.pattern_counting import differences, drain, of_batch
from tests.app.kept import kept

AF, NOISE = "atrial_fibrillation", "artifact"


@kept
def batch(make_batch, make_exam, submit, now):
    """A batch of three exams, read and counted."""
    read_batch = make_batch([make_exam() for _ in range(3)])
    for assignment in read_batch.assignments.order_by("pk"):
        submit(assignment, *((AF,) if assignment.pk % 3 else (AF, NOISE)))
    drain(now)
    return read_batch


def lose_a_marker():
    ExamPattern.objects.earliest("pk").delete()


def add_a_state():
    ExamPattern.objects.update(states={NOISE: "20"})


def count_a_pattern_twice():
    PatternCount.objects.update(n_exams=F("n_exams") + 1)


def lose_the_patterns():
    PatternCount.objects.all().delete()


def lose_the_sets():
    ReaderSetCount.objects.all().delete()


def add_an_unreadable_reading():
    ExamPattern.objects.update(n_unreadable=1)


def replace_the_readers():
    ReaderSetCount.objects.update(readers=[1])


CORRUPTIONS = (
    lose_a_marker, add_a_state, count_a_pattern_twice, lose_the_patterns, lose_the_sets,
    add_an_unreadable_reading, replace_the_readers,
)  # fmt: skip


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_a_recount_finds_and_repairs_every_corruption(batch, study, now, corrupt):
    assert differences(study, now) == []
    corrupt()
    assert differences(study, now)
    for scope in recount.scopes(study):
        recount.recount(scope, repairs=True, now=now)
    assert differences(study, now) == []


def test_a_check_writes_nothing(batch, study, now):
    lose_the_sets()
    recount.recount(of_batch(batch), repairs=False, now=now)
    assert not ReaderSetCount.objects.exists()


def test_a_queued_exam_is_not_a_difference(batch, study, submit, make_batch, ana, now):
    submit(make_batch(readers=[ana]).assignments.get(), AF)
    report = recount.recount(Scope(study.pk), repairs=True, now=now)
    assert (report.is_correct, report.n_exams, report.n_waiting) == (True, 4, 1)
    assert UncountedExam.objects.count() == 1


def test_a_reading_submitted_during_a_recount_is_not_a_difference(
    batch, study, submit, make_batch, ana, now, monkeypatch
):
    assignment = make_batch(readers=[ana]).assignments.get()
    real = arrays.patterns

    def patterns(*args):
        monkeypatch.undo()
        submit(assignment, AF)
        return real(*args)

    monkeypatch.setattr(arrays, "patterns", patterns)
    report = recount.recount(Scope(study.pk), repairs=False, now=now)
    assert (report.is_correct, report.n_waiting) == (True, 1)


def test_a_recount_finds_a_reading_missing_from_the_queue(
    batch, study, submit, make_batch, ana, now
):
    submit(make_batch(readers=[ana]).assignments.get(), AF)
    UncountedExam.objects.all().delete()
    assert [report.n_wrong_exams for report in differences(study, now)] == [1, 1]


def test_a_recount_works_in_chunks(batch, study, now, monkeypatch):
    monkeypatch.setattr(recount, "EXAMS_AT_ONCE", 2)
    add_a_state()
    assert sum(report.n_wrong_exams for report in differences(study, now)) == 6


def test_the_nightly_task_repairs_logs_and_requests_new_reports(
    batch, study, now, caplog, monkeypatch, django_capture_on_commit_callbacks
):
    while refresh.work_next(now=now):
        pass
    add_a_state()
    monkeypatch.setattr(tasks, "TIME_SLICE_S", 0.0)
    enqueued = []
    monkeypatch.setattr(
        tasks.recount_agreement, "apply_async", lambda arguments, **_: enqueued.append(arguments)
    )
    tasks.recount_agreement()  # a time slice of zero length enqueues the next one
    monkeypatch.setattr(tasks, "TIME_SLICE_S", 60.0)
    with caplog.at_level(logging.ERROR):
        tasks.recount_agreement(study.pk, None, None)
    assert differences(study, now) == []
    assert f"agreement of batch {batch.pk}: wrong counts were repaired" in caplog.text
    runs = AgreementRun.objects.unfinished()
    assert {(run.batch_id, run.n_repaired > 0) for run in runs} == {(batch.pk, True), (None, True)}


def test_a_nightly_recount_without_differences_logs_nothing(batch, study, now, caplog):
    while refresh.work_next(now=now):
        pass
    with caplog.at_level(logging.INFO):
        tasks.recount_agreement()
    assert "agreement" not in caplog.text
    assert not AgreementRun.objects.unfinished().exists()


def test_changed_patients_request_a_new_report(batch, study, dataset, now):
    while refresh.work_next(now=now):
        pass
    patient = Patient.objects.create(dataset=dataset, pseudonym="p1")
    with connection.cursor() as cursor:
        cursor.execute("update annotations_exam set patient_id = %s", [patient.pk])
    recount.recount(of_batch(batch), repairs=True, now=now)
    assert AgreementRun.objects.unfinished().get().batch == batch


def run_command(*arguments):
    out = StringIO()
    call_command("recount_agreement", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_reports_matching_counts(batch, study):
    output = run_command(study.slug)
    assert output.splitlines() == [
        "the whole study: 3 exams are correct",
        f"{batch.name}: 3 exams are correct",
    ]


@pytest.mark.parametrize(("option", "is_repaired"), [("--check", False), ("--repair", True)])
def test_the_command_exits_with_1_on_a_difference(batch, study, now, option, is_repaired):
    add_a_state()
    with pytest.raises(SystemExit) as end:
        run_command(study.slug, option)
    assert end.value.code == 1
    assert (differences(study, now) == []) is is_repaired


def test_the_command_lists_existing_studies_for_an_unknown_name(study):
    with pytest.raises(CommandError, match=study.slug):
        run_command("nowhere")


@pytest.mark.django_db
def test_a_recount_without_studies_does_nothing():
    tasks.recount_agreement()
    assert not ExamPattern.objects.exists()
    assert not AuditEvent.objects.exists()
