"""The written report tells what was recorded: repeats, readers, draws and displays."""

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

AF = "atrial_fibrillation"
WASHOUT = timedelta(days=14)
SHEET = {
    "arrangement": "3x4", "rhythm": ["II"], "speedMmPerS": 25, "gainMmPerMv": 10, "filter": "off",
}  # fmt: skip


def facts(batch):
    """Return what the report of a batch tells of how the study was conducted."""
    readers = batch.assignments.values_list("reader", flat=True)
    return study_facts.gather(Scope(batch.study_id, batch.pk), readers, software="")


@pytest.fixture
def methods(davi, signed_in, close, now):
    """The text of the written report of a batch, which is closed for it."""

    def of(batch):
        refresh.refresh(batch=close(batch), now=now)
        address = f"/batches/{batch.pk}/agreement/report/"
        return signed_in(davi).get(address, {"format": "md"}).content.decode()

    return of


@pytest.fixture
def with_repeat(make_study, make_exam, ana, bruno, davi, now):
    """A batch of a study whose protocol has hidden repeats after a fortnight; Ana has one."""
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


def test_a_batch_closed_before_the_washout_claims_no_repeats(with_repeat, submit, methods):
    for assignment in with_repeat.assignments.filter(occurrence=1).select_related("reader"):
        submit(assignment, AF)
    text = methods(with_repeat)
    assert "the protocol planned to repeat 50% of each reader's exams unannounced" in text
    assert "None of these repeats was read before reading was closed." in text
    assert "repeats planned, " not in text


def test_a_repeat_that_was_read_is_told_with_its_days(with_repeat, submit):
    long_ago = timezone.now() - WASHOUT - timedelta(days=1)
    repeat = with_repeat.assignments.select_related("reader").get(occurrence=2)
    first = with_repeat.assignments.select_related("reader").get(
        occurrence=1, reader=repeat.reader, exam=repeat.exam
    )
    submit(first, AF, now=long_ago)
    submit(repeat, AF, now=long_ago + timedelta(days=14, hours=12))
    found = facts(with_repeat).counts
    assert (found.repeats, found.repeats_planned) == (1, 1)
    assert found.repeat_days
    assert found.repeat_days.median == 14.5


def test_a_study_read_by_trainees_says_so(make_batch, submit, methods, ana, bruno):
    batch = make_batch()
    for reader in (ana, bruno):
        reader.level = ReaderLevel.TRAINEE
        reader.save(update_fields=["level"])
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, AF)
    text = methods(batch)
    assert "All readers who read at least one exam were of the same level: Trainee (n = 2)." in text
    assert "The protocol admitted" in text


def test_exams_are_counted_by_how_many_read_them(make_batch, make_exam, submit, ana):
    batch = make_batch([make_exam(), make_exam(), make_exam()])
    for assignment in batch.assignments.filter(reader=ana).select_related("reader")[:2]:
        submit(assignment, AF)
    assert facts(batch).exams.read_by == (Tally("0", 1), Tally("1", 2))


def test_a_model_is_no_reader_but_told_beside_them(make_batch, submit, ana, bruno, methods):
    batch = make_batch()
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, AF)
    User.objects.filter(pk=bruno.pk).update(kind=ReaderKind.MODEL, is_active=False)
    found = facts(batch)
    assert (found.readers.n, found.readers.others) == (1, (Tally("model", 1),))
    assert found.exams.read_by == (Tally("1", 1),)
    assert "These have no vote in the consensus" in methods(batch)


def test_displays_are_those_of_the_readings(make_batch, make_exam, submit):
    batch = make_batch([make_exam(), make_exam()])
    shown = (SHEET, {**SHEET, "gainMmPerMv": 20}, SHEET, {"sent": "by a program"})
    for assignment, display in zip(
        batch.assignments.select_related("reader").order_by("pk"), shown, strict=True
    ):
        submit(assignment, AF, display=display)
    found = facts(batch).counts
    usual = Display(
        n=2, arrangement="3x4", speed_mm_per_s=25, gain_mm_per_mv=10, rhythm=("II",), filter="off"
    )
    assert found.displays == (usual, replace(usual, n=1, gain_mm_per_mv=20))
    assert (found.display_other, found.display_unknown) == (0, 1)


@pytest.fixture
def drawn(study, make_exam, dataset, davi, now):
    """Two of five exams, drawn, at most one of a patient."""
    for _ in range(5):
        make_exam()
    wish = exam_pool.DrawRequest(dataset, n_exams=2, per_patient=1)
    exam_pool.draw(study=study, request=wish, actor=davi, now=now)
    return [one.exam for one in study.pool.select_related("exam")]


def test_a_draw_is_told_as_it_was_made(drawn, make_batch, methods, dataset):
    batch = make_batch(drawn)
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
    text = methods(batch)
    assert f"2 exams were drawn at random from the 5 available in {dataset.name}" in text
    assert "how the exams were sampled" not in text


def test_exams_that_were_named_are_no_draw(study, make_exam, make_batch, davi, now):
    exams = [make_exam(), make_exam()]
    exam_pool.add(study=study, exams=exams[:1], actor=davi, now=now)
    draws = facts(make_batch(exams)).exams.draws
    assert draws == (Draw(n=1, selection=Selection.NAMED), Draw(n=1))


def test_how_exams_were_chosen_before_it_was_noted_is_not_known(make_batch):
    assert facts(make_batch()).exams.draws is None


def test_the_trail_of_a_draw_tells_no_numbers_by_stratum(drawn):
    (event,) = AuditEvent.objects.filter(action="study.exams_added")
    assert '"selection":"drawn"' in event.after
    assert "quotas" not in event.after
