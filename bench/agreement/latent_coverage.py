"""What does the latent model say of rare classes, and do its intervals hold the truth?

Studies as in practice: 66 classes with prevalences from .0005 to .30, three readers of all exams
with sensitivities of .6 to .95 and false alarms of .1 to 3 %. ``raw`` is the maximum of the
likelihood alone, as it was reported before it was asked whether it is to be believed; ``report`` is
what is reported now, of the class alone or pooled.

Run: ``python -m bench.agreement.latent_coverage [STUDIES]``; some minutes with 10.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement import PatternCount
from ecgreview.agreement.latent import pooled_report, two_states
from ecgreview.agreement.latent.design import Design
from ecgreview.agreement.latent.report import latent_report
from ecgreview.agreement.sampling.resampling import Resampling

N_STUDIES, N_CLASSES, N_READERS = 10, 66, 3
N_EXAMS = (827, 3000, 8475)
PREVALENCES = np.geomspace(0.0005, 0.30, N_CLASSES)
BINS = ((0, 1), (1, 5), (5, 12), (12, 20), (20, 30), (30, 60), (60, np.inf))
"""Of expected true positives."""
FEW, RARE = 20, 0.01


class Line(NamedTuple):
    """A class of a study: an estimate of prevalence with what is known of its truth.

    Attributes:
        skills: (truth, low, high) of the sensitivity of each reader.
    """

    kind: str
    prevalence: float
    low: float | None
    high: float | None
    truth: float
    given: float
    n_true_positives: float
    is_bare: bool
    skills: tuple[tuple[float, float | None, float | None], ...]

    @property
    def is_held(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low is not None and self.low <= self.truth <= (self.high or 0)


def main(n_studies: int = N_STUDIES) -> int:
    """Print the tables; fail when an absurd prevalence is reported without a word."""
    n_bare = 0
    for n_exams in N_EXAMS:
        lines: list[Line] = []
        reasons: Counter[str] = Counter()
        for seed in range(n_studies):
            lines += _study(n_exams, seed, reasons)
        n_bare += _print(n_exams, lines, reasons)
    return int(n_bare > 0)


def _study(n_exams: int, seed: int, reasons: Counter[str]) -> list[Line]:
    rng = np.random.default_rng((20261123, n_exams, seed))
    shape = (N_READERS, N_CLASSES)
    sensitivity, alarms = rng.uniform(0.6, 0.95, shape), rng.uniform(0.001, 0.03, shape)
    truth = rng.random((n_exams, N_CLASSES)) < PREVALENCES
    rates = np.where(truth, sensitivity[:, None, :], alarms[:, None, :])
    said = (1 + (rng.random((N_READERS, n_exams, N_CLASSES)) < rates)).astype(np.int8)
    patterns = PatternCount.of(said)
    raw = two_states.fit(patterns)
    given = raw.plausibility.share_given
    telling = Design.of(patterns).n_telling
    how = Resampling(300, seed=seed)
    reported = latent_report(patterns, how=how)["classes"]
    everybody = np.ones(N_CLASSES, dtype=np.bool_)
    pooled = pooled_report.report(patterns, everybody, np.ones(N_CLASSES), how.confidence)
    found = []
    for row, one in enumerate(reported):

        def line(kind: str, of: Any, row: int = row, *, is_bare: bool = False) -> Line:
            measure = of["prevalence"]
            return Line(
                kind,
                measure["estimate"],
                measure["low"],
                measure["high"],
                float(PREVALENCES[row]),
                float(given[row]),
                float(raw.plausibility.n_true_positives[row]),
                is_bare,
                tuple(
                    (
                        float(sensitivity[skill["reader"], row]),
                        skill["sensitivity"]["low"],
                        skill["sensitivity"]["high"],
                    )
                    for skill in of["readers"]
                ),
            )

        if raw.prevalence.is_defined[row]:
            value = {"estimate": float(raw.prevalence.values[row]), "low": None, "high": None}
            was_bare = bool(telling[row] >= FEW)
            found.append(line("raw", {"prevalence": value, "readers": ()}, is_bare=was_bare))
        every = pooled[row]
        if every is not None and every["prevalence"]["estimate"] is not None:
            found.append(line("pooled", every))
        printed = one if one["prevalence"]["estimate"] is not None else one["pooled"]
        outcome = "alone" if printed is one else "pooled"
        if printed["prevalence"]["estimate"] is None:
            outcome = "refused"
        else:
            is_bare = not printed["prevalence"]["reason"]
            found.append(line("report", printed, is_bare=is_bare))
            found.append(line(f"report, {outcome}", printed, is_bare=is_bare))
        reasons[f"{outcome}: {one['prevalence']['reason']}"] += 1
    return found


def _print(n_exams: int, lines: list[Line], reasons: Counter[str]) -> int:
    print(f"\n{n_exams} exams")
    for reason, n in reasons.most_common():
        print(f"  {n:5} {reason}")
    n_bare = 0
    for kind in ("raw", "report"):
        of = [one for one in lines if one.kind == kind]
        above = [one for one in of if one.prevalence > one.given]
        bare = sum(one.is_bare for one in above)
        print(
            f"  {kind}: prevalence above what anybody gave {len(above)} of {len(of)}; bare {bare}"
        )
        n_bare += bare if kind == "report" else 0
    for kind in ("report, alone", "report, pooled", "pooled"):
        of = [one for one in lines if one.kind == kind]
        print(f"  {kind}: prevalence / sensitivity held, by expected true positives")
        rare = [one for one in of if one.truth < RARE]
        print(f"    prevalence below {RARE}: {_held(rare)}")
        for low, high in BINS:
            inside = [one for one in of if low <= one.n_true_positives < high]
            if inside:
                print(f"    {low:4} to {high:4}: {_held(inside)}")
    return n_bare


def _held(lines: list[Line]) -> str:
    if not lines:
        return "none"
    skills = [one for line in lines for one in line.skills if one[1] is not None]
    held: NDArray[np.bool_] = np.array([low <= true <= high for true, low, high in skills])  # type: ignore[operator]
    prevalence = np.mean([one.is_held for one in lines])
    return (
        f"{100 * prevalence:.1f} / {100 * held.mean() if held.size else np.nan:.1f} of {len(lines)}"
    )


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
