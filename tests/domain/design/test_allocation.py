"""Every exam gets its readers, and the readers' loads are balanced."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import linprog

from ecgreview import design

from .tables import loads, readers_by_exam, request, shared

sizes = st.tuples(st.integers(0, 60), st.integers(1, 9), st.integers(1, 4)).filter(
    lambda size: size[2] <= size[1]
)


@st.composite
def excluded_pairs(draw, n_exams: int, n_readers: int) -> np.ndarray:
    """Draw pairs of reader and exam that must not be assigned."""
    meetings = st.tuples(st.integers(1, n_readers), st.integers(1001, 1000 + max(n_exams, 1)))
    return np.array(draw(st.lists(meetings, max_size=60)), dtype=np.int64).reshape(-1, 2)


@given(sizes)
def test_every_exam_has_its_number_of_different_readers(size):
    n_exams, _, per_exam = size
    result = readers_by_exam(design.allocate(request(*size)))
    assert len(result) == n_exams
    assert all(len(readers) == per_exam for readers in result.values())


@given(sizes)
def test_loads_differ_by_at_most_one_exam(size):
    plan_request = request(*size)
    result = loads(readers_by_exam(design.allocate(plan_request)), plan_request.readers)
    assert max(result) - min(result) <= 1


@given(st.integers(0, 150), st.integers(2, 9))
def test_pairs_of_readers_share_equally_many_exams_within_one(n_exams, n_readers):
    plan_request = request(n_exams, n_readers, 2)
    counts = shared(readers_by_exam(design.allocate(plan_request)), plan_request.readers)
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("n_exams", "n_readers", "per_exam"),
    [(7, 7, 3), (13, 13, 4), (21, 21, 5), (45, 10, 2), (10, 6, 3)],
)
def test_a_known_balanced_incomplete_block_design_is_found(n_exams, n_readers, per_exam):
    # These include the projective planes of order 2, 3 and 4.
    plan_request = request(n_exams, n_readers, per_exam)
    assert (
        len(set(shared(readers_by_exam(design.allocate(plan_request)), plan_request.readers))) == 1
    )


@pytest.mark.parametrize(
    ("n_exams", "n_readers", "per_exam"),
    [(8475, 46, 3), (8475, 46, 2), (1000, 46, 3), (500, 12, 3)],
)
def test_a_study_of_usual_size_is_balanced_within_one(n_exams, n_readers, per_exam):
    plan_request = request(n_exams, n_readers, per_exam)
    result = readers_by_exam(design.allocate(plan_request))
    assert np.ptp(loads(result, plan_request.readers)) <= 1
    assert np.ptp(shared(result, plan_request.readers)) <= 1


def test_exchanges_balance_loads_despite_exclusions():
    rng = np.random.default_rng(3)
    excluded = np.stack([rng.integers(1, 11, 300), rng.integers(1001, 1601, 300)], axis=1)
    plan_request = request(600, 10, 3, excluded=excluded)
    result = readers_by_exam(design.allocate(plan_request))
    assert np.ptp(loads(result, plan_request.readers)) <= 1
    assert np.ptp(shared(result, plan_request.readers)) <= 1


@given(size=sizes, data=st.data())
def test_no_reader_gets_an_excluded_exam(size, data):
    excluded = data.draw(excluded_pairs(size[0], size[1]))
    try:
        result = readers_by_exam(design.allocate(request(*size, excluded=excluded)))
    except design.DesignRefused:
        assume(False)
    assert not any(reader in result.get(exam, ()) for reader, exam in excluded.tolist())


@given(size=sizes, data=st.data())
def test_an_allocation_is_found_exactly_when_there_is_one(size, data):
    n_exams, n_readers, per_exam = size
    assume(n_exams > 0)
    excluded = data.draw(excluded_pairs(n_exams, n_readers))
    caps = np.array(data.draw(st.lists(st.integers(0, 40), min_size=n_readers, max_size=n_readers)))
    plan_request = request(*size, excluded=excluded, caps=caps)
    allowed = np.ones((n_readers, n_exams), dtype=bool)
    allowed[excluded[:, 0] - 1, excluded[:, 1] - 1001] = False
    try:
        result = readers_by_exam(design.allocate(plan_request))
    except design.DesignRefused:
        assert not is_feasible(allowed, per_exam, caps)
    else:
        assert all(len(readers) == per_exam for readers in result.values())
        assert (np.array(loads(result, plan_request.readers)) <= caps).all()


def is_feasible(allowed: np.ndarray, per_exam: int, caps: np.ndarray) -> bool:
    """Decide whether an allocation exists, by a linear program (its vertices are integral)."""
    readers, exams = np.nonzero(allowed)
    each = np.arange(len(readers))
    of_exam = np.zeros((allowed.shape[1], len(readers)))
    of_reader = np.zeros((allowed.shape[0], len(readers)))
    of_exam[exams, each], of_reader[readers, each] = 1, 1
    result = (
        linprog(
            np.zeros(len(readers)),
            A_ub=of_reader,
            b_ub=caps,
            A_eq=of_exam,
            b_eq=np.full(allowed.shape[1], per_exam),
            bounds=(0, 1),
        )
        if len(readers)
        else None
    )
    return result is not None and result.status == 0


@given(st.data())
def test_loads_are_as_even_as_possible(data):
    n_exams, n_readers = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    excluded = data.draw(excluded_pairs(n_exams, n_readers))
    plan_request = request(n_exams, n_readers, 1, excluded=excluded)
    able = [
        [r for r in range(1, n_readers + 1) if [r, e] not in excluded.tolist()]
        for e in range(1001, 1001 + n_exams)
    ]
    assume(all(able))
    best = min(
        sum(chosen.count(reader) ** 2 for reader in range(1, n_readers + 1))
        for chosen in itertools.product(*able)
    )
    result = loads(readers_by_exam(design.allocate(plan_request)), plan_request.readers)
    assert sum(load**2 for load in result) == best


@given(size=sizes, data=st.data())
def test_loads_are_level_below_the_caps(size, data):
    caps = data.draw(st.lists(st.integers(-1, 40), min_size=size[1], max_size=size[1]))
    plan_request = request(*size, caps=caps)
    try:
        result = loads(readers_by_exam(design.allocate(plan_request)), plan_request.readers)
    except design.DesignRefused:
        assume(False)
    uncapped = [load for load, cap in zip(result, caps, strict=True) if cap in (-1,) or load < cap]
    assert all(cap == -1 or load <= cap for load, cap in zip(result, caps, strict=True))
    assert not uncapped or max(result) - min(uncapped) <= 1


@given(
    st.integers(1, 60),
    st.integers(1, 30),
    st.floats(0, 1),
)
def test_a_cap_holds_with_repeats(n_exams, cap, fraction):
    plan_request = request(n_exams, 3, 1, caps=[cap, -1, -1], repeat_fraction=fraction)
    readings = design.generate(plan_request).readings
    assert (readings.readers == 1).sum() <= cap


def test_a_capped_reader_reads_up_to_the_cap():
    plan_request = request(100, 2, 1, caps=[33, -1], repeat_fraction=0.1)
    readings = design.generate(plan_request).readings
    # 30 exams + 3 repeats = 33; the other reader gets 67 exams + 7 repeats.
    assert ((readings.readers == 1).sum(), (readings.readers == 2).sum()) == (33, 77)


def test_everyone_reads_the_anchors():
    anchors = np.arange(50) % 10 == 0
    plan_request = request(50, 6, 2, anchors=anchors)
    result = readers_by_exam(design.allocate(plan_request))
    assert {exam for exam, readers in result.items() if len(readers) == 6} == {
        1001,
        1011,
        1021,
        1031,
        1041,
    }
    assert sorted({len(readers) for readers in result.values()}) == [2, 6]
    assert np.ptp(loads(result, plan_request.readers)) <= 1


def test_an_anchor_is_not_given_to_an_excluded_reader():
    plan_request = request(3, 4, 2, anchors=[True, False, False], excluded=[(2, 1001)])
    assert readers_by_exam(design.allocate(plan_request))[1001] == {1, 3, 4}


def test_an_anchor_needs_as_many_readers_as_other_exams():
    with pytest.raises(design.NobodyLeft, match="Exam 1001 needs 2"):
        design.allocate(
            request(3, 3, 2, anchors=[True, False, False], excluded=[(1, 1001), (2, 1001)])
        )


@given(size=sizes, seed=st.integers(0, 2**32 - 1))
def test_the_import_order_does_not_matter(size, seed):
    plan_request = request(*size, caps=np.arange(size[1]) + size[0])
    rng = np.random.default_rng(seed)
    exams, readers = rng.permutation(size[0]), rng.permutation(size[1])
    shuffled = design.Request(
        seed=plan_request.seed,
        exams=np.asarray(plan_request.exams)[exams],
        readers=np.asarray(plan_request.readers)[readers],
        caps=np.asarray(plan_request.caps)[readers],
        readers_per_exam=size[2],
    )
    for original, permuted in zip(
        design.allocate(plan_request), design.allocate(shuffled), strict=True
    ):
        np.testing.assert_array_equal(original, permuted)


def test_another_seed_gives_another_allocation():
    first, second = (
        readers_by_exam(design.allocate(request(60, 6, 2, seed=seed))) for seed in "ab"
    )
    assert first != second


def test_readers_are_assigned_at_random():
    counts = np.zeros((4, 8))
    for number in range(400):
        readers, exams = design.allocate(request(8, 4, 1, seed=f"s{number}"))
        counts[readers - 1, exams - 1001] += 1
    chi2 = ((counts - 100) ** 2 / 100).sum()
    assert chi2 < 52.6  # 99.99th percentile, 21 degrees of freedom


def test_too_few_readers_are_refused():
    with pytest.raises(
        design.TooFewReaders, match="needs 3 readers, but there are only 2"
    ) as refusal:
        design.allocate(request(5, 2, 3))
    assert (refusal.value.needed, refusal.value.available) == (3, 2)


def test_an_exam_with_too_few_eligible_readers_is_refused_by_name():
    with pytest.raises(design.NobodyLeft, match="Exam 1002 needs 2 more readers") as refusal:
        design.allocate(request(5, 3, 2, excluded=[(1, 1002), (3, 1002)]))
    result = refusal.value
    assert (result.exam, result.needed, result.available) == (1002, 2, 1)


def test_caps_below_the_number_of_readings_are_refused():
    with pytest.raises(design.CapsTooSmall, match=r"need 10 readings, .* allow only 9") as refusal:
        design.allocate(request(5, 3, 2, caps=[3, 3, 3]))
    assert (refusal.value.needed, refusal.value.available) == (10, 9)


def test_a_cap_above_the_number_of_exams_has_no_effect():
    with pytest.raises(design.CapsTooSmall) as refusal:
        design.allocate(request(5, 2, 2, caps=[2, 100]))
    assert refusal.value.available == 7


def test_an_exam_whose_readers_are_at_their_caps_is_refused():
    # Only readers 1 and 2 may read these three exams, and their caps leave room for two.
    excluded = [(reader, exam) for reader in (3, 4) for exam in (1001, 1002, 1003)]
    with pytest.raises(design.NobodyLeft) as refusal:
        design.allocate(request(6, 4, 1, caps=[1, 1, 9, 9], excluded=excluded))
    assert refusal.value.needed == 1
    assert refusal.value.available == 0


def test_a_cap_below_the_anchors_is_refused():
    with pytest.raises(design.CapBelowAnchors, match="Reader 2 has 3 anchor exams") as refusal:
        design.allocate(request(3, 3, 1, caps=[-1, 2, -1], anchors=[True] * 3))
    result = refusal.value
    assert (result.reader, result.needed, result.available) == (2, 3, 2)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("readers_per_exam", {"per_exam": 0}),
        ("repeat_fraction", {"repeat_fraction": 1.01}),
        ("repeat_fraction", {"repeat_fraction": -0.01}),
        ("repeat_fraction", {"repeat_fraction": float("nan")}),
        ("washout_exams", {"washout_exams": 0}),
        ("patient_gap", {"patient_gap": 0}),
        ("patients", {"patients": [1]}),
        ("anchors", {"anchors": [True]}),
        ("caps", {"caps": [1]}),
        ("excluded", {"excluded": [1, 2, 3]}),
    ],
)
def test_an_invalid_value_is_refused_by_field_name(field, change):
    with pytest.raises(design.BadDesign, match=field) as refusal:
        design.generate(request(4, 3, change.pop("per_exam", 2), **change))
    assert refusal.value.field == field


@pytest.mark.parametrize("field", ["exams", "readers"])
def test_a_duplicate_id_is_refused(field):
    plan_request: dict[str, Any] = {"exams": [1, 2], "readers": [1, 2], field: [3, 7, 5, 7]}
    with pytest.raises(design.BadDesign, match="7 is listed twice"):
        design.allocate(design.Request(seed="s", readers_per_exam=1, **plan_request))


def test_a_study_without_exams_has_an_empty_plan():
    assert len(design.generate(request(0, 0, 2))) == 0
