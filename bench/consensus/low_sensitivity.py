"""Are labels by a posterior good where readers miss a class more often than they mark it?

Reports refuse estimates of such a class. Labels use them unless the prevalence also exceeds the
share of exams in which the class was marked. This simulates classes of very different sensitivity
and prints, for the classes whose mean estimated sensitivity is below 0.5, the errors of the
posterior, those of the majority of the votes, and the calibration of the posterior.

Run: ``python -m bench.consensus.low_sensitivity``.
"""

from __future__ import annotations

import sys

import numpy as np

from ecgreview.agreement.latent import pooled
from ecgreview.agreement.latent.plausibility import MIN_SENSITIVITY
from ecgreview.consensus.exam import pattern_count, readers_of
from ecgreview.consensus.latent_rules import Skills
from tests.domain.consensus.simulated import CODES, simulate

READERS, N_STUDIES = (3, 5, 7), 4


def main() -> int:
    """Print a line per number of readers; return 1 if the majority has fewer errors."""
    is_missed = False
    for n_readers in READERS:
        errors, of_majority, n_classes = 0, 0, 0
        posteriors: list[float] = []
        is_present: list[bool] = []
        for number in range(N_STUDIES):
            study = simulate(n_readers, seed=100 * n_readers + number, spread=1.0)
            exams = [*study.exams.values()]
            names = [f"r{reader}" for reader in range(n_readers)]
            fit = pooled.fit(pattern_count(exams, names, CODES)).classes.plausibility
            chosen = {
                CODES[place]: place
                for place in np.flatnonzero(
                    (fit.mean_sensitivity < MIN_SENSITIVITY) & ~fit.is_above
                )
            }
            n_classes += len(chosen)
            skills = Skills.of(exams, is_pooled=True)
            for row, exam in enumerate(exams):
                ballots = readers_of(exam)
                for code, posterior in skills.posteriors(exam).items():
                    if code not in chosen or len(ballots) < 2:
                        continue
                    truth = bool(study.truth[row, chosen[code]])
                    n_marked = sum(code in (ballot.classes or ()) for ballot in ballots)
                    errors += (posterior >= 0.5) != truth
                    of_majority += (2 * n_marked > len(ballots)) != truth
                    posteriors.append(posterior)
                    is_present.append(truth)
        gap = abs(np.mean(posteriors) - np.mean(is_present)) if posteriors else np.nan
        print(
            f"{n_readers} readers, {n_classes} classes: {errors:,} errors, "
            f"majority {of_majority:,} (ratio {errors / max(of_majority, 1):.2f}); "
            f"mean posterior off by {gap:.3f}"
        )
        is_missed |= errors >= of_majority
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main())
