"""A correction keeps the vote of what it corrects, whatever its reader has read since."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from annotations.models import Consensus, Reading, Scope
from annotations.services.agreement import inputs
from annotations.services.consensus import labels as consensus_labels
from annotations.services.counts import arrays, exam_patterns
from annotations.services.export import archive
from ecgreview.agreement.accuracy.reading_matrix import ReadingMatrix
from tests.app.counts.pattern_counting import differences, drain

AF, FLUTTER, NOISE = "atrial_fibrillation", "atrial_flutter", "artifact"
A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def exam(make_exam):
    return make_exam()


@pytest.fixture
def given(make_batch, exam, ana):
    """Ana has the exam twice, in two batches."""
    return [make_batch([exam], [ana]).assignments.get() for _ in range(2)]


@pytest.fixture
def correct(submit, now):
    """Send another reading in the place of one."""

    def make(reading, *codes, **more):
        said = {"supersedes": reading.idempotency_key, "now": now + A_MOMENT, **more}
        return submit(reading.assignment, *codes, **said)

    return make


@pytest.fixture
def corrected(given, submit, correct):
    """Fibrillation, flutter in the second batch, and then the first should have been noise."""
    first = submit(given[0], AF)
    submit(given[1], FLUTTER)
    return correct(first, NOISE)


def said(study, exam, now):
    """Return what is counted of ``exam`` in the study, after both ways of counting agree on it."""
    drain(now)
    assert differences(study, now) == []
    return dict(exam_patterns.in_study(study, [exam.pk])[exam.pk].states)


def settle(close, assignments, now):
    for assignment in assignments:
        close(assignment.batch)
    while consensus_labels.refresh_next(now=now):
        pass


def test_live_counts_take_the_correction_of_the_first(corrected, exam, study, now):
    assert exam_patterns.in_study(study, [exam.pk])[exam.pk].states == {NOISE: "2"}


def test_a_recount_takes_the_correction_of_the_first(corrected, exam, study):
    assert arrays.patterns(Scope(study.pk), [exam.pk])[exam.pk].states == {NOISE: "2"}


def test_a_correction_of_a_correction_does_too(corrected, correct, exam, study, now):
    correct(corrected, AF, NOISE)
    assert said(study, exam, now) == {AF: "2", NOISE: "2"}


def test_a_correction_of_the_second_has_no_vote(given, submit, correct, exam, study, now):
    submit(given[0], AF)
    correct(submit(given[1], FLUTTER), NOISE)
    assert said(study, exam, now) == {AF: "2"}


def test_it_is_not_the_batch_that_was_made_first(given, submit, correct, exam, study, now):
    first = submit(given[1], AF)
    submit(given[0], FLUTTER)
    correct(first, NOISE)
    assert said(study, exam, now) == {NOISE: "2"}


def test_who_abstained_first_and_answers_later_has_voted_meanwhile(
    given, submit, correct, exam, study, now
):
    abstention = submit(given[0], quality="", outcome="abstained")
    submit(given[1], FLUTTER)
    correct(abstention, AF)
    assert said(study, exam, now) == {FLUTTER: "2"}


def test_who_takes_an_answer_back_for_a_moment_keeps_the_vote(
    given, submit, correct, exam, study, now
):
    first = submit(given[0], AF)
    submit(given[1], FLUTTER)
    correct(correct(first, quality="", outcome="abstained"), NOISE)
    assert said(study, exam, now) == {NOISE: "2"}


def test_the_consensus_takes_the_correction_of_the_first(corrected, given, close, now):
    settle(close, given, now)
    labels = Consensus.objects.get().labels.values_list("diagnostic_class__code", flat=True)
    assert list(labels) == [NOISE]


def test_an_export_takes_the_correction_of_the_first(corrected, given, close, study, now):
    settle(close, given, now)
    written = archive.contents(study=study, now=now)["consensus.csv"].decode()
    (row,) = csv.DictReader(io.StringIO(written))
    assert row["votes"] == f"{NOISE}:1"


def test_profiles_take_the_correction_of_the_first(corrected, given, close, study, now):
    settle(close, given, now)
    found = inputs.load_matrix(study, inputs.in_scope(Scope(study.pk)))
    assert isinstance(found, ReadingMatrix)
    assert found.readings.tolist() == [corrected.pk]


def test_readings_come_in_the_order_of_their_first_answers(corrected, given):
    other = Reading.objects.get(assignment=given[1])
    assert list(Reading.objects.counted().in_turn()) == [corrected, other]
