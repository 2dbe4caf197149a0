"""Alpha of sets of classes: published distances, other libraries, invariants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.agreement import ABSENT, MISSING, PRESENT, BadRatings
from ecgreview.agreement.coefficients import nominal
from ecgreview.agreement.coefficients.set_alpha import (
    Distance,
    SetCount,
    distances,
    set_alpha,
    set_alpha_measure,
)
from ecgreview.agreement.values import bounded
from ecgreview.agreement.values.reasons import Reason

states = arrays.arrays(
    np.int8,
    st.tuples(st.integers(2, 4), st.integers(0, 8), st.integers(1, 4)),
    elements=st.integers(0, 2),
)
seeds = st.integers(0, 2**32 - 1)
both = pytest.mark.parametrize("distance", list(Distance))


def marked_sets(sets: Sequence[Sequence[int]], n_classes: int = 9) -> np.ndarray:
    """Return one row of states for each set: present if the set contains the class, else absent."""
    rows = np.full((len(sets), n_classes), ABSENT, dtype=np.int8)
    for row, codes in zip(rows, sets, strict=True):
        row[list(codes)] = PRESENT
    return rows


def ratings_of(exams: Sequence[Sequence[Sequence[int]]], n_classes: int = 9) -> np.ndarray:
    """Return the ratings of exams. Each exam is a list of its readers' sets."""
    n_readers = max(len(exam) for exam in exams)
    ratings = np.full((n_readers, len(exams), n_classes), MISSING, dtype=np.int8)
    for column, exam in enumerate(exams):
        ratings[: len(exam), column] = marked_sets(exam, n_classes)
    return ratings


def alpha_by_pairs(ratings: np.ndarray, distance: Distance) -> float | None:
    """Return alpha by its definition, which compares every pair of readings."""
    by_exam = [exam[(exam != MISSING).any(axis=1)] for exam in ratings.transpose(1, 0, 2)]
    compared = [exam for exam in by_exam if len(exam) >= 2]
    if not compared:
        return None
    readings = np.concatenate(compared)
    n = len(readings)
    observed = sum(distances(e, e, distance).sum() / (len(e) - 1) for e in compared) / n
    expected = distances(readings, readings, distance).sum() / (n * (n - 1))
    return 1 - observed / expected if expected else None


def test_distances_match_published_values(vectors):
    for pair in vectors("set_valued")["masi_pairs"]:
        first, second = marked_sets([pair["a"]]), marked_sets([pair["b"]])
        for distance in Distance:
            (result,) = distances(first, second, distance).reshape(-1)
            assert result == pytest.approx(pair[distance.value], rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("case", "distance"), [(0, "masi"), (0, "jaccard"), (1, "masi"), (1, "jaccard")]
)
def test_alpha_of_published_sets(vectors, case, distance):
    data: dict[str, Any] = vectors("set_valued")["cases"][case]
    result = set_alpha(ratings_of(data["label_sets"]), Distance(distance)).value
    assert result == pytest.approx(data[f"alpha_{distance}"], rel=0, abs=1e-12)
    if f"nltk_{distance}" in data:
        assert result == pytest.approx(data[f"nltk_{distance}"], rel=0, abs=1e-12)


@both
@given(ratings=states)
def test_alpha_matches_the_pairwise_definition(distance, ratings):
    result, expected = set_alpha(ratings, distance).value, alpha_by_pairs(ratings, distance)
    assert result is None if expected is None else result == pytest.approx(expected, abs=1e-9)


@given(ratings=states)
def test_there_is_a_value_or_a_known_reason(ratings):
    result = set_alpha(ratings)
    assert (result.value is None) == (result.reason in {Reason.NOT_COMPARED, Reason.ALL_ALIKE})
    assert result.value is None or np.isfinite(result.value)


@both
@given(ratings=states, seed=seeds)
def test_the_order_of_readers_exams_and_classes_does_not_matter(distance, ratings, seed):
    rng = np.random.default_rng(seed)
    shuffled = ratings
    for axis in range(3):
        shuffled = rng.permutation(shuffled, axis=axis)
    result, expected = set_alpha(shuffled, distance).value, set_alpha(ratings, distance).value
    assert result is None if expected is None else result == pytest.approx(expected, abs=1e-9)


@both
@given(ratings=states)
def test_an_exam_read_once_changes_nothing(distance, ratings):
    alone = np.full((len(ratings), 1, ratings.shape[2]), MISSING, dtype=np.int8)
    alone[0] = PRESENT
    more = np.concatenate([ratings, alone], axis=1)
    assert set_alpha(more, distance) == set_alpha(ratings, distance)


@both
@given(
    codes=arrays.arrays(
        np.int8, st.tuples(st.integers(2, 4), st.integers(1, 8)), elements=st.integers(0, 3)
    )
)
def test_sets_of_one_class_have_nominal_alpha(distance, codes):
    ratings = np.where(codes[:, :, None] == np.arange(4), PRESENT, ABSENT).astype(np.int8)
    result = set_alpha(ratings, distance)
    expected = nominal.krippendorff_alpha(codes.astype(np.float64))
    assert result.reason == expected.reason
    assert (
        result.value is None
        if expected.value is None
        else result.value == pytest.approx(expected.value, abs=1e-9)
    )


@given(ratings=states)
def test_distances_are_symmetric_with_zero_for_a_set_from_itself(ratings):
    rows = ratings.reshape(-1, ratings.shape[2])
    for distance in Distance:
        result = distances(rows, rows, distance)
        np.testing.assert_array_equal(result, result.T)
        assert (np.diagonal(result) == 0).all()
        assert ((result >= 0) & (result <= 1)).all()


