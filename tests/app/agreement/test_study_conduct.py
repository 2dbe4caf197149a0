"""Study conduct in the written report: hidden repeats, readers, sampling and displays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import AuditEvent, ReaderKind, ReaderLevel, Scope, User
from annotations.services.agreement import refresh, study_facts
from annotations.services.assignment import batches, handout
from annotations.services.studies import exam_pool, roster
from ecgreview.report_writing import Display, Draw, Selection, Tally
from tests.app.kept import kept

AF = "atrial_fibrillation"
WASHOUT = timedelta(days=14)
SHEET = {
    "arrangement": "3x4", "rhythm": ["II"], "speedMmPerS": 25, "gainMmPerMv": 10, "filter": "off",
}  # fmt: skip


def facts(batch):
    readers = batch.assignments.values_list("reader", flat=True)
    return study_facts.gather(Scope(batch.study_id, batch.pk), readers, software="")


@pytest.fixture
def report_text(davi, signed_in, close, now):
    """Close a batch and return the text of its written report."""

    def of(batch):
        refresh.refresh(batch=close(batch), now=now)
        address = f"/batches/{batch.pk}/agreement/report/"
        return signed_in(davi).get(address, {"format": "md"}).content.decode()

    return of


@kept
def with_repeat(make_study, make_exam, ana, bruno, davi, now):
    """A batch with one hidden repeat, for Ana; the protocol requires a washout of 14 days."""
    study = make_study(repeat_fraction=0.5, washout_days=WASHOUT.days)
    roster.join(study=study, readers=[ana, bruno], actor=davi, now=now)
    exams = [make_exam(), make_exam()]
    rows = [
        handout.Row(reader.pk, exam.pk, place)
        for reader in (ana, bruno)
        for place, exam in enumerate(exams, start=1)
    ]
    rows.append(handout.Row(ana.pk, exams[0].pk, 3, occurrence=2))
    planned = batches.make(study=study, name="Repeats", rows=rows, created_by=davi, now=now)
    return batches.release(batch_id=planned.pk, actor=davi, now=now)


def test_a_batch_closed_before_the_washout_reports_no_repeats(with_repeat, submit, report_text):
    for assignment in with_repeat.assignments.filter(occurrence=1).select_related("reader"):
        submit(assignment, AF)
    text = report_text(with_repeat)
    assert "the protocol planned to repeat 50% of each reader's exams unannounced" in text
    assert "None of these repeats was read before reading was closed." in text
    assert "repeats planned, " not in text


def test_a_repeat_that_was_read_is_reported_with_its_interval(with_repeat, submit):
    long_ago = timezone.now() - WASHOUT - timedelta(days=1)
    repeat = with_repeat.assignments.select_related("reader").get(occurrence=2)
    first = with_repeat.assignments.select_related("reader").get(
        occurrence=1, reader=repeat.reader, exam=repeat.exam
    )
    submit(first, AF, now=long_ago)
    submit(repeat, AF, now=long_ago + timedelta(days=14, hours=12))
    counts = facts(with_repeat).counts
    assert (counts.repeats, counts.repeats_planned) == (1, 1)
    assert counts.repeat_days
    assert counts.repeat_days.median == 14.5


def test_the_report_states_that_readers_were_trainees(make_batch, submit, report_text, ana, bruno):
    batch = make_batch()
    for reader in (ana, bruno):
        reader.level = ReaderLevel.TRAINEE
        reader.save(update_fields=["level"])
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, AF)
    text = report_text(batch)
    assert "All readers who read at least one exam were of the same level: Trainee (n = 2)." in text
    assert "The protocol admitted" in text


def test_exams_are_counted_by_number_of_readers(make_batch, make_exam, submit, ana):
    batch = make_batch([make_exam(), make_exam(), make_exam()])
    for assignment in batch.assignments.filter(reader=ana).select_related("reader")[:2]:
        submit(assignment, AF)
    assert facts(batch).exams.read_by == (Tally("0", 1), Tally("1", 2))


def test_a_model_is_listed_apart_from_readers(make_batch, submit, ana, bruno, report_text):
    batch = make_batch()
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, AF)
    User.objects.filter(pk=bruno.pk).update(kind=ReaderKind.MODEL, is_active=False)
    study_facts_of_batch = facts(batch)
    assert (study_facts_of_batch.readers.n, study_facts_of_batch.readers.others) == (
        1,
        (Tally("model", 1),),
    )
    assert study_facts_of_batch.exams.read_by == (Tally("1", 1),)
    assert "These have no vote in the consensus" in report_text(batch)


def test_displays_are_counted_from_the_readings(make_batch, make_exam, submit):
    batch = make_batch([make_exam(), make_exam()])
    displays = (SHEET, {**SHEET, "gainMmPerMv": 20}, SHEET, {"sent": "by a program"})
    for assignment, display in zip(
        batch.assignments.select_related("reader").order_by("pk"), displays, strict=True
    ):
        submit(assignment, AF, display=display)
    counts = facts(batch).counts
    usual = Display(
        n=2, arrangement="3x4", speed_mm_per_s=25, gain_mm_per_mv=10, rhythm=("II",), filter="off"
    )
    assert counts.displays == (usual, replace(usual, n=1, gain_mm_per_mv=20))
    assert (counts.display_other, counts.display_unknown) == (0, 1)


@kept
def drawn_exams(study, make_exam, dataset, davi, now):
    """Two exams drawn at random from five, at most one per patient."""
    for _ in range(5):
        make_exam()
    request = exam_pool.DrawRequest(dataset, n_exams=2, per_patient=1)
    exam_pool.draw(study=study, request=request, actor=davi, now=now)
    return [member.exam for member in study.pool.select_related("exam")]


def test_a_random_draw_is_described(drawn_exams, make_batch, report_text, dataset):
    batch = make_batch(drawn_exams)
    assert facts(batch).exams.draws == (
        Draw(
            n=2,
            selection=Selection.DRAWN,
            dataset=dataset.name,
            n_available=5,
            quota="proportional",
            per_patient=1,
        ),
    )
    text = report_text(batch)
    assert f"2 exams were drawn at random from the 5 available in {dataset.name}" in text
    assert "how the exams were sampled" not in text


def test_exams_added_by_hand_are_not_a_draw(study, make_exam, make_batch, davi, now):
    exams = [make_exam(), make_exam()]
    exam_pool.add(study=study, exams=exams[:1], actor=davi, now=now)
    draws = facts(make_batch(exams)).exams.draws
    assert draws == (Draw(n=1, selection=Selection.NAMED), Draw(n=1))


def test_selection_is_unknown_for_batches_without_a_pool(make_batch):
    assert facts(make_batch()).exams.draws is None


def test_the_audit_event_of_a_draw_has_no_counts_by_stratum(drawn_exams):
    (event,) = AuditEvent.objects.filter(action="study.exams_added")
    assert '"selection":"drawn"' in event.after
    assert "quotas" not in event.after
