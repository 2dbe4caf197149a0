"""Intervals hold the truth as often as they say where patients have several exams.

By simulation: 8,475 exams of patients who have one to six. In nine exams of ten a patient has the
class that the patient has, and in four of five a reader says what they say of the patient; else
both are drawn anew. Taken for independent exams, intervals would hold the truth in about 70 % of
such studies. With 2,000 studies and 1,000 replicates the shares are those of
docs/reference/agreement.md; here there are fewer, and a margin for the chance of that.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from ecgreview.agreement import Answers
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.reports import design_effects, everyone
from ecgreview.agreement.reports.pairs import pair_measures
from ecgreview.agreement.reports.report import patients_of
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.agreement.values.intervals import Measures
from tests.sizes import size

N_EXAMS, N_STUDIES = 8475, size(100, 300)
MARGIN = 3 * (0.05 * 0.95 / N_STUDIES) ** 0.5
SENSITIVITY, SAME_TRUTH, SAME_SAID = 0.8, 0.9, 0.8
HEADLINE = ("positive_agreement", "percent_agreement", "krippendorff_alpha", "gwet_ac1")
OF_CLASSES = (*HEADLINE, "fleiss_kappa", "prevalence")
OF_PAIRS = (*HEADLINE, "cohen_kappa", "prevalence_index", "bias_index")


def owners(rng: np.random.Generator) -> np.ndarray:
    """Return whose exam each is, shape (N_EXAMS,)."""
    sizes = rng.integers(1, 7, N_EXAMS)
    return np.repeat(np.arange(N_EXAMS), sizes)[:N_EXAMS]


def study_of_patients(
    rng: np.random.Generator, patients: np.ndarray, prevalence: float, n_readers: int, n: int
) -> np.ndarray:
    """Return the ratings of n studies of one class, as if they were classes of one study."""

    def uniform(share_same: float) -> np.ndarray:
        """Return chances of exams, of which so many are those of the patient."""
        of_patient = rng.random((patients.max() + 1, n), dtype=np.float32)[patients]
        own = rng.random((N_EXAMS, n), dtype=np.float32)
        return np.where(rng.random((N_EXAMS, n), dtype=np.float32) < share_same, of_patient, own)

    truth = uniform(SAME_TRUTH) < prevalence
    chance = np.where(truth, SENSITIVITY, 0.1 * prevalence).astype(np.float32)
    return np.stack([1 + (uniform(SAME_SAID) < chance) for _ in range(n_readers)]).astype(np.int8)


def law(prevalence: float) -> np.ndarray:
    """Return how probable each field of the table of two readers is."""
    table = np.zeros((2, 2))
    for share, chance in ((prevalence, SENSITIVITY), (1 - prevalence, 0.1 * prevalence)):
        said = np.array([1 - chance, chance])
        table += share * np.outer(said, said)
    return table


def held(found: Mapping[str, Measures], truth: Mapping[str, float]) -> dict[str, float]:
    """Return in which share of studies intervals hold the truth."""
    shares = {}
    for name, value in truth.items():
        one = found[name]
        is_held = (one.low <= value + 1e-12) & (value - 1e-12 <= one.high)
        shares[name] = float(is_held[~np.isnan(one.low)].mean())
    return shares


def coverage(
    prevalence: float, *, n_studies: int = N_STUDIES, n_replicates: int = 300, seed: int = 0
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the shares of a pair of readers, and those of a class that two readers read."""
    rng = np.random.default_rng((20261122, seed))
    patients = owners(rng)
    answers = Answers.of(study_of_patients(rng, patients, prevalence, 2, n_studies), patients)
    how = Resampling(n_replicates, seed=seed)
    table = law(prevalence)[None] * 1e12
    patterns = answers.count()
    tables = np.moveaxis(patterns.pairs([(0, 1)]), -3, 0)
    effects = design_effects.OfPairs(answers).of([(0, 1)], tables)
    of_pair = pair_measures(tables[0], how, effects[0])
    of_class = everyone.class_measures(patterns, how, patients_of(answers, how))
    true_pair = pair_measures(table, Resampling(0))
    cells = Cells(np.array([[2.0, 0], [1, 1], [1, 1], [0, 2]]), table.reshape(1, 4))
    true_class = everyone.coefficients(cells)
    return (
        held(of_pair, {name: float(true_pair[name].estimates.values[0]) for name in OF_PAIRS}),
        held(of_class, {name: float(true_class[name].values[0]) for name in OF_CLASSES}),
    )


@pytest.mark.parametrize("prevalence", [0.0005, 0.002, 0.01, 0.05, 0.30])
def test_intervals_of_pairs_and_classes_hold_the_truth(prevalence):
    for shares in coverage(prevalence):
        for name, share in shares.items():
            assert share >= 0.93 - MARGIN, (name, share)
