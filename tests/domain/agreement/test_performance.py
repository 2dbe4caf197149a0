"""Performance of a reader against a reference: worked examples, other libraries, invariants."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import f1_score, precision_score, recall_score

from ecgreview.agreement import ABSENT, PRESENT, BadRatings
from ecgreview.agreement.accuracy.performance import (
    BadComparison,
    Performance,
    by_block,
    confusion,
    performance,
)
from ecgreview.agreement.values import proportions
from ecgreview.agreement.values.bounded import BadConfidence, Measure
from ecgreview.agreement.values.reasons import Reason

REASONS = {
    Reason.NO_REFERENCE_READ,
    Reason.REFERENCE_NEVER,
    Reason.REFERENCE_ALWAYS,
    Reason.READER_NEVER,
    Reason.IN_NEITHER,
    Reason.NO_CLASS_IN_EITHER,
}

shapes = st.tuples(st.integers(0, 8), st.integers(0, 4))
seeds = st.integers(0, 2**32 - 1)


@st.composite
def compared(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(shapes)
    states = arrays.arrays(np.int8, shape, elements=st.integers(0, 2))
    return draw(states), draw(states)


def states(*exams: str) -> np.ndarray:
    """Return the states of exams, each a row of ``+``, ``-`` and ``.`` (missing)."""
    return np.array([[".-+".index(state) for state in exam] for exam in exams], dtype=np.int8)


def performance_of(answers: np.ndarray, reference: np.ndarray, **options: object) -> Performance:
    rng = np.random.default_rng(1)
    return performance(answers, reference, rng, **{"n_replicates": 50, **options})  # type: ignore[arg-type]


def measures_of(result: Performance) -> list[Measure]:
    names = ("sensitivity", "specificity", "precision", "f1")
    of_classes = [getattr(line, name) for line in result.classes for name in names]
    return [*of_classes, result.micro_f1, result.macro_f1]


def simulated(seed: int, n_exams: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random((n_exams, 6)) < [0.01, 0.03, 0.1, 0.2, 0.3, 0.5]
    calls = np.where(truth, rng.random(truth.shape) < 0.8, rng.random(truth.shape) < 0.05)
    answers, reference = (
        np.where(value, PRESENT, ABSENT).astype(np.int8) for value in (calls, truth)
    )
    return answers, reference


def test_a_worked_example():
    result = performance_of(states("++-", "+--", "---", "-+-"), states("+--", "++-", "---", "-+-"))
    first, second, third = result.classes
    assert [first.sensitivity.estimate, first.specificity.estimate] == [1, 1]
    assert [second.sensitivity.estimate, second.specificity.estimate] == [0.5, 0.5]
    assert second.precision.estimate == 0.5
    assert second.operating_point == (0.5, 0.5)
    assert third.operating_point is None
    assert (first.is_in_scope, third.is_in_scope, result.n_met) == (True, False, 2)
    assert result.micro_f1.estimate == pytest.approx(6 / 8)
    assert result.macro_f1.estimate == pytest.approx((1 + 0.5) / 2)


def test_a_class_marked_only_by_mistake_is_in_the_fair_scope():
    result = performance_of(states("++", "+-"), states("+-", "+-"))
    assert result.n_met == 2
    assert result.macro_f1.estimate == pytest.approx(0.5)


def test_a_class_only_in_unread_exams_is_out_of_scope():
    result = performance_of(states("+-", ".."), states("+-", "-+"))
    assert (result.n_met, result.macro_f1.estimate, result.micro_f1.n) == (1, 1.0, 1)


def test_an_exam_without_reference_is_left_out():
    result = performance_of(states("+", "+"), states("+", "."))
    assert (result.classes[0].n_false_positive, result.micro_f1.n) == (0, 1)


@pytest.mark.parametrize("seed", range(5))
def test_scores_match_sklearn(seed):
    answers, reference = simulated(seed)
    result = performance_of(answers, reference)
    true, called = reference == PRESENT, answers == PRESENT
    is_in_scope = (true | called).any(axis=0)
    for average, value in (("micro", result.micro_f1), ("macro", result.macro_f1)):
        expected = f1_score(true[:, is_in_scope], called[:, is_in_scope], average=average)
        assert value.estimate == pytest.approx(expected, abs=1e-12)
    for column in np.flatnonzero(is_in_scope):
        of_class = result.classes[column]
        pair = true[:, column], called[:, column]
        for value, score in (
            (of_class.sensitivity, recall_score),
            (of_class.precision, precision_score),
            (of_class.f1, f1_score),
        ):
            if value.estimate is not None:
                assert value.estimate == pytest.approx(score(*pair), abs=1e-12)


@pytest.mark.parametrize(
    ("n_positive", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_limits_of_newcombe_1998(n_positive, n, low, high):
    result = proportions.wilson(np.array([n_positive]), np.array([n]), 0.025)
    assert np.ravel(result) == pytest.approx([low, high], abs=5.1e-5)


def test_limits_are_exact_when_all_or_none_are_positive():
    n = np.arange(1, 300)
    assert (proportions.wilson(0 * n, n, 0.025)[0] == 0).all()
    assert (proportions.wilson(n, n, 0.025)[1] == 1).all()


def test_the_limits_of_f1_cover_the_truth():
    # Sensitivity .8 and 20 false positives per 80 true positives: F1 = 2 * .8 / (.8 + .2 + 1) = .8.
    rng, n_held = np.random.default_rng(4), 0
    cells = rng.multinomial(300, [0.08, 0.02, 0.02, 0.88], size=1000)
    hits, either = cells[:, 0], cells[:, :3].sum(axis=1)
    for overlap in proportions.measures(hits, either, "", 0.025):
        f1 = proportions.f1_of_overlap(overlap)
        n_held += (f1.low or 0) <= 0.8 <= (f1.high or 0)
    assert 0.93 <= n_held / 1000 <= 0.97


def test_the_limits_of_micro_f1_cover_the_truth():
    truth, n_held = performance_of(*simulated(0, 200_000)).micro_f1.estimate or 0, 0
    for seed in range(200):
        result = performance_of(*simulated(seed + 1, 300), n_replicates=300).micro_f1
        n_held += (result.low or 0) <= truth <= (result.high or 0)
    assert 0.91 <= n_held / 200 <= 0.985


def test_resampling_by_patient_widens_the_interval_of_repeated_exams():
    answers, reference = simulated(3, 100)
    repeated = [np.repeat(value, 4, axis=0) for value in (answers, reference)]
    width_of = {}
    for name, patients in (("exam", None), ("patient", np.repeat(np.arange(100), 4))):
        result = performance_of(*repeated, patients=patients, n_replicates=500).micro_f1
        width_of[name] = (result.high or 0) - (result.low or 0)
    assert width_of["patient"] == pytest.approx(2 * width_of["exam"], rel=0.25)


def test_the_same_seed_gives_the_same_interval():
    assert performance_of(*simulated(1)) == performance_of(*simulated(1))


def test_each_block_is_the_performance_of_its_readings():
    answers, reference = simulated(2, 90)
    blocks = np.arange(90) % 4 - 1
    result = by_block(answers, reference, blocks, np.random.default_rng(1), n_replicates=20)
    assert list(result) == [0, 1, 2]
    for block, item in result.items():
        expected = performance_of(
            answers[blocks == block], reference[blocks == block], n_replicates=20
        )
        assert item.classes == expected.classes
        assert item.micro_f1.estimate == expected.micro_f1.estimate


def test_a_block_resamples_the_exams_of_a_patient_together():
    answers, reference = simulated(2, 60)
    patients = np.arange(60) // 5
    result = by_block(
        answers,
        reference,
        np.zeros(60, dtype=np.int64),
        np.random.default_rng(1),
        patients=patients,
        n_replicates=50,
    )
    assert result == {0: performance_of(answers, reference, patients=patients)}


def test_a_decline_over_time_shows_in_the_blocks():
    answers, reference = simulated(6, 2000)
    missed = np.random.default_rng(7).random(answers[1000:].shape) < 0.5
    answers[1000:][missed] = ABSENT
    first, second = by_block(
        answers, reference, np.repeat([0, 1], 1000), np.random.default_rng(1)
    ).values()
    assert (second.micro_f1.high or 1) < (first.micro_f1.low or 0)


@given(pair=compared())
def test_there_is_a_value_or_a_known_reason(pair):
    for item in measures_of(performance_of(*pair)):
        if item.estimate is None:
            assert item.reason in REASONS
        else:
            assert 0 <= item.estimate <= 1
            assert (item.low is None) == (item.reason == Reason.NO_SPREAD)
            if item.low is not None and item.high is not None:
                assert 0 <= item.low <= item.estimate + 1e-12
                assert item.estimate - 1e-12 <= item.high <= 1


@given(pair=compared(), seed=seeds)
def test_the_order_of_exams_and_classes_does_not_matter(pair, seed):
    rng = np.random.default_rng(seed)
    exams, classes = (rng.permutation(size) for size in pair[0].shape)
    original, changed = (
        performance_of(*pair),
        performance_of(*(item[exams][:, classes] for item in pair)),
    )
    assert [changed.classes[place] for place in range(len(classes))] == [
        original.classes[place] for place in classes
    ]
    assert changed.micro_f1.estimate == pytest.approx(original.micro_f1.estimate)
    assert changed.macro_f1.estimate == pytest.approx(original.macro_f1.estimate)


@given(pair=compared())
def test_f1_is_symmetric(pair):
    original, changed = performance_of(*pair), performance_of(*pair[::-1])
    assert changed.micro_f1.estimate == original.micro_f1.estimate
    assert changed.macro_f1.estimate == original.macro_f1.estimate


@given(pair=compared())
def test_twice_the_data_have_the_same_scores(pair):
    original, changed = (
        performance_of(*pair),
        performance_of(*(np.concatenate([item, item]) for item in pair)),
    )
    for item, other in zip(measures_of(original), measures_of(changed), strict=True):
        assert other.estimate == pytest.approx(item.estimate)
        assert other.n == 2 * item.n


@given(pair=compared())
def test_macro_f1_is_of_classes_that_occurred(pair):
    result = performance_of(*pair)
    met = [line.f1.estimate for line in result.classes if line.is_in_scope]
    assume(met)
    assert result.macro_f1.estimate == pytest.approx(np.mean([item or 0.0 for item in met]))
    assert result.n_met == len(met)


def test_several_readers_are_compared_with_one_reference():
    answers, reference = simulated(1, 50)
    readers = np.stack([answers, reference])
    result = confusion(readers, reference)
    np.testing.assert_array_equal(result[:, 0], confusion(answers, reference))
    assert (result[1:3, 1] == 0).all()


@pytest.mark.parametrize(
    ("answers", "reference", "name", "reason"),
    [
        ("-", "-", "sensitivity", Reason.REFERENCE_NEVER),
        ("-", "+", "specificity", Reason.REFERENCE_ALWAYS),
        ("-", "+", "precision", Reason.READER_NEVER),
        ("-", "-", "f1", Reason.IN_NEITHER),
        (".", "+", "f1", Reason.NO_REFERENCE_READ),
    ],
)
def test_an_undefined_measure_has_a_reason(answers, reference, name, reason):
    (result,) = performance_of(states(answers), states(reference)).classes
    assert getattr(result, name) == Measure.undefined(0, reason)


def test_only_absent_answers_have_no_f1():
    result = performance_of(states("--", "--"), states("--", "--"))
    assert result.micro_f1 == result.macro_f1 == Measure.undefined(2, Reason.NO_CLASS_IN_EITHER)


def test_no_readings_have_no_f1():
    assert performance_of(states(".."), states("++")).micro_f1 == Measure.undefined(
        0, Reason.NO_REFERENCE_READ
    )


def test_a_perfect_reader_has_an_interval_below_one():
    result = performance_of(states("+-", "-+", "++"), states("+-", "-+", "++"))
    assert (result.micro_f1.estimate, result.micro_f1.low) == (1.0, None)
    assert result.micro_f1.reason == Reason.NO_SPREAD
    assert (result.classes[0].sensitivity.low or 1) < 0.4


def test_two_cardiologists_of_code_test(shared_data: Path):
    readings = []
    for number in (1, 2):
        path = shared_data / "readers" / f"code_test_cardiologist{number}_first100.csv"
        with path.open(newline="", encoding="utf-8") as lines:
            _, *rows = csv.reader(lines)
        readings.append(np.array(rows, dtype=np.int8) + np.int8(1))
    result = performance_of(*readings)
    expected = f1_score(readings[1] == PRESENT, readings[0] == PRESENT, average="micro")
    assert result.micro_f1.estimate == pytest.approx(expected)


def test_answers_of_another_length_are_refused():
    with pytest.raises(BadComparison, match=r"shape \(1, 1\), the reference \(2, 1\)"):
        performance_of(states("+"), states("+", "-"))


def test_patients_of_another_length_are_refused():
    with pytest.raises(BadComparison, match=r"patients has shape \(2,\), expected \(1,\)"):
        performance_of(states("+"), states("+"), patients=np.zeros(2, dtype=np.int64))


def test_blocks_of_another_length_are_refused():
    with pytest.raises(BadComparison, match=r"blocks has shape \(2,\), expected \(1,\)"):
        by_block(states("+"), states("+"), np.zeros(2, dtype=np.int64), np.random.default_rng(1))


def test_an_unknown_state_is_refused():
    with pytest.raises(BadRatings, match="neither 0"):
        performance_of(states("+"), np.full((1, 1), 3, dtype=np.int8))


def test_an_invalid_confidence_is_refused():
    with pytest.raises(BadConfidence, match="not between 0 and 1"):
        performance_of(states("-"), states("-"), confidence=0.0)
