"""The profile of a reader: performance, the other readers, drift."""

from __future__ import annotations

import numpy as np
import pytest

from annotations.models import Scope
from annotations.services.agreement import inputs, refresh
from annotations.services.agreement.inputs import OpenReadings, Refusal
from annotations.services.consensus import labels
from ecgreview.agreement.accuracy import performance, reader_profiles
from ecgreview.agreement.accuracy.reader_profiles import Against
from ecgreview.agreement.accuracy.reading_matrix import ReadingMatrix
from tests.app.agreement_pages.pages import AF, NOISE, address

pytestmark = pytest.mark.django_db


def profile_in(scope, reader, **more):
    readings = inputs.gather(scope, software="").readings
    assert isinstance(readings, OpenReadings)
    return reader_profiles.profile(
        readings.references, reader.pk, readings.times[reader.pk], **more
    )


def profile_of(batch, reader, **more):
    return profile_in(Scope(batch.study_id, batch.pk), reader, **more)


def test_a_reader_is_held_against_the_consensus(closed, ana):
    found = profile_of(closed, ana)
    af = found.found.classes[found.codes.index(AF)]
    assert (found.against, found.n_read, found.n_compared) == (Against.CONSENSUS, 6, 6)
    assert (af.n_true_positive, af.n_false_positive, af.n_false_negative) == (3, 0, 0)


def test_the_numbers_of_a_reader_are_those_of_the_domain(closed, bruno):
    found = profile_of(closed, bruno)
    matrix = inputs.load_matrix(closed.study, inputs.in_scope(Scope(closed.study_id, closed.pk)))
    assert isinstance(matrix, ReadingMatrix)
    reference = inputs.load_consensus(closed.study, matrix)
    mine = matrix.readers == bruno.pk
    expected = performance.performance(
        matrix.states[mine], reference[mine], np.random.default_rng(reader_profiles.SEED)
    )
    assert found.found == expected
    assert expected.micro_f1.estimate == pytest.approx(2 * 3 / (2 * 3 + 2))


def test_most_of_the_others_leave_the_reader_out(closed, bruno):
    found = profile_of(closed, bruno, against=Against.OTHERS)
    noise = found.found.classes[found.codes.index(NOISE)]
    assert found.n_own == 0
    # Of the last exam one of the others says so and one does not: there is no majority.
    assert (noise.n_true_positive, noise.n_false_positive, noise.n_true_negative) == (0, 0, 5)


def test_two_readers_offer_no_others(make_batch, make_exam, ana, bruno, sign, close, now):
    made = make_batch([make_exam()], [ana, bruno])
    for assignment in made.assignments.select_related("reader"):
        sign(assignment, AF)
    close(made)
    while labels.refresh_next(now=now):
        pass
    assert profile_of(made, ana).is_offered == {
        Against.CONSENSUS: True, Against.OTHERS: False, Against.REFERENCE: False,
    }  # fmt: skip


def test_single_readings_are_not_loaded_before_they_are_open(open_batch):
    scope = Scope(open_batch.study_id, open_batch.pk)
    gathered = inputs.gather(scope, software="")
    assert (gathered.readings, gathered.trial) == (None, None)
    assert not inputs.in_scope(scope).exists()


def test_all_readers_stand_beside_each_other(closed, ana, bruno, carla):
    found = profile_of(closed, ana)
    assert {one.reader_id for one in found.others} == {ana.pk, bruno.pk, carla.pk}
    assert found.others[0].micro_f1 == max(one.micro_f1 for one in found.others)


def test_of_a_large_study_the_others_count_on_the_exams_of_the_reader(
    closed, make_batch, make_exam, ana, bruno, carla, sign, close, monkeypatch
):
    elsewhere = make_batch([make_exam()], [bruno, carla])
    for assignment in elsewhere.assignments.select_related("reader"):
        sign(assignment, NOISE)
    close(elsewhere)
    whole = profile_in(Scope(closed.study_id), ana)
    monkeypatch.setattr(inputs, "MAX_READINGS", 18)
    scope = Scope(closed.study_id)
    assert inputs.gather(scope, software="").readings is Refusal.TOO_MANY
    readings = inputs.gather_reader(scope, ana.pk)
    assert isinstance(readings, OpenReadings)
    found = reader_profiles.profile(readings.references, ana.pk, readings.times[ana.pk])
    assert (whole.is_whole, found.is_whole) == (True, False)
    assert found.found == whole.found


def test_too_many_readings_are_told_in_words(closed, signed_in, davi, monkeypatch, now):
    monkeypatch.setattr(inputs, "MAX_READINGS", 1)
    refresh.refresh(batch=closed, now=now)
    text = signed_in(davi).get(address("batch", "reader", closed)).content.decode()
    assert "too many readings to compare" in text


def test_drift_is_looked_for_in_time_and_within_a_sitting(closed, ana):
    found = profile_of(closed, ana)
    assert [one.n_readings for one in found.calendar] == [6]
    assert [one.n_readings for one in found.sitting] == [6]
    assert found.sitting[0].quartiles_ms == (2250, 3500, 4750)
