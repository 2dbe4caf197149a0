"""Each reader has their own order, which can be verified years later."""

from __future__ import annotations

import hashlib
import hmac
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ecgreview import design
from ecgreview.design import chance, ordering, repeats
from ecgreview.design.repeats import Mixing

from .tables import SEED, queues, request

patients_ = st.lists(st.integers(-1, 12), max_size=40)


def test_the_key_of_a_first_reading_is_stable():
    message = hmac.new(b"seed", b"12:345", hashlib.sha256).hexdigest()
    assert design.key("seed", 12, 345) == message


def test_the_key_of_a_repeat_includes_the_occurrence():
    message = hmac.new(b"seed", b"12:345:2", hashlib.sha256).hexdigest()
    assert design.key("seed", 12, 345, 2) == message


@given(st.text(max_size=90), st.lists(st.text(max_size=20), max_size=5))
@example("s" * 64, ["m"])
@example("s" * 65, ["m"])
@example("", ["", "m"])
def test_vectorized_digests_match_hashlib(seed, messages):
    result = chance.digests(seed, messages)
    one_by_one = [hmac.digest(seed.encode(), text.encode(), "sha256") for text in messages]
    assert [bytes(row) for row in result] == one_by_one


def test_each_row_carries_its_key():
    plan = design.generate(request(30, 4, 2, repeat_fraction=0.2, washout_exams=3))
    rows = list(plan.rows())
    assert len(rows) == len(plan) == 2 * 30 + 4 * 3
    for row in rows:
        assert row.key == design.key(SEED, row.reader, row.exam, row.occurrence)


def test_without_patients_or_repeats_exams_are_ordered_by_key():
    plan = design.generate(request(60, 3, 2))
    for reader, queue in queues(plan.readings).items():
        keys = [design.key(SEED, reader, exam) for exam, _, _ in queue]
        assert keys == sorted(keys)


def test_the_order_of_a_single_reader_matches_the_plan():
    patients = np.arange(60) // 3
    plan = design.generate(request(60, 3, 2, patients=patients))
    exams = np.sort(plan.readings.exams[plan.readings.readers == 2])
    result = design.order(
        seed=SEED,
        reader=2,
        exams=exams,
        patients=patients[exams - 1001],
        patient_gap=10,
        before=(),
    )
    assert exams[result].tolist() == [exam for exam, _, _ in queues(plan.readings)[2]]


@given(st.integers(0, 40), st.integers(1, 6))
def test_positions_count_from_one(n_exams, n_readers):
    readings = design.generate(request(n_exams, n_readers, 1, repeat_fraction=0.3)).readings
    for reader in range(1, n_readers + 1):
        own = readings.positions[readings.readers == reader]
        assert own.tolist() == list(range(1, len(own) + 1))


def min_gap(patients: list[int]) -> int:
    """Return the smallest distance between two exams of a patient; -1 is an unknown patient.

    It is more than ``len(patients)`` if no patient has two exams.
    """
    last: dict[int, int] = {}
    gap = len(patients) + 1
    for place, patient in enumerate(patients):
        if patient != -1:
            gap = min(gap, place - last.get(patient, -len(patients) - 1))
            last[patient] = place
    return gap


@given(patients_, st.integers(1, 12))
def test_every_exam_appears_once(patients, gap):
    result = ordering.apart(np.array(patients, dtype=np.int64), gap, ())
    assert sorted(result.tolist()) == list(range(len(patients)))


@given(patients_, st.integers(1, 12))
@example([1, 2] * 5, 10)
@example([1] * 5 + [2] * 5 + [3], 10)
def test_exams_of_a_patient_are_as_far_apart_as_possible(patients, gap):
    result = ordering.apart(np.array(patients, dtype=np.int64), gap, ())
    widest = ordering._widest(ordering.with_unknown_numbered(np.array(patients, dtype=np.int64)))
    assert min_gap([patients[at] for at in result]) >= min(gap, widest)


def test_exams_far_enough_apart_are_not_moved():
    patients = np.array([1, 2, 3, 1, 2, 3])
    assert ordering.apart(patients, 3, ()).tolist() == [0, 1, 2, 3, 4, 5]


def test_an_exam_is_moved_no_further_than_needed():
    patients = np.array([1, 1, 2, 3, 4])
    assert ordering.apart(patients, 3, ()).tolist() == [0, 2, 3, 1, 4]


def test_at_the_end_an_exam_is_moved_forward():
    patients = np.array([2, 3, 4, 1, 1])
    assert ordering.apart(patients, 3, ()).tolist() == [0, 4, 1, 2, 3]


def test_an_exam_fits_at_exactly_the_required_distance():
    patients = np.array([1, 2, 3, 4, 5, 1, 1])
    assert ordering.apart(patients, 3, ()).tolist() == [0, 1, 2, 6, 3, 4, 5]


def test_exams_of_unknown_patients_may_be_adjacent():
    assert ordering.apart(np.full(5, -1), 10, (-1, -1)).tolist() == [0, 1, 2, 3, 4]


def test_the_gap_includes_exams_of_the_last_release():
    patients = np.array([1, 2, 3, 4])
    assert ordering.apart(patients, 3, (9, 1)).tolist() == [1, 2, 0, 3]


