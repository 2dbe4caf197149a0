"""The full recount: it finds whatever the live counts have wrong, and sets it right."""

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

AF, NOISE = "atrial_fibrillation", "artifact"


@pytest.fixture
def batch(make_batch, make_exam, submit, now):
    """A batch of three exams that was read and counted."""
    made = make_batch([make_exam() for _ in range(3)])
    for assignment in made.assignments.order_by("pk"):
        submit(assignment, *((AF,) if assignment.pk % 3 else (AF, NOISE)))
    drain(now)
    return made


def lose_a_marker():
    ExamPattern.objects.earliest("pk").delete()


def invent_a_state():
    ExamPattern.objects.update(states={NOISE: "20"})


def count_a_pattern_twice():
    PatternCount.objects.update(n_exams=F("n_exams") + 1)


def lose_the_patterns():
    PatternCount.objects.all().delete()


def lose_the_sets():
    ReaderSetCount.objects.all().delete()


def count_an_unreadable_one():
    ExamPattern.objects.update(n_unreadable=1)


def take_it_from_somebody_else():
    ReaderSetCount.objects.update(readers=[1])


WRONGS = (
    lose_a_marker, invent_a_state, count_a_pattern_twice, lose_the_patterns, lose_the_sets,
    count_an_unreadable_one, take_it_from_somebody_else,
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONGS)
def test_whatever_is_wrong_is_found_and_repaired(batch, study, now, wrong):
    assert differences(study, now) == []
    wrong()
    assert differences(study, now)
    for scope in recount.scopes(study):
        recount.recount(scope, repairs=True, now=now)
    assert differences(study, now) == []


def test_a_check_writes_nothing(batch, study, now):
    lose_the_sets()
    recount.recount(of_batch(batch), repairs=False, now=now)
    assert not ReaderSetCount.objects.exists()


def test_what_waits_to_be_counted_is_no_difference(batch, study, submit, make_batch, ana, now):
    submit(make_batch(readers=[ana]).assignments.get(), AF)
    found = recount.recount(Scope(study.pk), repairs=True, now=now)
    assert (found.holds, found.n_exams, found.n_waiting) == (True, 4, 1)
    assert UncountedExam.objects.count() == 1


def test_what_comes_in_while_it_looks_is_no_difference(
    batch, study, submit, make_batch, ana, now, monkeypatch
):
    given = make_batch(readers=[ana]).assignments.get()
    real = arrays.patterns

    def patterns(*args):
        monkeypatch.undo()
        submit(given, AF)
        return real(*args)

    monkeypatch.setattr(arrays, "patterns", patterns)
    found = recount.recount(Scope(study.pk), repairs=False, now=now)
    assert (found.holds, found.n_waiting) == (True, 1)


def test_a_reading_that_slipped_by_the_queue_is_found(batch, study, submit, make_batch, ana, now):
    submit(make_batch(readers=[ana]).assignments.get(), AF)
    UncountedExam.objects.all().delete()
    assert [one.n_wrong_exams for one in differences(study, now)] == [1, 1]


def test_it_works_in_portions(batch, study, now, monkeypatch):
    monkeypatch.setattr(recount, "EXAMS_AT_ONCE", 2)
    invent_a_state()
    assert sum(one.n_wrong_exams for one in differences(study, now)) == 6


def test_the_task_of_the_night_repairs_says_so_and_asks_for_new_reports(
    batch, study, now, caplog, monkeypatch, django_capture_on_commit_callbacks
):
    while refresh.work_next(now=now):
        pass
    invent_a_state()
    monkeypatch.setattr(tasks, "TIME_SLICE_S", 0.0)
    asked = []
    monkeypatch.setattr(
        tasks.recount_agreement, "apply_async", lambda rest, **_: asked.append(rest)
    )
    tasks.recount_agreement()  # a time slice of zero length asks for the next one
    monkeypatch.setattr(tasks, "TIME_SLICE_S", 60.0)
    with caplog.at_level(logging.ERROR):
        tasks.recount_agreement(study.pk, None, None)
    assert differences(study, now) == []
    assert f"agreement of batch {batch.pk}: counted wrong" in caplog.text
    runs = AgreementRun.objects.unfinished()
    assert {(run.batch_id, run.n_repaired > 0) for run in runs} == {(batch.pk, True), (None, True)}


def test_a_quiet_night_says_nothing(batch, study, now, caplog):
    while refresh.work_next(now=now):
        pass
    with caplog.at_level(logging.INFO):
        tasks.recount_agreement()
    assert "agreement" not in caplog.text
    assert not AgreementRun.objects.unfinished().exists()


def test_other_patients_ask_for_a_new_report(batch, study, dataset, now):
    while refresh.work_next(now=now):
        pass
    patient = Patient.objects.create(dataset=dataset, pseudonym="p1")
    with connection.cursor() as cursor:
        cursor.execute("update annotations_exam set patient_id = %s", [patient.pk])
    recount.recount(of_batch(batch), repairs=True, now=now)
    assert AgreementRun.objects.unfinished().get().batch == batch


def recounted(*arguments):
    out = StringIO()
    call_command("recount_agreement", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_that_all_holds(batch, study):
    told = recounted(study.slug)
    assert told.splitlines() == [
        "the whole study: 3 exams hold",
        f"{batch.name}: 3 exams hold",
    ]


@pytest.mark.parametrize(("option", "is_repaired"), [("--check", False), ("--repair", True)])
def test_the_command_ends_with_1_when_something_differs(batch, study, now, option, is_repaired):
    invent_a_state()
    with pytest.raises(SystemExit) as end:
        recounted(study.slug, option)
    assert end.value.code == 1
    assert (differences(study, now) == []) is is_repaired


def test_the_command_knows_which_studies_there_are(study):
    with pytest.raises(CommandError, match=study.slug):
        recounted("nowhere")


@pytest.mark.django_db
def test_without_studies_there_is_nothing_to_recount():
    tasks.recount_agreement()
    assert not ExamPattern.objects.exists()
    assert not AuditEvent.objects.exists()