@given(ratings=states)
def test_masi_distance_is_at_least_jaccard_distance(ratings):
    rows = ratings.reshape(-1, ratings.shape[2])
    assert (distances(rows, rows, Distance.MASI) >= distances(rows, rows, Distance.JACCARD)).all()


def test_not_assessable_classes_do_not_separate_sets():
    first = np.array([[PRESENT, PRESENT, ABSENT]], dtype=np.int8)
    second = np.array([[PRESENT, MISSING, ABSENT]], dtype=np.int8)
    assert distances(first, second) == 0


def test_constant_sets_have_no_alpha():
    result = set_alpha(ratings_of([[[], []], [[], []]]))
    assert (result.value, result.reason) == (None, Reason.ALL_ALIKE)


def test_exams_read_once_have_no_alpha():
    result = set_alpha(ratings_of([[[1]], [[2]]]))
    assert (result.value, result.reason) == (None, Reason.NOT_COMPARED)


@pytest.mark.parametrize("shape", [(0, 0, 0), (2, 0, 3), (0, 3, 2), (2, 3, 0)])
def test_ratings_without_any_reading_have_no_alpha(shape):
    assert set_alpha(np.ones(shape, dtype=np.int8)).reason == Reason.NOT_COMPARED


def test_an_unknown_state_is_refused():
    with pytest.raises(BadRatings, match="neither 0"):
        set_alpha(np.full((2, 2, 2), 3, dtype=np.int8))


def test_ratings_without_classes_are_refused():
    with pytest.raises(BadRatings, match="2 axes"):
        set_alpha(np.ones((2, 2), dtype=np.int8))


def test_the_bootstrap_matches_resampling_exam_by_exam():
    rng = np.random.default_rng(11)
    truth = rng.random((200, 5)) < 0.3
    is_given = truth ^ (rng.random((2, 200, 5)) < 0.1)
    ratings = np.where(is_given, PRESENT, ABSENT).astype(np.int8)
    replicates = SetCount.of(ratings).bootstrap(Distance.MASI, 400, rng)
    one_by_one = [set_alpha(ratings[:, rng.integers(0, 200, 200)]).value or 0 for _ in range(400)]
    assert replicates.mean() == pytest.approx(np.mean(one_by_one), abs=0.01)
    assert replicates.std() == pytest.approx(np.std(one_by_one), rel=0.2)


def test_the_same_seed_draws_the_same_exams():
    sets = SetCount.of(ratings_of([[[1], [1, 2]], [[3], [3]], [[], [4]]]))
    first, second = (
        sets.bootstrap(Distance.JACCARD, 250, np.random.default_rng(3)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_ratings_of_another_dtype_are_refused():
    with pytest.raises(BadRatings, match="int64, not int8"):
        set_alpha(np.ones((2, 2, 2), dtype=np.int64))


def test_an_interval_contains_its_estimate():
    rng = np.random.default_rng(2)
    is_given = (rng.random((1, 60, 4)) < 0.3) ^ (rng.random((3, 60, 4)) < 0.1)
    ratings = np.where(is_given, PRESENT, ABSENT).astype(np.int8)
    result = set_alpha_measure(ratings, rng, n_replicates=200)
    assert result.estimate == set_alpha(ratings).value
    assert result.low is not None
    assert result.high is not None
    assert -1 < result.low < (result.estimate or 0) < result.high < 1
    assert (result.n, result.reason, result.method) == (60, "", "bootstrap")


@pytest.mark.parametrize(
    ("exams", "n", "reason"),
    [
        ([[[1]], [[2]]], 0, Reason.NOT_COMPARED),
        ([[[], []], [[], []]], 2, Reason.ALL_ALIKE),
    ],
)
def test_a_measure_without_a_value_has_the_reason(exams, n, reason):
    result = set_alpha_measure(ratings_of(exams), np.random.default_rng(1))
    assert (result.estimate, result.low, result.n, result.reason) == (None, None, n, reason)


def test_readers_who_agree_perfectly_have_no_interval():
    result = set_alpha_measure(ratings_of([[[1], [1]], [[], []]]), np.random.default_rng(1))
    assert (result.estimate, result.low, result.reason) == (1.0, None, Reason.NO_SPREAD)


def test_an_invalid_confidence_is_refused_without_exams():
    with pytest.raises(bounded.BadConfidence, match=r"of 2\.0 is not"):
        set_alpha_measure(ratings_of([[[1]]]), np.random.default_rng(1), confidence=2.0)


@pytest.mark.parametrize(("estimate", "limits"), [(0.1, (0.1, 0.9)), (0.95, (0.5, 0.95))])
def test_an_interval_is_widened_to_contain_its_estimate(estimate, limits):
    replicates = np.repeat([0.5, 0.9], 50)
    result = bounded.Measure.of_replicates(estimate, replicates, n=7, confidence=0.95)
    assert (result.low, result.high) == pytest.approx(limits)


def test_resamples_without_a_value_give_no_interval():
    replicates = np.full(9, np.nan)
    result = bounded.Measure.of_replicates(0.5, replicates, n=7, confidence=0.95)
    assert result == bounded.Measure.alone(0.5, 7, Reason.NO_SPREAD)


def test_a_measure_is_plain_json():
    result = bounded.Measure.between(0.5, 0.25, 0.75, 7, "bootstrap")
    assert result.to_json() == {
        "estimate": 0.5,
        "low": 0.25,
        "high": 0.75,
        "n": 7,
        "reason": "",
        "method": "bootstrap",
    }
