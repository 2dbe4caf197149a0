"""How many labels of each rule are wrong, and are posteriors calibrated?

Simulates readings of 8,475 exams with 66 classes, prevalences from 0.05% to 30%, by 3, 5 and 7
readers of different skill who each miss 15% of the exams. An undecided class counts as absent.
The peer is the majority of the votes. A posterior is calibrated if, in each tenth from 0 to 1, its
mean is the share of present classes within 0.03.

Posteriors of one study err together, because they share the estimated skill of its readers. With
more readers, fewer posteriors are in the middle tenths, so more studies are simulated. The
standard error of the worst tenth, over studies, is printed with it.

Run: ``python -m bench.consensus.errors``. It takes about a quarter of an hour.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgreview import consensus
from ecgreview.consensus import RULES, Choice, Decision, Relations
from tests.domain.consensus.simulated import Simulated, n_undecided, simulate

# Number of studies by number of readers.
N_STUDIES = {3: 12, 5: 24, 7: 36}
WITHIN = 0.03


@dataclass
class Tally:
    """What a rule did in all studies.

    Attributes:
        sums: for each study, shape (3, 10): posteriors, present classes and cells by tenth.
    """

    n_errors: int = 0
    n_open: int = 0
    sums: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, study: Simulated, decisions: dict[int, Decision]) -> None:
        self.n_errors += study.errors(decisions)
        self.n_open += n_undecided(decisions)
        if any(
            cell.posterior is not None for row in decisions.values() for cell in row.cells.values()
        ):
            posteriors, is_present = study.posteriors(decisions)
            tenth = np.minimum((10 * posteriors).astype(int), 9)
            columns = (posteriors, is_present, np.ones(len(tenth)))
            self.sums.append(np.array([np.bincount(tenth, column, 10) for column in columns]))

    def calibration(self) -> tuple[float, float]:
        """Return the largest difference between posterior and share present in a tenth, and the
        standard error of that difference.
        """
        sums = np.array(self.sums)
        posteriors, present, n = sums.sum(axis=0)
        difference = (posteriors - present) / n
        worst = int(np.argmax(np.abs(difference)))
        rest = sums[:, 0, worst] - sums[:, 1, worst] - difference[worst] * sums[:, 2, worst]
        n_studies = len(sums)
        error = np.sqrt((rest**2).sum() * n_studies / (n_studies - 1)) / n[worst]
        return abs(float(difference[worst])), float(error)


def main() -> int:
    """Print a table per number of readers; return 1 if a goal is missed."""
    is_missed = False
    for n_readers, n_studies in N_STUDIES.items():
        tallies = {rule: Tally() for rule in RULES}
        for number in range(n_studies):
            study = simulate(n_readers, seed=100 * n_readers + number)
            for rule, tally in tallies.items():
                tally.add(study, consensus.decide(Choice(rule), study.exams, Relations()))
        print(f"\n{n_readers} readers, {n_studies} studies: wrong labels, undecided classes")
        baseline = tallies["majority_per_class"].n_errors
        for rule, tally in tallies.items():
            ratio = tally.n_errors / baseline
            line = f"  {rule:24} {tally.n_errors:7,} {tally.n_open:7,}   x{ratio:.2f} of majority"
            if tally.sums:
                worst, error = tally.calibration()
                line += f", calibration error at most {worst:.3f} ± {error:.3f} (goal {WITHIN})"
                is_missed |= worst > WITHIN or tally.n_errors >= baseline
            print(line, flush=True)
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main())
