"""The reader profile: performance, agreement with the other readers, and drift."""

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


def test_a_reader_is_compared_with_the_consensus(closed, ana):
    profile = profile_of(closed, ana)
    af = profile.found.classes[profile.codes.index(AF)]
    assert (profile.against, profile.n_read, profile.n_compared) == (Against.CONSENSUS, 6, 6)
    assert (af.n_true_positive, af.n_false_positive, af.n_false_negative) == (3, 0, 0)


def test_the_performance_of_a_reader_comes_from_the_domain(closed, bruno):
    profile = profile_of(closed, bruno)
    matrix = inputs.load_matrix(closed.study, inputs.in_scope(Scope(closed.study_id, closed.pk)))
    assert isinstance(matrix, ReadingMatrix)
    reference = inputs.load_consensus(closed.study, matrix)
    of_bruno = matrix.readers == bruno.pk
    expected = performance.performance(
        matrix.states[of_bruno], reference[of_bruno], np.random.default_rng(reader_profiles.SEED),
        n_replicates=reader_profiles.N_REPLICATES,
    )  # fmt: skip
    assert profile.found == expected
    assert expected.micro_f1.estimate == pytest.approx(2 * 3 / (2 * 3 + 2))


def test_the_majority_of_others_excludes_the_reader(closed, bruno):
    profile = profile_of(closed, bruno, against=Against.OTHERS)
    noise = profile.found.classes[profile.codes.index(NOISE)]
    assert profile.n_own == 0
    # In the last exam the two others disagree, so there is no majority.
    assert (noise.n_true_positive, noise.n_false_positive, noise.n_true_negative) == (0, 0, 5)


def test_two_readers_have_no_majority_of_others(
    make_batch, make_exam, ana, bruno, sign, close, now
):
    batch = make_batch([make_exam()], [ana, bruno])
    for assignment in batch.assignments.select_related("reader"):
        sign(assignment, AF)
    close(batch)
    while labels.refresh_next(now=now):
        pass
    assert profile_of(batch, ana).is_offered == {
        Against.CONSENSUS: True, Against.OTHERS: False, Against.REFERENCE: False,
    }  # fmt: skip


def test_readings_are_not_loaded_before_they_are_open(open_batch):
    scope = Scope(open_batch.study_id, open_batch.pk)
    gathered = inputs.gather(scope, software="")
    assert (gathered.readings, gathered.trial) == (None, None)
    assert not inputs.in_scope(scope).exists()


def test_a_profile_lists_all_readers_by_f1(closed, ana, bruno, carla):
    profile = profile_of(closed, ana)
    assert {other.reader_id for other in profile.others} == {ana.pk, bruno.pk, carla.pk}
    assert profile.others[0].micro_f1 == max(other.micro_f1 for other in profile.others)


def test_a_large_study_is_loaded_for_the_exams_of_one_reader(
    closed, make_batch, make_exam, ana, bruno, carla, sign, close, monkeypatch
):
    elsewhere = make_batch([make_exam()], [bruno, carla])
    for assignment in elsewhere.assignments.select_related("reader"):
        sign(assignment, NOISE)
    close(elsewhere)
    full_profile = profile_in(Scope(closed.study_id), ana)
    monkeypatch.setattr(inputs, "MAX_READINGS", 18)
    scope = Scope(closed.study_id)
    assert inputs.gather(scope, software="").readings is Refusal.TOO_MANY
    readings = inputs.gather_reader(scope, ana.pk)
    assert isinstance(readings, OpenReadings)
    partial_profile = reader_profiles.profile(readings.references, ana.pk, readings.times[ana.pk])
    assert (full_profile.is_whole, partial_profile.is_whole) == (True, False)
    assert partial_profile.found == full_profile.found


def test_too_many_readings_show_a_message(closed, signed_in, davi, monkeypatch, now):
    monkeypatch.setattr(inputs, "MAX_READINGS", 1)
    refresh.refresh(batch=closed, now=now)
    text = signed_in(davi).get(address("batch", "reader", closed)).content.decode()
    assert "too many readings to compare" in text


def test_drift_is_computed_by_calendar_time_and_within_sessions(closed, ana):
    profile = profile_of(closed, ana)
    assert [bin_.n_readings for bin_ in profile.calendar] == [6]
    assert [bin_.n_readings for bin_ in profile.sitting] == [6]
    assert profile.sitting[0].quartiles_ms == (2250, 3500, 4750)
