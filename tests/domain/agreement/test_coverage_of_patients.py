"""Coverage of intervals when patients have several exams.

The 8,475 simulated exams belong to patients with one to six exams each. An exam has the patient's
class state with probability .9, and a reader repeats the answer given for the patient with
probability .8; otherwise both are drawn independently. Intervals that treat the exams as
independent would cover the truth in about 70% of such studies. The coverage with 2,000 studies
and 1,000 replicates is in docs/reference/agreement.md. These tests use fewer and allow a margin
for the simulation error.
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
SENSITIVITY, SAME_TRUTH, SAME_ANSWER = 0.8, 0.9, 0.8
HEADLINE = ("positive_agreement", "percent_agreement", "krippendorff_alpha", "gwet_ac1")
OF_CLASSES = (*HEADLINE, "fleiss_kappa", "prevalence")
OF_PAIRS = (*HEADLINE, "cohen_kappa", "prevalence_index", "bias_index")


def owners(rng: np.random.Generator) -> np.ndarray:
    """Return the patient of each exam, shape (N_EXAMS,)."""
    sizes = rng.integers(1, 7, N_EXAMS)
    return np.repeat(np.arange(N_EXAMS), sizes)[:N_EXAMS]


def study_of_patients(
    rng: np.random.Generator, patients: np.ndarray, prevalence: float, n_readers: int, n: int
) -> np.ndarray:
    """Simulate ``n`` studies of one class and return them as the classes of one study."""

    def uniform(share_same: float) -> np.ndarray:
        """Return uniform numbers per exam: with probability ``share_same``, the patient's."""
        of_patient = rng.random((patients.max() + 1, n), dtype=np.float32)[patients]
        own = rng.random((N_EXAMS, n), dtype=np.float32)
        return np.where(rng.random((N_EXAMS, n), dtype=np.float32) < share_same, of_patient, own)

    truth = uniform(SAME_TRUTH) < prevalence
    chance = np.where(truth, SENSITIVITY, 0.1 * prevalence).astype(np.float32)
    return np.stack([1 + (uniform(SAME_ANSWER) < chance) for _ in range(n_readers)]).astype(np.int8)


def law(prevalence: float) -> np.ndarray:
    """Return the probability of each cell of the two readers' table."""
    table = np.zeros((2, 2))
    for share, chance in ((prevalence, SENSITIVITY), (1 - prevalence, 0.1 * prevalence)):
        probabilities = np.array([1 - chance, chance])
        table += share * np.outer(probabilities, probabilities)
    return table


def covered_share(measures: Mapping[str, Measures], truth: Mapping[str, float]) -> dict[str, float]:
    """Return the share of studies whose interval covers the truth, for each measure."""
    shares = {}
    for name, value in truth.items():
        measure = measures[name]
        is_held = (measure.low <= value + 1e-12) & (value - 1e-12 <= measure.high)
        shares[name] = float(is_held[~np.isnan(measure.low)].mean())
    return shares


def coverage(
    prevalence: float, *, n_studies: int = N_STUDIES, n_replicates: int = 300, seed: int = 0
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the coverage for a pair of readers, and for a class read by two readers."""
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
        covered_share(
            of_pair, {name: float(true_pair[name].estimates.values[0]) for name in OF_PAIRS}
        ),
        covered_share(of_class, {name: float(true_class[name].values[0]) for name in OF_CLASSES}),
    )


@pytest.mark.parametrize("prevalence", [0.0005, 0.002, 0.01, 0.05, 0.30])
def test_intervals_of_pairs_and_classes_cover_the_truth(prevalence):
    for shares in coverage(prevalence):
        for name, share in shares.items():
            assert share >= 0.93 - MARGIN, (name, share)
