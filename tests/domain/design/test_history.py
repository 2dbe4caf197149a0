"""Earlier assignments never change; balance is reached over all releases together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import design

from .tables import SEED, loads, queues, readers_by_exam, request, shared


def later(n_exams: int, n_readers: int, history: design.Readings, **more) -> design.Request:
    """Return a request for new exams 2001, 2002, ... with two readers each."""
    return design.Request(
        seed=SEED,
        exams=2001 + np.arange(n_exams),
        readers=1 + np.arange(n_readers),
        readers_per_exam=2,
        history=history,
        **more,
    )


def combined(readings: design.Readings) -> dict[int, set[int]]:
    firsts = readings.chosen(readings.occurrences == 1)
    return readers_by_exam((firsts.readers, firsts.exams))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(2, 6))
def test_exams_of_a_later_release_come_last(n_before, n_later, n_readers):
    before = design.generate(request(n_before, n_readers, 2)).readings
    after = design.generate(later(n_later, n_readers, before)).readings
    firsts, joined = queues(before), queues(before.joined(after))
    for reader, queue in firsts.items():
        assert joined[reader][: len(queue)] == queue
    positions = before.joined(after)
    for reader in joined:
        own = np.sort(positions.positions[positions.readers == reader])
        np.testing.assert_array_equal(own, 1 + np.arange(len(own)))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(2, 6))
def test_a_later_release_keeps_all_loads_within_one(n_before, n_later, n_readers):
    before = design.generate(request(n_before, n_readers, 2)).readings
    plan_request = later(n_later, n_readers, before)
    result = combined(before.joined(design.generate(plan_request).readings))
    assert np.ptp(loads(result, plan_request.readers)) <= 1


@given(st.integers(0, 40), st.integers(0, 40), st.integers(3, 6))
def test_a_later_release_keeps_all_pairs_within_one(n_before, n_later, n_readers):
    before = design.generate(request(n_before, n_readers, 2)).readings
    plan_request = later(n_later, n_readers, before)
    result = combined(before.joined(design.generate(plan_request).readings))
    assert np.ptp(shared(result, plan_request.readers)) <= 1


def test_many_small_releases_are_nearly_as_balanced_as_one():
    history = design.Readings.none()
    for number in range(30):
        plan_request = design.Request(
            seed=SEED,
            exams=100 * number + np.arange(23),
            readers=np.arange(1, 11),
            readers_per_exam=3,
            history=history,
        )
        history = history.joined(design.generate(plan_request).readings)
    result = combined(history)
    assert np.ptp(loads(result, range(1, 11))) <= 1
    # Only the last release can restore the balance, so it is not always perfect.
    assert np.ptp(shared(result, range(1, 11))) <= 2


def test_a_new_reader_catches_up():
    before = design.generate(request(20, 4, 2)).readings  # ten exams each
    plan_request = later(10, 5, before)
    result = combined(before.joined(design.generate(plan_request).readings))
    assert loads(result, plan_request.readers)[4] == 10  # all of the new exams
    assert sorted(loads(result, plan_request.readers)) == [10, 12, 12, 13, 13]


def test_an_exam_released_again_gets_only_its_missing_readers():
    before = design.generate(request(12, 4, 2)).readings
    remaining = before.chosen(before.readers != 4)  # reader 4 left before reading anything
    plan_request = design.Request(
        seed=SEED,
        exams=1001 + np.arange(12),
        readers=[1, 2, 3],
        readers_per_exam=2,
        history=remaining,
    )
    added = design.generate(plan_request).readings
    result = combined(remaining.joined(added))
    assert all(len(readers) == 2 for readers in result.values())
    assert len(added) == 24 - len(remaining)


def test_readings_of_a_reader_who_left_still_count():
    before = design.generate(request(12, 4, 2)).readings
    plan_request = design.Request(
        seed=SEED,
        exams=1001 + np.arange(12),
        readers=[1, 2, 3],
        readers_per_exam=2,
        history=before,
    )
    assert len(design.generate(plan_request)) == 0


def test_a_new_reader_gets_the_anchors_released_again():
    anchors = np.arange(12) < 4
    before = design.generate(request(12, 3, 1, anchors=anchors)).readings
    plan_request = request(12, 4, 1, anchors=anchors, history=before)
    added = design.generate(plan_request).readings
    assert set(added.readers.tolist()) == {4}
    assert sorted(added.exams.tolist()) == [1001, 1002, 1003, 1004]


def test_no_reader_gets_an_exam_twice():
    before = design.generate(request(12, 5, 2)).readings
    more = design.generate(request(12, 5, 4, history=before)).readings
    assert all(len(readers) == 4 for readers in combined(before.joined(more)).values())


def test_repeats_of_a_later_release_keep_the_overall_fraction():
    before = design.generate(request(14, 2, 2, repeat_fraction=0.1)).readings
    after = design.generate(later(16, 2, before, repeat_fraction=0.1)).readings
    assert (before.occurrences == 2).sum() == 2
    assert (after.occurrences == 2).sum() == 4


def test_a_cap_counts_earlier_assignments():
    before = design.generate(request(20, 4, 2)).readings
    plan_request = later(10, 4, before, caps=[11, -1, -1, -1])
    result = combined(before.joined(design.generate(plan_request).readings))
    assert sorted(loads(result, plan_request.readers)) == [11, 16, 16, 17]


def test_exams_of_a_patient_stay_apart_across_releases():
    before = design.generate(request(12, 2, 2, patients=np.arange(12))).readings
    # The second plan has new exams of the same patients for the same readers.
    after = design.generate(later(12, 2, before, patients=np.arange(12), patient_gap=5)).readings
    assert (design.balance(before.joined(after)).least_patient_gap or 0) >= 5


def test_the_order_of_history_rows_does_not_matter():
    before = design.generate(request(20, 3, 2, patients=np.arange(20) % 9)).readings
    shuffled = before.chosen(np.random.default_rng(2).permutation(len(before)))
    first, second = (
        list(design.generate(later(20, 3, rows, patients=np.arange(20) % 9)).rows())
        for rows in (before, shuffled)
    )
    assert first == second


def test_history_pairs_count_once_when_exams_are_released_again():
    # Readers 1 and 2 already share ten exams. In the end, every pair shares twenty.
    rows = [(reader, exam, -1, 1, exam - 1000) for reader in (1, 2) for exam in range(1001, 1011)]
    before = design.Readings.of(rows)
    plan_request = request(200, 5, 2, history=before)
    result = combined(before.joined(design.generate(plan_request).readings))
    assert shared(result, plan_request.readers) == [20] * 10


def test_columns_of_different_length_are_refused():
    column = np.ones(1, dtype=np.int64)
    with pytest.raises(design.BadDesign, match="differ in length"):
        design.Readings(column, column, column, column, np.ones(2, dtype=np.int64))
