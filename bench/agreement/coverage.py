"""In how many studies do intervals of agreement cover the true value, from rare to common classes?

Studies are simulated with 2 to 12 readers of 193, 827 or 8,475 exams, who agree well or little.
Each gets intervals as in a report. Source of the table in docs/reference/agreement.md.

Run: ``python -m bench.agreement.coverage [STUDIES]``; 2,000 studies take a quarter of an hour.
"""

from __future__ import annotations

import sys
from math import comb
from typing import NamedTuple

import numpy as np

from ecgreview.agreement import PatternCount
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.reports import everyone
from ecgreview.agreement.sampling.resampling import Resampling

N_STUDIES, N_REPLICATES, AT_ONCE = 2_000, 400, 250
N_READERS = (2, 3, 5, 7, 10, 12)
DESIGNS = (
    (193, 0.03),
    (827, 0.01),
    (8475, 0.0005),
    (8475, 0.001),
    (8475, 0.002),
    (8475, 0.01),
    (8475, 0.05),
    (8475, 0.30),
)
"""Number of exams and prevalence of each design."""
HEADLINE = ("positive_agreement", "fleiss_kappa", "percent_agreement", "gwet_ac1")
GOAL = 0.93


class Readers(NamedTuple):
    """Error rates of readers; ``false_alarms`` is a multiple of the prevalence."""

    sensitivity: float
    false_alarms: float


# Readers of the last two kinds have a kappa of .27 if the class is rare.
KINDS = {
    "very high agreement": Readers(0.95, 0.02),
    "high agreement": Readers(0.8, 0.1),
    "low agreement, false negatives": Readers(0.35, 0.1),
    "low agreement, false positives": Readers(0.5, 0.43),
}


def main(n_studies: int = N_STUDIES) -> int:
    """Print the table; return 1 if a coverage is below ``GOAL`` by more than chance explains."""
    margin = 3 * float(np.sqrt(0.05 * 0.95 / n_studies))
    is_short = False
    print(
        f"{'readers':32}{'n':>4} {'exams':>6} {'prev.':>7}", *(f"{name:>20}" for name in HEADLINE)
    )
    for kind, readers in KINDS.items():
        for n_readers in N_READERS:
            for n_exams, prevalence in DESIGNS:
                shares = coverage(n_exams, prevalence, n_readers, readers, n_studies)
                cells = (f"{100 * share:20.1f}" for share in shares)
                print(f"{kind:32}{n_readers:4} {n_exams:6} {prevalence:7}", *cells, flush=True)
                is_short |= min(shares) < GOAL - margin
    return int(is_short)


def coverage(
    n_exams: int, prevalence: float, n_readers: int, readers: Readers, n_studies: int
) -> list[float]:
    """Return the share of each coefficient's intervals that cover the true value.

    Studies in which a coefficient has no interval do not count.
    """
    law = _law(prevalence, n_readers, readers)
    table = np.array([[n_readers - k, k] for k in range(n_readers + 1)], dtype=np.float64)
    patterns = np.array(
        [[2] * k + [1] * (n_readers - k) for k in range(n_readers + 1)], dtype=np.int8
    )
    truth = everyone.coefficients(Cells(table, law * 1e12))
    drawn = np.random.default_rng(20261123).multinomial(n_exams, law, size=n_studies)
    covered: dict[str, list[np.ndarray]] = {name: [] for name in HEADLINE}
    for start in range(0, n_studies, AT_ONCE):
        counts = drawn[start : start + AT_ONCE].astype(np.float64)
        how = Resampling(N_REPLICATES, seed=start)
        measures = everyone.class_measures(PatternCount(patterns, counts), how)
        for name in HEADLINE:
            measure, value = measures[name], float(truth[name].values)
            is_covered = (measure.low <= value + 1e-12) & (value - 1e-12 <= measure.high)
            covered[name].append(is_covered[~np.isnan(measure.low)])
    return [float(np.concatenate(covered[name]).mean()) for name in HEADLINE]


def _law(prevalence: float, n_readers: int, readers: Readers) -> np.ndarray:
    """Return the probability that 0, 1, ... readers of an exam mark the class."""
    alarms = readers.false_alarms * prevalence
    chances = ((prevalence, readers.sensitivity), (1 - prevalence, alarms))
    return np.array(
        [
            comb(n_readers, k)
            * sum(share * gives**k * (1 - gives) ** (n_readers - k) for share, gives in chances)
            for k in range(n_readers + 1)
        ]
    )


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
