"""What does the latent model report about rare classes, and do its intervals cover the truth?

Simulated studies: 66 classes with prevalences from .0005 to .30, three readers of all exams with
sensitivities of .6 to .95 and false-alarm rates of .1 to 3%. ``raw`` is the maximum likelihood
estimate without the plausibility checks; ``report`` is what a report contains, for the class alone
or pooled.

Run: ``python -m bench.agreement.latent_coverage [STUDIES]``; 10 studies take a few minutes.
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
# Bins by the expected number of true positives.
BINS = ((0, 1), (1, 5), (5, 12), (12, 20), (20, 30), (30, 60), (60, np.inf))
FEW, RARE = 20, 0.01


class Line(NamedTuple):
    """One estimate of a class in one study, with the true values.

    Attributes:
        is_unexplained: the estimate has no caution.
        skills: (truth, low, high) of the sensitivity of each reader.
    """

    kind: str
    prevalence: float
    low: float | None
    high: float | None
    truth: float
    share_marked: float
    n_true_positives: float
    is_unexplained: bool
    skills: tuple[tuple[float, float | None, float | None], ...]

    @property
    def is_covered(self) -> bool:
        return self.low is not None and self.low <= self.truth <= (self.high or 0)


def main(n_studies: int = N_STUDIES) -> int:
    """Print the tables; return 1 if an implausible prevalence is reported without a caution."""
    n_unexplained = 0
    for n_exams in N_EXAMS:
        lines: list[Line] = []
        reasons: Counter[str] = Counter()
        for seed in range(n_studies):
            lines += _study(n_exams, seed, reasons)
        n_unexplained += _print(n_exams, lines, reasons)
    return int(n_unexplained > 0)


def _study(n_exams: int, seed: int, reasons: Counter[str]) -> list[Line]:
    rng = np.random.default_rng((20261123, n_exams, seed))
    shape = (N_READERS, N_CLASSES)
    sensitivity, alarms = rng.uniform(0.6, 0.95, shape), rng.uniform(0.001, 0.03, shape)
    truth = rng.random((n_exams, N_CLASSES)) < PREVALENCES
    rates = np.where(truth, sensitivity[:, None, :], alarms[:, None, :])
    ratings = (1 + (rng.random((N_READERS, n_exams, N_CLASSES)) < rates)).astype(np.int8)
    patterns = PatternCount.of(ratings)
    raw = two_states.fit(patterns)
    share_marked = raw.plausibility.share_marked
    n_informative = Design.of(patterns).n_informative
    how = Resampling(300, seed=seed)
    reported = latent_report(patterns, how=how)["classes"]
    everybody = np.ones(N_CLASSES, dtype=np.bool_)
    pooled = pooled_report.report(patterns, everybody, np.ones(N_CLASSES), how.confidence)
    estimates = []
    for row, fields in enumerate(reported):

        def line(kind: str, of: Any, row: int = row, *, is_unexplained: bool = False) -> Line:
            measure = of["prevalence"]
            return Line(
                kind,
                measure["estimate"],
                measure["low"],
                measure["high"],
                float(PREVALENCES[row]),
                float(share_marked[row]),
                float(raw.plausibility.n_true_positives[row]),
                is_unexplained,
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
            was_unexplained = bool(n_informative[row] >= FEW)
            estimates.append(
                line("raw", {"prevalence": value, "readers": ()}, is_unexplained=was_unexplained)
            )
        pooled_fields = pooled[row]
        if pooled_fields is not None and pooled_fields["prevalence"]["estimate"] is not None:
            estimates.append(line("pooled", pooled_fields))
        printed = fields if fields["prevalence"]["estimate"] is not None else fields["pooled"]
        outcome = "alone" if printed is fields else "pooled"
        if printed["prevalence"]["estimate"] is None:
            outcome = "refused"
        else:
            is_unexplained = not printed["prevalence"]["reason"]
            estimates.append(line("report", printed, is_unexplained=is_unexplained))
            estimates.append(line(f"report, {outcome}", printed, is_unexplained=is_unexplained))
        reasons[f"{outcome}: {fields['prevalence']['reason']}"] += 1
    return estimates


def _print(n_exams: int, lines: list[Line], reasons: Counter[str]) -> int:
    print(f"\n{n_exams} exams")
    for reason, n in reasons.most_common():
        print(f"  {n:5} {reason}")
    n_unexplained = 0
    for kind in ("raw", "report"):
        of = [item for item in lines if item.kind == kind]
        above = [item for item in of if item.prevalence > item.share_marked]
        unexplained = sum(item.is_unexplained for item in above)
        print(
            f"  {kind}: prevalence above the share marked: {len(above)} of {len(of)}, "
            f"{unexplained} without a caution"
        )
        n_unexplained += unexplained if kind == "report" else 0
    for kind in ("report, alone", "report, pooled", "pooled"):
        of = [item for item in lines if item.kind == kind]
        print(f"  {kind}: coverage of prevalence / sensitivity, by expected true positives")
        rare = [item for item in of if item.truth < RARE]
        print(f"    prevalence below {RARE}: {_coverage(rare)}")
        for low, high in BINS:
            inside = [item for item in of if low <= item.n_true_positives < high]
            if inside:
                print(f"    {low:4} to {high:4}: {_coverage(inside)}")
    return n_unexplained


def _coverage(lines: list[Line]) -> str:
    if not lines:
        return "none"
    skills = [skill for line in lines for skill in line.skills if skill[1] is not None]
    is_within: NDArray[np.bool_] = np.array([low <= true <= high for true, low, high in skills])  # type: ignore[operator]
    prevalence = np.mean([line.is_covered for line in lines])
    sensitivity = is_within.mean() if is_within.size else np.nan
    return f"{100 * prevalence:.1f} / {100 * sensitivity:.1f} of {len(lines)}"


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
