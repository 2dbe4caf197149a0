"""A correction replaces the vote of a reading, even if the reader has read the exam again since."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from annotations.models import Consensus, Reading, Scope
from annotations.services.agreement import inputs
from annotations.services.consensus import labels as consensus_labels
from annotations.services.counts import arrays, exam_patterns
from annotations.services.export import archive
from ecgreview.agreement.accuracy.reading_matrix import ReadingMatrix
from tests.app.counts.pattern_counting import differences, drain
from tests.app.kept import factory, kept

AF, FLUTTER, NOISE = "atrial_fibrillation", "atrial_flutter", "artifact"
ONE_SECOND = timedelta(seconds=1)


@kept
def exam(make_exam):
    return make_exam()


@kept
def assigned_twice(make_batch, exam, ana):
    """Ana's two assignments of the exam, in two batches."""
    return [make_batch([exam], [ana]).assignments.get() for _ in range(2)]


@factory
def correct(submit, now):
    """Submit a correction of a reading, one second later."""

    def make(reading, *codes, **more):
        options = {"supersedes": reading.idempotency_key, "now": now + ONE_SECOND, **more}
        return submit(reading.assignment, *codes, **options)

    return make


@kept
def corrected(assigned_twice, submit, correct):
    """Ana reads AF in the first batch and flutter in the second, then corrects AF to artifact."""
    first = submit(assigned_twice[0], AF)
    submit(assigned_twice[1], FLUTTER)
    return correct(first, NOISE)


def states_of(study, exam, now):
    """Return the counted states of ``exam``, after checking live counts against a recount."""
    drain(now)
    assert differences(study, now) == []
    return dict(exam_patterns.in_study(study, [exam.pk])[exam.pk].states)


def close_and_compute(close, assignments, now):
    for assignment in assignments:
        close(assignment.batch)
    while consensus_labels.refresh_next(now=now):
        pass


def test_live_counts_use_the_correction_of_the_first_reading(corrected, exam, study, now):
    assert exam_patterns.in_study(study, [exam.pk])[exam.pk].states == {NOISE: "2"}


def test_a_recount_uses_the_correction_of_the_first_reading(corrected, exam, study):
    assert arrays.patterns(Scope(study.pk), [exam.pk])[exam.pk].states == {NOISE: "2"}


def test_a_correction_of_a_correction_votes_too(corrected, correct, exam, study, now):
    correct(corrected, AF, NOISE)
    assert states_of(study, exam, now) == {AF: "2", NOISE: "2"}


def test_a_correction_of_the_second_reading_does_not_vote(
    assigned_twice, submit, correct, exam, study, now
):
    submit(assigned_twice[0], AF)
    correct(submit(assigned_twice[1], FLUTTER), NOISE)
    assert states_of(study, exam, now) == {AF: "2"}


def test_the_order_of_readings_decides_not_that_of_batches(
    assigned_twice, submit, correct, exam, study, now
):
    first = submit(assigned_twice[1], AF)
    submit(assigned_twice[0], FLUTTER)
    correct(first, NOISE)
    assert states_of(study, exam, now) == {NOISE: "2"}


def test_correcting_an_abstention_keeps_the_vote_of_the_second_reading(
    assigned_twice, submit, correct, exam, study, now
):
    abstention = submit(assigned_twice[0], quality="", outcome="abstained")
    submit(assigned_twice[1], FLUTTER)
    correct(abstention, AF)
    assert states_of(study, exam, now) == {FLUTTER: "2"}


def test_abstaining_in_between_keeps_the_vote(assigned_twice, submit, correct, exam, study, now):
    first = submit(assigned_twice[0], AF)
    submit(assigned_twice[1], FLUTTER)
    correct(correct(first, quality="", outcome="abstained"), NOISE)
    assert states_of(study, exam, now) == {NOISE: "2"}


def test_the_consensus_uses_the_correction_of_the_first_reading(
    corrected, assigned_twice, close, now
):
    close_and_compute(close, assigned_twice, now)
    labels = Consensus.objects.get().labels.values_list("diagnostic_class__code", flat=True)
    assert list(labels) == [NOISE]


def test_an_export_uses_the_correction_of_the_first_reading(
    corrected, assigned_twice, close, study, now
):
    close_and_compute(close, assigned_twice, now)
    text = archive.contents(study=study, now=now)["consensus.csv"].decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["votes"] == f"{NOISE}:1"


def test_profiles_use_the_correction_of_the_first_reading(
    corrected, assigned_twice, close, study, now
):
    close_and_compute(close, assigned_twice, now)
    matrix = inputs.load_matrix(study, inputs.in_scope(Scope(study.pk)))
    assert isinstance(matrix, ReadingMatrix)
    assert matrix.readings.tolist() == [corrected.pk]


def test_readings_are_ordered_by_their_first_submission(corrected, assigned_twice):
    other = Reading.objects.get(assignment=assigned_twice[1])
    assert list(Reading.objects.counted().in_turn()) == [corrected, other]
