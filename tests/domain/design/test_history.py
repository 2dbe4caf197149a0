"""What was assigned before never moves, and what is balanced is the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import design

from .tables import SEED, loads, queues, request, shared, who_reads


def later(n_exams: int, n_readers: int, history: design.Readings, **more) -> design.Request:
    """Return a request of further exams, 2001 ..., two readers each."""
    return design.Request(
        seed=SEED,
        exams=2001 + np.arange(n_exams),
        readers=1 + np.arange(n_readers),
        readers_per_exam=2,
        history=history,
        **more,
    )


def whole(readings: design.Readings) -> dict[int, set[int]]:
    firsts = readings.chosen(readings.occurrences == 1)
    return who_reads((firsts.readers, firsts.exams))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(2, 6))
def test_later_exams_come_after_everything_before(n_before, n_later, n_readers):
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
    asked = later(n_later, n_readers, before)
    result = whole(before.joined(design.generate(asked).readings))
    assert np.ptp(loads(result, asked.readers)) <= 1


@given(st.integers(0, 40), st.integers(0, 40), st.integers(3, 6))
def test_a_later_release_keeps_all_pairs_within_one(n_before, n_later, n_readers):
    before = design.generate(request(n_before, n_readers, 2)).readings
    asked = later(n_later, n_readers, before)
    result = whole(before.joined(design.generate(asked).readings))
    assert np.ptp(shared(result, asked.readers)) <= 1


def test_many_small_releases_stay_nearly_as_even_as_one():
    history = design.Readings.none()
    for number in range(30):
        asked = design.Request(
            seed=SEED,
            exams=100 * number + np.arange(23),
            readers=np.arange(1, 11),
            readers_per_exam=3,
            history=history,
        )
        history = history.joined(design.generate(asked).readings)
    result = whole(history)
    assert np.ptp(loads(result, range(1, 11))) <= 1
    # All 46 would be possible, had the last release alone not to make up for it.
    assert np.ptp(shared(result, range(1, 11))) <= 2


def test_a_reader_who_joins_catches_up():
    before = design.generate(request(20, 4, 2)).readings  # ten exams each
    asked = later(10, 5, before)
    result = whole(before.joined(design.generate(asked).readings))
    assert loads(result, asked.readers)[4] == 10  # every one of the new exams
    assert sorted(loads(result, asked.readers)) == [10, 12, 12, 13, 13]


def test_an_exam_named_again_gets_only_the_readers_it_lacks():
    before = design.generate(request(12, 4, 2)).readings
    kept = before.chosen(before.readers != 4)  # reader 4 has left before reading anything
    asked = design.Request(
        seed=SEED,
        exams=1001 + np.arange(12),
        readers=[1, 2, 3],
        readers_per_exam=2,
        history=kept,
    )
    added = design.generate(asked).readings
    result = whole(kept.joined(added))
    assert all(len(readers) == 2 for readers in result.values())
    assert len(added) == 24 - len(kept)


def test_the_readings_of_somebody_who_left_still_count_for_the_exam():
    before = design.generate(request(12, 4, 2)).readings
    asked = design.Request(
        seed=SEED,
        exams=1001 + np.arange(12),
        readers=[1, 2, 3],
        readers_per_exam=2,
        history=before,
    )
    assert len(design.generate(asked)) == 0


def test_a_new_reader_is_given_the_anchors_named_again():
    anchors = np.arange(12) < 4
    before = design.generate(request(12, 3, 1, anchors=anchors)).readings
    asked = request(12, 4, 1, anchors=anchors, history=before)
    added = design.generate(asked).readings
    assert set(added.readers.tolist()) == {4}
    assert sorted(added.exams.tolist()) == [1001, 1002, 1003, 1004]


def test_nobody_is_given_an_exam_a_second_time():
    before = design.generate(request(12, 5, 2)).readings
    more = design.generate(request(12, 5, 4, history=before)).readings
    assert all(len(readers) == 4 for readers in whole(before.joined(more)).values())


def test_repeats_of_a_later_release_keep_the_whole_at_the_fraction():
    before = design.generate(request(14, 2, 2, repeat_fraction=0.1)).readings
    after = design.generate(later(16, 2, before, repeat_fraction=0.1)).readings
    assert (before.occurrences == 2).sum() == 2
    assert (after.occurrences == 2).sum() == 4


def test_a_cap_counts_what_was_assigned_before():
    before = design.generate(request(20, 4, 2)).readings
    asked = later(10, 4, before, caps=[11, -1, -1, -1])
    result = whole(before.joined(design.generate(asked).readings))
    assert sorted(loads(result, asked.readers)) == [11, 16, 16, 17]


def test_patients_stay_apart_across_releases():
    before = design.generate(request(12, 2, 2, patients=np.arange(12))).readings
    # Everybody comes again.
    after = design.generate(later(12, 2, before, patients=np.arange(12), patient_gap=5)).readings
    assert (design.balance(before.joined(after)).least_patient_gap or 0) >= 5


def test_the_rows_of_the_history_may_come_in_any_order():
    before = design.generate(request(20, 3, 2, patients=np.arange(20) % 9)).readings
    shuffled = before.chosen(np.random.default_rng(2).permutation(len(before)))
    one, two = (
        list(design.generate(later(20, 3, rows, patients=np.arange(20) % 9)).rows())
        for rows in (before, shuffled)
    )
    assert one == two


def test_pairs_of_the_history_count_once_when_its_exams_are_named_again():
    # Readers 1 and 2 share ten exams already, all pairs twenty in the end.
    rows = [(reader, exam, -1, 1, exam - 1000) for reader in (1, 2) for exam in range(1001, 1011)]
    before = design.Readings.of(rows)
    asked = request(200, 5, 2, history=before)
    result = whole(before.joined(design.generate(asked).readings))
    assert shared(result, asked.readers) == [20] * 10


def test_columns_that_differ_in_length_are_refused():
    one = np.ones(1, dtype=np.int64)
    with pytest.raises(design.BadDesign, match="differ in length"):
        design.Readings(one, one, one, one, np.ones(2, dtype=np.int64))