@given(
    n_exams=st.integers(1, 40),
    fraction=st.floats(0, 1),
    washout=st.integers(1, 40),
    n_patients=st.integers(1, 40),
    gap=st.integers(1, 12),
)
@example(n_exams=10, fraction=1.0, washout=6, n_patients=40, gap=1)
@example(n_exams=10, fraction=1.0, washout=10, n_patients=40, gap=1)
def test_a_repeat_comes_after_the_washout(n_exams, fraction, washout, n_patients, gap):
    plan_request = request(
        n_exams,
        2,
        2,
        repeat_fraction=fraction,
        washout_exams=washout,
        patients=np.arange(n_exams) % n_patients,
        patient_gap=gap,
    )
    try:
        readings = design.generate(plan_request).readings
    except design.WashoutTooLong:
        assert washout > n_exams
        assume(False)
    n_repeats = int(np.floor(n_exams * fraction + 0.5))
    for queue in queues(readings).values():
        assert len(queue) == n_exams + n_repeats
        place = {(exam, occurrence): at for at, (exam, occurrence, _) in enumerate(queue)}
        again = [exam for exam, occurrence in place if occurrence == 2]
        assert len(again) == n_repeats
        assert all(place[exam, 2] - place[exam, 1] >= washout for exam in again)


@given(st.integers(1, 40), st.integers(1, 20))
def test_repeats_leave_first_readings_in_their_order(n_exams, washout):
    assume(washout <= n_exams)
    patients = np.arange(n_exams) % 7
    without = design.generate(request(n_exams, 1, 1, patients=patients)).readings
    plan_request = request(
        n_exams, 1, 1, patients=patients, repeat_fraction=0.5, washout_exams=washout
    )
    with_repeats = queues(design.generate(plan_request).readings)[1]
    firsts = [exam for exam, occurrence, _ in with_repeats if occurrence == 1]
    assert firsts == [exam for exam, _, _ in queues(without)[1]]


@pytest.mark.parametrize("washout", range(1, 11))
def test_a_tight_washout_is_kept_for_every_seed(washout):
    for number in range(50):
        mixing = Mixing(
            patients=range(10),
            repeated=np.arange(10),
            washout_exams=washout,
            patient_gap=1,
        )
        ranks, occurrences = mixing.mix(chance.generator(f"s{number}", "mix"))
        first, again = (np.argsort(ranks[occurrences == n]) for n in (1, 2))
        places = [np.flatnonzero(occurrences == n)[at] for n, at in ((1, first), (2, again))]
        assert (places[1] - places[0]).min() >= washout


def test_a_washout_longer_than_the_queue_is_refused():
    with pytest.raises(design.WashoutTooLong, match="Reader 1 has 20 exams") as refusal:
        design.generate(request(20, 1, 1, repeat_fraction=0.1, washout_exams=21))
    result = refusal.value
    assert (result.reader, result.washout_exams, result.longest) == (1, 21, 20)


def test_the_longest_possible_washout_is_kept():
    plan_request = request(20, 1, 1, repeat_fraction=0.1, washout_exams=20)
    assert design.balance(design.generate(plan_request).readings).least_washout == 20


def test_a_long_washout_has_no_effect_without_repeats():
    assert len(design.generate(request(20, 1, 1, washout_exams=500))) == 20


def test_repeats_keep_away_from_other_exams_of_the_patient():
    patients = np.arange(300) // 3
    plan_request = request(
        300, 1, 1, patients=patients, patient_gap=8, repeat_fraction=0.1, washout_exams=20
    )
    queue = queues(design.generate(plan_request).readings)[1]
    assert min_gap([patient for _, _, patient in queue]) >= 8


def test_repeats_are_spread_over_the_order():
    plan_request = request(1000, 1, 1, repeat_fraction=0.1, washout_exams=50)
    queue = queues(design.generate(plan_request).readings)[1]
    places = [at for at, (_, occurrence, _) in enumerate(queue) if occurrence == 2]
    assert min(places) < 300
    assert max(after - before for before, after in pairwise(places)) < 200


def test_any_exam_early_enough_may_be_repeated():
    counts = np.zeros(10)
    for number in range(500):
        rng = chance.generator(f"s{number}", "repeats")
        repeated = repeats(reader=1, n_exams=10, n_repeats=2, washout_exams=4, rng=rng)
        assert repeated.tolist() == sorted(set(repeated.tolist()))
        counts[repeated] += 1
    assert (counts[:7] > 100).all()
    assert (counts[7:] == 0).all()


@given(st.integers(0, 40), st.integers(1, 5), st.floats(0, 1))
def test_numbers_of_repeats_differ_by_at_most_one(n_exams, n_readers, fraction):
    plan_request = request(n_exams, n_readers, 1, repeat_fraction=fraction)
    result = design.balance(design.generate(plan_request).readings, readers=plan_request.readers)
    counts = list(result.repeats_by_reader.values())
    assert max(counts) - min(counts) <= 1


def test_the_same_request_gives_the_same_plan():
    plan_request = [request(80, 6, 2, repeat_fraction=0.2, washout_exams=5) for _ in range(2)]
    first, second = (list(design.generate(each).rows()) for each in plan_request)
    assert first == second


def test_readers_have_different_orders():
    result = queues(design.generate(request(30, 2, 2)).readings)
    assert [row[0] for row in result[1]] != [row[0] for row in result[2]]
