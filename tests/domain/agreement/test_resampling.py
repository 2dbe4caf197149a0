"""Replicates have the specified distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.agreement import PatternCount
from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.reports.report import report
from ecgreview.agreement.sampling import joint, resampling
from ecgreview.agreement.sampling.resampling import BadResampling, Resampling
from ecgreview.agreement.values.coefficient import Estimates
from ecgreview.agreement.values.intervals import measures
from tests.domain.agreement.strategies import binary_ratings, study

COUNTS = np.array([[900.0, 60.0, 0.0, 40.0], [5.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])


def test_a_replicate_has_the_original_number_of_exams():
    replicates = resampling.bootstrap(COUNTS, 50, np.random.default_rng(1))
    assert (replicates.sum(axis=2) == COUNTS.sum(axis=1)).all()


def test_absent_patterns_are_never_drawn():
    replicates = resampling.bootstrap(COUNTS, 50, np.random.default_rng(1))
    assert not replicates[:, COUNTS == 0].any()


def test_counts_vary_like_a_multinomial():
    replicates = resampling.bootstrap(COUNTS[:1], 20_000, np.random.default_rng(2))[:, 0]
    shares = COUNTS[0] / 1000
    np.testing.assert_allclose(replicates.mean(axis=0), COUNTS[0], rtol=0.01)
    np.testing.assert_allclose(replicates.var(axis=0), 1000 * shares * (1 - shares), rtol=0.05)


def test_joint_draws_have_the_distribution_of_single_classes():
    answers = Answers.of(study(3))
    count = answers.count()
    how = Resampling(n_replicates=4000, seed=1)
    together = np.concatenate([answers.counts(part) for part in joint.weights(answers, how)])
    alone = resampling.bootstrap(count.counts, 4000, np.random.default_rng(2))
    np.testing.assert_allclose(together.mean(axis=0), alone.mean(axis=0), atol=1.0)
    np.testing.assert_allclose(together.std(axis=0), alone.std(axis=0), atol=0.5)


@pytest.mark.parametrize("n_alike", [1, 50])
def test_a_replicate_has_the_original_number_of_units(n_alike):
    answers = Answers.of(study(4, n_exams=40))
    times = np.full(40, n_alike)
    many = Answers(
        answers.patterns, answers.n_classes, answers.n_exams, answers.unit, times,
        answers.base, answers.row, answers.column, answers.pattern,
    )  # fmt: skip
    replicates = np.concatenate(list(joint.weights(many, Resampling(n_replicates=200))))
    assert (replicates.sum(axis=1) == 40 * n_alike).all()
    assert replicates.var() == pytest.approx(n_alike, rel=0.2)


def test_exams_of_a_patient_are_drawn_together():
    ratings = study(5)
    twice = np.concatenate([ratings, ratings], axis=1)
    patients = np.tile(np.arange(ratings.shape[1]), 2)
    how = Resampling(n_replicates=2000)
    spread = {}
    for name, owners in (("exam", None), ("patient", patients)):
        answers = Answers.of(twice, owners)
        parts = [answers.counts(part) for part in joint.weights(answers, how)]
        spread[name] = np.concatenate(parts).std(axis=0).max()
    assert spread["patient"] / spread["exam"] == pytest.approx(2**0.5, rel=0.1)


def test_the_posterior_is_centered_on_the_counts():
    prior = np.full_like(COUNTS, 0.5)
    replicates = resampling.posterior(COUNTS, prior, 20_000, np.random.default_rng(3))
    expected = (COUNTS + 0.5) / (COUNTS + 0.5).sum(axis=1, keepdims=True)
    totals = COUNTS.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(replicates.mean(axis=0), expected * totals, atol=0.5)
    np.testing.assert_allclose(replicates.sum(axis=2), np.broadcast_to(totals[:, 0], (20_000, 3)))


@given(binary_ratings(n_readers=(1, 4), n_exams=(1, 12), n_classes=(1, 3)))
def test_the_prior_of_patterns_sums_to_the_prior_of_cells(ratings):
    completed = resampling.complete_patterns(PatternCount.of(ratings))
    cells = resampling.complete_cells(PatternCount.of(ratings).cells())
    np.testing.assert_allclose(
        resampling.prior_of_patterns(completed).sum(axis=1),
        resampling.prior_of_cells(cells).sum(axis=1),
        atol=1e-12,
    )


@given(binary_ratings(n_readers=(1, 4), n_exams=(1, 12), n_classes=(1, 3)))
def test_completing_adds_no_exams(ratings):
    count = PatternCount.of(ratings)
    completed = resampling.complete_patterns(count)
    cells = resampling.complete_cells(count.cells())
    assert (completed.counts.sum(axis=1) == count.counts.sum(axis=1)).all()
    assert (cells.n_exams.sum(axis=1) == count.counts.sum(axis=1)).all()
    assert len({pattern.tobytes() for pattern in completed.patterns}) == len(completed.patterns)


def test_a_seed_gives_the_same_intervals():
    prior, is_rare = np.full_like(COUNTS, 0.5), np.array([False, True, True])
    first, second = (
        resampling.draw(COUNTS, prior, is_rare, Resampling(20, seed=seed)) for seed in (7, 7)
    )
    np.testing.assert_array_equal(first, second)


def test_a_design_effect_increases_the_bootstrap_variance():
    full, fewer = (
        resampling.bootstrap(COUNTS[:1], 20_000, np.random.default_rng(4), effects)[:, 0]
        for effects in (None, np.array([4.0]))
    )
    np.testing.assert_allclose(fewer.sum(axis=1), 1000)
    occurs = COUNTS[0] > 0
    ratio = fewer.var(axis=0)[occurs] / full.var(axis=0)[occurs]
    np.testing.assert_allclose(ratio, 4.0, rtol=0.1)


def test_a_design_effect_widens_the_posterior():
    prior = np.full_like(COUNTS[:1], 0.5)
    full, fewer = (
        resampling.posterior(COUNTS[:1], prior, 20_000, np.random.default_rng(5), effects)[:, 0]
        for effects in (None, np.array([4.0]))
    )
    np.testing.assert_allclose(fewer.sum(axis=1), 1000)
    assert fewer[:, 0].var() / full[:, 0].var() == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"confidence": 95}, "such as 0.95 for 95%"),
        ({"confidence": 0}, "above 0 and below 1"),
        ({"confidence": float("nan")}, "above 0 and below 1"),
        ({"confidence": "0.95"}, "above 0 and below 1"),
        ({"n_replicates": -1}, "or 0 for no intervals"),
        ({"n_replicates": 10.5}, "must be a whole number"),
        ({"n_replicates": True}, "must be a whole number"),
        ({"seed": -1}, "must be a whole number of at least 0"),
        ({"seed": None}, "must be a whole number of at least 0"),
        ({"seed": "seven"}, "must be a whole number of at least 0"),
    ],
)
def test_invalid_resampling_is_refused(wrong, message):
    with pytest.raises(BadResampling, match=message):
        Resampling(**wrong)


def test_numpy_numbers_are_accepted():
    numpy_values: Any = {"n_replicates": np.int64(10), "seed": np.uint8(3)}
    how = Resampling(confidence=np.float64(0.9), **numpy_values)
    assert how.rng().random() == Resampling(10, 0.9, 3).rng().random()


@given(
    st.lists(
        st.lists(st.floats(-1, 1) | st.just(float("nan")), min_size=9, max_size=9),
        min_size=1,
        max_size=30,
    )
)
def test_intervals_are_percentiles_of_the_defined_replicates(rows):
    values = np.array(rows)
    result = measures(
        Estimates(np.zeros(9)), values, n=np.ones(9), is_rare=np.zeros(9, bool), confidence=0.9
    )
    for column in range(9):
        defined = values[~np.isnan(values[:, column]), column]
        if len(defined) < 2 or defined.std(ddof=1) < 1e-12:
            assert np.isnan(result.low[column])
            continue
        low, high = np.percentile(defined, [5, 95])
        assert result.low[column] == pytest.approx(min(low, 0.0), abs=1e-12)
        assert result.high[column] == pytest.approx(max(high, 0.0), abs=1e-12)
        assert result.error[column] == pytest.approx(defined.std(ddof=1), abs=1e-9)


def test_very_many_patterns_have_fewer_replicates(monkeypatch):
    answers, how = Answers.of(study(6)), Resampling(n_replicates=1000)
    assert joint.n_replicates(answers, how) == 1000
    monkeypatch.setattr(joint, "_MAX_NUMBERS", 300 * (answers.row.size + answers.base.size))
    assert joint.n_replicates(answers, how) == 300
    monkeypatch.setattr(joint, "_MAX_NUMBERS", 1)
    assert joint.n_replicates(answers, how) == joint.MIN_REPLICATES == 200
    assert sum(map(len, joint.weights(answers, how))) == 200


def test_clusters_with_very_many_patterns_have_intervals(monkeypatch):
    ratings = study(7)
    answers = Answers.of(ratings, np.arange(ratings.shape[1]) // 2)
    monkeypatch.setattr(joint, "_MAX_NUMBERS", 1)
    result = report(answers, list("abc"), list("wxyz"))
    assert result["classes"][3]["fleiss_kappa"]["low"] is not None
