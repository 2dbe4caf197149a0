"""How many labels of each rule are wrong, and are posteriors calibrated?

Simulates readings of 8,475 exams with 66 classes, prevalences from 0.05% to 30%, by 3, 5 and 7
readers of different skill who each miss 15% of the exams. An undecided class counts as absent.
The peer is the majority of the votes. A posterior is calibrated if, in each tenth from 0 to 1, its
mean is the share of present classes within 0.03.

Run: ``python -m bench.consensus.errors``.
"""

from __future__ import annotations

import sys

import numpy as np

from ecgreview import consensus
from ecgreview.consensus import RULES, Choice, Relations
from tests.domain.consensus.simulated import Simulated, n_undecided, simulate

READERS, N_STUDIES = (3, 5, 7), 6
WITHIN = 0.03


def main() -> int:
    """Print a table per number of readers; return 1 if a goal is missed."""
    is_missed = False
    for n_readers in READERS:
        studies = [simulate(n_readers, seed=100 * n_readers + s) for s in range(N_STUDIES)]
        print(f"\n{n_readers} readers, {N_STUDIES} studies: wrong labels, undecided classes")
        baseline = 0
        for rule in RULES:
            choice = Choice(rule)
            decided = [consensus.decide(choice, study.exams, Relations()) for study in studies]
            pairs = list(zip(studies, decided, strict=True))
            n_errors = sum(study.errors(decisions) for study, decisions in pairs)
            n_open = sum(n_undecided(decisions) for decisions in decided)
            baseline = baseline or n_errors
            line = f"  {rule:24} {n_errors:7,} {n_open:7,}   x{n_errors / baseline:.2f} of majority"
            if rule.startswith("dawid_skene"):
                worst = calibration(pairs)
                line += f", calibration error at most {worst:.3f} (goal {WITHIN})"
                is_missed |= worst > WITHIN or n_errors >= baseline
            print(line, flush=True)
    return int(is_missed)


def calibration(
    pairs: list[tuple[Simulated, dict[int, consensus.Decision]]],
) -> float:
    """Return the largest difference between posterior and share present in a tenth."""
    all_posteriors, all_present = zip(
        *(study.posteriors(decisions) for study, decisions in pairs), strict=True
    )
    posteriors, is_present = np.concatenate(all_posteriors), np.concatenate(all_present)
    tenth = np.minimum((10 * posteriors).astype(int), 9)
    return max(
        abs(float(posteriors[tenth == place].mean() - is_present[tenth == place].mean()))
        for place in range(10)
    )


if __name__ == "__main__":
    sys.exit(main())
