"""The data of Dawid and Skene (1979, five anesthetists), and invariants of the general model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgreview.agreement.latent import dawid_skene
from ecgreview.agreement.values.reasons import Reason

from .slow_em import fixed_point

# Dawid & Skene 1979: the prevalences of the four classes.
PRINTED_1979 = [0.40, 0.42, 0.11, 0.07]


@pytest.fixture(scope="session")
def anaesthetists(vectors):
    return vectors("dawid_skene_1979")["cases"][0]


def table(readings):
    counts = np.zeros((45, 5, 4))
    for patient, observer, answer in readings:
        counts[patient - 1, observer - 1, answer - 1] += 1
    return counts


def second_copy(readings):
    """Return the data as in dallascard/dawid_skene: observer 1 rated patient 7 as 1, 2, 2."""
    changed = [list(reading) for reading in readings]
    where = [place for place, entry in enumerate(changed) if entry == [7, 1, 1]]
    changed[where[-1]] = [7, 1, 2]
    return changed


def draw_counts(seed, *, n_exams=40, n_readers=4, n_categories=3):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_categories, n_exams)
    rates = rng.dirichlet(np.ones(n_categories), (n_readers, n_categories))
    rates += 2 * np.eye(n_categories)
    rates /= rates.sum(axis=2, keepdims=True)
    n_times = rng.integers(0, 3, (n_exams, n_readers))
    return np.array(
        [
            [
                rng.multinomial(n_times[exam, reader], rates[reader, so])
                for reader in range(n_readers)
            ]
            for exam, so in enumerate(truth)
        ]
    )


seeds = st.integers(0, 2**32 - 1)


def test_the_fixed_point_equals_that_of_the_rater_package(anaesthetists):
    exact = anaesthetists["exact"]
    result = dawid_skene.fit(table(anaesthetists["long"]), tolerance=0.0)
    np.testing.assert_allclose(result.prevalence.values, exact["prevalence"], rtol=0, atol=1e-13)
    np.testing.assert_allclose(result.error_rates.values, exact["error_rates"], rtol=0, atol=1e-13)
    np.testing.assert_allclose(result.posterior, exact["posterior"], rtol=0, atol=1e-13)
    assert result.log_likelihood == pytest.approx(exact["loglik"], rel=0, abs=1e-13)


def test_the_default_tolerance_is_within_a_billionth_of_the_fixed_point(anaesthetists):
    exact = anaesthetists["exact"]
    result = dawid_skene.fit(table(anaesthetists["long"]))
    assert result.is_converged
    np.testing.assert_allclose(result.prevalence.values, exact["prevalence"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.error_rates.values, exact["error_rates"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("copy", [list, second_copy])
def test_both_copies_of_the_data_give_the_published_prevalences(anaesthetists, copy):
    result = dawid_skene.fit(table(copy(anaesthetists["long"])))
    np.testing.assert_allclose(result.prevalence.values, PRINTED_1979, rtol=0, atol=5e-3)


@pytest.mark.parametrize("copy", [list, second_copy])
def test_both_copies_match_the_reference_implementation(anaesthetists, copy):
    counts = table(copy(anaesthetists["long"]))
    prevalence, rates, log_likelihood = fixed_point(counts.tolist(), 80)
    result = dawid_skene.fit(counts, tolerance=0.0)
    np.testing.assert_allclose(result.prevalence.values, prevalence, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.error_rates.values, rates, rtol=0, atol=1e-12)
    assert result.log_likelihood == pytest.approx(log_likelihood, rel=0, abs=1e-11)


def test_the_two_copies_of_the_data_differ(anaesthetists):
    first_result, second_result = (
        dawid_skene.fit(table(copy(anaesthetists["long"]))).log_likelihood
        for copy in (list, second_copy)
    )
    assert abs(first_result - second_result) > 0.1


@given(seed=seeds)
@settings(max_examples=25)
def test_the_log_likelihood_never_decreases(seed):
    counts = draw_counts(seed)
    heights = [
        dawid_skene.fit(counts, max_iterations=n_steps).log_likelihood for n_steps in range(1, 12)
    ]
    assert (np.diff(heights) >= -1e-10).all()


@given(seed=seeds)
@settings(max_examples=25)
def test_the_order_of_exams_readers_or_categories_does_not_matter(seed):
    counts = draw_counts(seed)
    rng = np.random.default_rng(seed)
    exams, readers, categories = (rng.permutation(n) for n in counts.shape)
    result = dawid_skene.fit(counts, max_iterations=50)
    other = dawid_skene.fit(counts[exams][:, readers][:, :, categories], max_iterations=50)
    np.testing.assert_allclose(
        other.prevalence.values, result.prevalence.values[categories], rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(
        other.posterior, result.posterior[exams][:, categories], rtol=0, atol=1e-6
    )


def test_recovers_the_truth():
    rng = np.random.default_rng(3)
    prevalence = np.array([0.5, 0.3, 0.2])
    rates = np.array([[[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.02, 0.08, 0.9]]] * 4)
    truth = rng.choice(3, 4000, p=prevalence)
    answer = np.array([[rng.multinomial(1, rates[r, so]) for r in range(4)] for so in truth])
    result = dawid_skene.fit(answer)
    np.testing.assert_allclose(result.prevalence.values, prevalence, rtol=0, atol=0.03)
    np.testing.assert_allclose(result.error_rates.values, rates, rtol=0, atol=0.06)


def test_two_readings_of_each_exam_are_refused():
    result = dawid_skene.fit(draw_counts(1, n_readers=2).clip(max=1) * [1, 0, 0])
    assert not result.prevalence.is_defined.any()
    assert Reason.NO_THREE_READINGS in result.prevalence.reasons


def test_a_reader_without_readings_is_undefined():
    counts = draw_counts(2)
    counts[:, 1] = 0
    result = dawid_skene.fit(counts)
    assert not result.error_rates.is_defined[1].any()
    assert (result.error_rates.reasons[1] == Reason.NO_READING).all()


def test_a_category_without_readings_is_undefined():
    counts = np.concatenate([draw_counts(4), np.zeros((40, 4, 1), int)], axis=2)
    result = dawid_skene.fit(counts)
    assert result.prevalence.is_defined.tolist() == [True, True, True, False]
    assert not result.error_rates.is_defined[:, 3].any()


def test_an_unread_exam_has_the_prevalence_as_posterior():
    counts = draw_counts(5)
    counts[0] = 0
    result = dawid_skene.fit(counts)
    np.testing.assert_allclose(result.posterior[0], result.prevalence.values)


@pytest.mark.parametrize("shape", [(0, 3, 2), (4, 0, 2), (4, 3, 0)])
def test_no_readings_are_undefined(shape):
    result = dawid_skene.fit(np.zeros(shape))
    assert not result.prevalence.is_defined.any()
    assert result.log_likelihood == 0


@pytest.mark.parametrize(
    "counts", [np.ones((2, 2)), -np.ones((2, 2, 2)), np.full((2, 2, 2), np.nan), [[[0.5, 1]]]]
)
def test_an_invalid_table_is_refused(counts):
    with pytest.raises(dawid_skene.BadTable):
        dawid_skene.fit(counts)
