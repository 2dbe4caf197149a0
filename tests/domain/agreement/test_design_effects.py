"""Design effects of patients with several exams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.agreement import Answers, Cluster, Profile
from ecgreview.agreement.counts.clusters import Clusters
from ecgreview.agreement.reports import design_effects
from tests.domain.agreement.strategies import binary_ratings, study

ratings_ = binary_ratings(n_readers=(1, 4), n_exams=(1, 12), n_classes=(1, 3))
seeds = st.integers(0, 2**32 - 1)


def owners(ratings: np.ndarray, seed: int) -> np.ndarray:
    """Assign each exam to one of five patients at random."""
    return np.random.default_rng(seed).integers(0, 5, size=(ratings.shape[1],))


@given(ratings=ratings_, seed=seeds)
def test_products_within_patients_match_the_readings(ratings, seed):
    patients = owners(ratings, seed)
    answers = Answers.of(ratings, patients)
    place = {pattern.tobytes(): row for row, pattern in enumerate(answers.patterns)}
    features = np.random.default_rng(seed).normal(size=(len(place), 3))
    expected = np.zeros((ratings.shape[2], 3, 3))
    for column, of_class in enumerate(ratings.transpose(2, 1, 0)):
        rows = np.array([features[place[exam.tobytes()]] for exam in of_class])
        for patient in np.unique(patients):
            own_rows = rows[patients == patient]
            expected[column] += (
                np.outer(own_rows.sum(axis=0), own_rows.sum(axis=0)) - own_rows.T @ own_rows
            )
    np.testing.assert_allclose(Clusters.of(answers).excess(features), expected, atol=1e-9)


@given(ratings=binary_ratings(n_readers=(2, 4), n_exams=(1, 12), n_classes=(1, 3)), seed=seeds)
def test_the_cells_of_a_pair_are_features(ratings, seed):
    answers = Answers.of(ratings, owners(ratings, seed))
    clusters, count = Clusters.of(answers), answers.count()
    own = clusters.count.pairs([(0, 1)])[:, 0]
    np.testing.assert_allclose(
        clusters.excess_of_pair((0, 1), own), clusters.excess(count.fields([(0, 1)])), atol=1e-9
    )


def test_many_patterns_are_summed_like_few():
    ratings = study(1, n_readers=40, n_exams=300)
    ratings[np.random.default_rng(1).random(ratings.shape[:2]) < 0.9] = 0
    answers = Answers.of(ratings, np.arange(300) // 3)
    clusters = Clusters.of(answers)
    own = clusters.count.pairs([(0, 1)])[:, 0]
    fields = answers.count().fields([(0, 1)])
    assert fields.any(axis=1).sum() * 8 < len(fields)
    np.testing.assert_allclose(
        clusters.excess_of_pair((0, 1), own), clusters.excess(fields), atol=1e-9
    )


def test_identical_patients_count_as_often_as_they_occur():
    profiles = [Profile((0, 1), (), 20), Profile((0, 1), ((0, "22"),), 8)]
    clusters = [Cluster(((0, 2), (1, 1)), 4), Cluster(((1, 2),), 2)]
    from_profiles = Answers.from_profiles(profiles, clusters, n_readers=2, n_classes=1)
    ratings = np.ones((2, 28, 1), dtype=np.int8)
    ratings[:, :8] = 2
    patients = np.array([0, 1, 2, 3, 4, 4, 5, 5, 0, 0, 1, 1, 2, 2, 3, 3, *range(6, 18)])
    ungrouped = Answers.of(ratings, patients)
    first, second = (design_effects.of_classes(answers) for answers in (from_profiles, ungrouped))
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.agreement, second.agreement)
    np.testing.assert_allclose(first.marked, second.marked)


def test_identical_exams_of_a_patient_count_as_one():
    ratings = study(2, n_exams=500)
    thrice = np.concatenate([ratings] * 3, axis=1)
    result = design_effects.of_classes(Answers.of(thrice, np.tile(np.arange(500), 3)))
    assert result is not None
    np.testing.assert_allclose(result.agreement, 3.0)
    np.testing.assert_allclose(result.marked, 3.0)


def test_independent_exams_of_a_patient_have_almost_no_design_effect():
    ratings = study(3, n_exams=20_000, n_readers=2)
    result = design_effects.of_classes(Answers.of(ratings, np.arange(20_000) // 4))
    assert result is not None
    assert (result.agreement < 1.25).all()
    assert (result.agreement >= 1).all()


def test_with_few_patients_the_largest_effect_is_assumed():
    ratings = np.ones((2, 900, 1), dtype=np.int8)
    ratings[:, ::300] = 2  # three patients, each with one exam that has the class
    result = design_effects.of_classes(Answers.of(ratings, np.arange(900) // 3))
    assert result is not None
    assert result.agreement[0] == pytest.approx(3.0)


def test_single_exams_per_patient_have_no_effect():
    assert design_effects.of_classes(Answers.of(study(4))) is None


def test_two_readers_are_a_pair():
    answers = Answers.of(study(5, n_readers=2), np.arange(400) // 3)
    tables = np.moveaxis(answers.count().pairs([(0, 1)]), -3, 0)
    of_pair = design_effects.OfPairs(answers).of([(0, 1)], tables)
    of_class = design_effects.of_classes(answers)
    assert of_class is not None
    np.testing.assert_allclose(of_pair.agreement[0], of_class.agreement)
    np.testing.assert_allclose(of_pair.marked[0], of_class.marked)


@given(ratings=ratings_, seed=seeds)
def test_an_effect_is_at_least_one(ratings, seed):
    result = design_effects.of_classes(Answers.of(ratings, owners(ratings, seed)))
    if result is not None:
        for value in (result.agreement, result.marked):
            assert np.isfinite(value).all()
            assert (value >= 1).all()
