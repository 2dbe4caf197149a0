"""Coverage of intervals, from the rarest to the most common class.

The simulated readers have sensitivity .8 and a false-alarm rate of a tenth of the prevalence;
there are 8,475 exams, as in CODE-II-test. With 6,000 studies and 1,000 replicates, coverage was
.937 to .972. These tests use fewer and allow a margin for the simulation error. For readers who
agree little, see ``bench.agreement.coverage``.
"""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from ecgreview.agreement import Answers, PatternCount
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.reports import everyone
from ecgreview.agreement.reports.overall import overall
from ecgreview.agreement.sampling.resampling import Resampling
from tests.sizes import size

N_EXAMS, N_STUDIES, AT_ONCE = 8475, size(400, 1500), 500
MARGIN = 3 * (0.05 * 0.95 / N_STUDIES) ** 0.5
SENSITIVITY = 0.8
HEADLINE = ("positive_agreement", "fleiss_kappa", "krippendorff_alpha", "gwet_ac1")


def shares(
    prevalence: float, n_readers: int, sensitivity: float = SENSITIVITY, slips: float = 0.1
) -> np.ndarray:
    """Return the probabilities of 0, 1, ... positive readings of an exam."""
    slip = slips * prevalence
    return np.array(
        [
            comb(n_readers, k)
            * (
                prevalence * sensitivity**k * (1 - sensitivity) ** (n_readers - k)
                + (1 - prevalence) * slip**k * (1 - slip) ** (n_readers - k)
            )
            for k in range(n_readers + 1)
        ]
    )


def patterns(counts: np.ndarray) -> PatternCount:
    """Build response patterns from counts of positive readings, with one row per study.

    The measures do not depend on which readers marked the class, so the first k did.
    """
    n_readers = counts.shape[1] - 1
    states = np.array(
        [[2] * k + [1] * (n_readers - k) for k in range(n_readers + 1)], dtype=np.int8
    )
    return PatternCount(states, counts.astype(np.float64))


def coverage(
    prevalence: float,
    n_readers: int,
    sensitivity: float = SENSITIVITY,
    *,
    slips: float = 0.1,
    n_exams: int = N_EXAMS,
) -> dict[str, float]:
    law = shares(prevalence, n_readers, sensitivity, slips)
    simulated = np.random.default_rng(20261122).multinomial(n_exams, law, size=N_STUDIES)
    table = np.array([[n_readers - k, k] for k in range(n_readers + 1)], dtype=np.float64)
    truth = everyone.coefficients(Cells(table, law * 1e12))
    covered: dict[str, list[np.ndarray]] = {name: [] for name in HEADLINE}
    for start in range(0, N_STUDIES, AT_ONCE):
        how = Resampling(n_replicates=500, seed=start)
        result = everyone.class_measures(patterns(simulated[start : start + AT_ONCE]), how)
        for name in HEADLINE:
            measure, value = result[name], float(truth[name].values)
            is_held = (measure.low <= value + 1e-12) & (value - 1e-12 <= measure.high)
            covered[name].append(is_held[measure.estimates.is_defined])
    return {name: float(np.concatenate(parts).mean()) for name, parts in covered.items()}


@pytest.mark.parametrize("n_readers", [2, 3])
@pytest.mark.parametrize("prevalence", [0.0005, 0.002, 0.01, 0.05, 0.30])
def test_95_percent_intervals_cover_the_truth(prevalence, n_readers):
    for name, share in coverage(prevalence, n_readers).items():
        assert 0.93 - MARGIN <= share <= 0.97 + MARGIN, (name, share)


@pytest.mark.parametrize("n_readers", [5, 7, 12])
def test_intervals_of_many_readers_of_a_rare_class_cover_the_truth(n_readers):
    for name, share in coverage(0.0005, n_readers).items():
        assert 0.93 - MARGIN <= share <= 0.97 + MARGIN, (name, share)


@pytest.mark.parametrize(
    ("n_exams", "prevalence", "n_readers"), [(193, 0.03, 10), (8475, 0.0005, 10), (193, 0.03, 12)]
)
def test_intervals_of_many_readers_who_agree_little_cover_the_truth(n_exams, prevalence, n_readers):
    """Kappa is .27. With a prior of half an exam marked by all readers, coverage was 89 to 90%."""
    result = coverage(prevalence, n_readers, sensitivity=0.35, n_exams=n_exams)
    for name in ("positive_agreement", "fleiss_kappa", "krippendorff_alpha"):
        assert result[name] >= 0.93 - MARGIN, (name, result[name])


def test_intervals_of_readers_who_rarely_differ_cover_the_truth():
    for name, share in coverage(0.05, 2, sensitivity=0.995).items():
        assert share >= 0.93 - MARGIN, (name, share)


def test_the_interval_of_the_mean_of_66_classes_covers_the_truth():
    n_studies, n_classes = size(25, 100), 66
    prevalences = np.geomspace(0.0005, 0.30, n_classes)
    table = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    law = np.stack([shares(prevalence, 2) for prevalence in prevalences])
    truth = everyone.coefficients(Cells(table, law * 1e12))["fleiss_kappa"].values
    covered = []
    for seed in range(n_studies):
        rng = np.random.default_rng(seed)
        is_there = rng.random((N_EXAMS, n_classes)) < prevalences
        chance = np.where(is_there, SENSITIVITY, 0.1 * prevalences)
        ratings = (1 + (rng.random((2, N_EXAMS, n_classes)) < chance)).astype(np.int8)
        answers = Answers.of(ratings)
        result = overall(answers, Resampling(n_replicates=150, seed=seed)).macro["fleiss_kappa"]
        point = everyone.coefficients(answers.count().cells())["fleiss_kappa"]
        covered.append(bool(result.low <= truth[point.is_defined].mean() <= result.high))
    assert np.mean(covered) >= 0.95 - 3 * (0.05 * 0.95 / n_studies) ** 0.5
