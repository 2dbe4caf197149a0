"""Unidentified prevalence and skill are withheld with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.agreement import PatternCount
from ecgreview.agreement.latent import design as latent_design
from ecgreview.agreement.latent import two_states
from ecgreview.agreement.latent.em import Model
from ecgreview.agreement.values.reasons import Reason

from .latent_data import THREE, counted, readings

seeds = st.integers(0, 2**32 - 1)


def reason(estimates):
    return str(estimates.reasons.flat[0])


def test_two_readers_are_refused():
    result = two_states.fit(counted([("++", 20), ("+-", 5), ("-+", 6), ("--", 100)]))
    assert reason(result.prevalence) == Reason.TWO_READERS
    assert not result.sensitivity.is_defined.any()


def test_pairs_of_three_readers_are_refused():
    result = two_states.fit(
        counted([("++.", 20), ("+.+", 20), (".++", 20), ("--.", 40), ("-+.", 5)])
    )
    assert reason(result.prevalence) == Reason.NO_TRIPLES


def test_pairs_fit_many_prevalences_equally_well():
    """Pairwise frequencies and covariances do not identify the prevalence."""
    rng = np.random.default_rng(5)
    pairs = readings(rng, [0.3], [[0.8] * 3], [[0.1] * 3], n_exams=900, per_exam=2)
    model = Model.of(pairs.patterns)
    gives, spread = 0.1 + 0.3 * 0.7, np.sqrt(0.3 * 0.7) * 0.7
    heights = []
    for prevalence in (0.3, 0.27, 0.35):
        gap = spread / np.sqrt(prevalence * (1 - prevalence))
        alarms = gives - prevalence * gap
        theta = np.array([[prevalence, *[alarms + gap] * 3, *[alarms] * 3]])
        assert ((theta > 0) & (theta < 1)).all()
        heights.append(model.log_likelihood(theta, pairs.counts)[0])
    np.testing.assert_allclose(heights, heights[0], rtol=0, atol=1e-9)


def test_an_undefined_fit_still_has_a_log_likelihood():
    result = two_states.fit(counted([("++", 20), ("+-", 5), ("-+", 6), ("--", 100)]))
    shares = np.array([20, 5, 6, 100])
    # The four frequencies of two readers are fitted exactly.
    assert result.log_likelihood[0] == pytest.approx(
        (shares * np.log(shares / shares.sum())).sum(), abs=1e-6
    )


def test_exams_read_once_are_refused():
    result = two_states.fit(counted([("+..", 20), (".-.", 5), ("..+", 6)]))
    assert reason(result.prevalence) == Reason.NOT_COMPARED


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([("---", 50)], Reason.NEVER_GIVEN),
        ([("+++", 50)], Reason.ALWAYS_GIVEN),
        ([], Reason.NOT_COMPARED),
    ],
)
def test_a_class_with_one_answer_only_is_refused(rows, sentence):
    rows = rows or [("...", 3)]
    result = two_states.fit(counted(rows))
    assert reason(result.prevalence) == sentence


def test_a_constant_reader_does_not_count_as_a_third():
    result = two_states.fit(counted([("++-", 20), ("+--", 5), ("-+-", 6), ("---", 100)]))
    assert reason(result.prevalence) == Reason.TOO_FEW_VARY


def test_a_constant_reader_among_four_is_reported():
    result = two_states.fit(counted([(pattern + "-", count) for pattern, count in THREE]))
    assert result.prevalence.is_defined.all()
    assert result.sensitivity.values[0, 3] == 0
    assert str(result.sensitivity.reasons[0, 3]) == Reason.CONSTANT


def test_a_reader_without_readings_has_no_skill():
    result = two_states.fit(counted([(pattern + ".", count) for pattern, count in THREE]))
    assert result.sensitivity.is_defined[0].tolist() == [True, True, True, False]
    assert str(result.specificity.reasons[0, 3]) == Reason.NEVER_READ


def test_few_exams_with_the_class_make_a_weak_fit():
    result = two_states.fit(counted([("+++", 3), ("++-", 2), ("-++", 1), ("+-+", 2), ("---", 900)]))
    assert result.prevalence.is_defined.all()
    assert reason(result.prevalence) == Reason.FEW_TRUE_POSITIVES


def test_few_exams_without_the_class_make_a_weak_fit():
    result = two_states.fit(counted([("---", 3), ("--+", 2), ("+--", 1), ("-+-", 2), ("+++", 900)]))
    assert reason(result.prevalence) == Reason.FEW_TRIPLES


def test_a_fit_that_did_not_converge_is_reported():
    result = two_states.fit(counted(THREE), max_steps=2)
    assert not result.is_converged[0]
    assert reason(result.prevalence) == Reason.NOT_CONVERGED


def test_a_reader_who_contradicts_the_others_is_reported():
    rng = np.random.default_rng(8)
    patterns = readings(rng, [0.3], [[0.9, 0.9, 0.9, 0.1]], [[0.1, 0.1, 0.1, 0.3]], n_exams=2000)
    result = two_states.fit(patterns)
    assert str(result.sensitivity.reasons[0, 3]) == Reason.NO_BETTER_THAN_CHANCE


@given(seed=seeds, n_readers=st.integers(0, 4), n_exams=st.integers(0, 12))
def test_there_is_a_value_or_a_reason(seed, n_readers, n_exams):
    ratings = np.random.default_rng(seed).integers(0, 3, (n_readers, n_exams, 2)).astype(np.int8)
    result = two_states.fit(PatternCount.of(ratings))
    for estimates in (result.prevalence, result.sensitivity, result.specificity):
        defined = estimates.values[estimates.is_defined]
        assert ((defined >= 0) & (defined <= 1)).all()
        assert (estimates.reasons[~estimates.is_defined] != "").all()
    assert np.isfinite(result.posterior).all()
    assert np.isfinite(result.log_likelihood).all()


@pytest.mark.parametrize(
    ("patterns", "counts"),
    [
        (np.ones((2, 3), np.int8), np.ones((1, 3))),
        (np.ones((2, 3), np.int8), -np.ones((1, 2))),
        (np.ones((2, 3), np.int8), np.full((1, 2), np.nan)),
        (np.full((2, 3), 3, np.int8), np.ones((1, 2))),
    ],
)
def test_invalid_counts_are_refused(patterns, counts):
    with pytest.raises(latent_design.BadPatterns):
        two_states.fit(PatternCount(patterns, counts))
