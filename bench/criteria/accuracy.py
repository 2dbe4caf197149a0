"""How often is the criteria model right? Sensitivity, specificity and PPV of each class it checks.

Measures the labeled recordings in ``../shared/data`` and compares the suggestions with the labels
of their sources (CinC 2021, PTB-XL, LUDB, CODE-15), with Wilson's 95% intervals.
Run: ``python -m bench.criteria.accuracy [folder]``; ``--list`` names every difference.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.criteria import _labeled
from bench.criteria._labeled import Labeled
from ecgreview import criteria
from ecgreview.agreement.values.proportions import wilson
from ecgreview.criteria import QtFormula, State
from ecgreview.measure import measure

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ADULT_YEARS = 18


@dataclass(frozen=True, slots=True)
class Examined:
    """A labeled recording, the classes the model suggests for it, and those it withholds."""

    labeled: Labeled
    suggested: frozenset[str]
    withheld: frozenset[str]


def examine(recordings: Iterable[Labeled], formula: QtFormula) -> Iterator[Examined]:
    """Yield each recording with the model's conclusions, except recordings of children."""
    for labeled in recordings:
        age = labeled.recording.age_years
        if age is not None and age < ADULT_YEARS:
            continue
        verdicts = criteria.examine(
            measure(labeled.recording.signal),
            age_years=age,
            sex=labeled.recording.sex,
            qt_formula=formula,
        )
        suggested, withheld = (
            frozenset(verdict.code for verdict in verdicts if verdict.state == state)
            for state in (State.SUGGESTED, State.WITHHELD)
        )
        yield Examined(labeled, suggested, withheld)


def table(examined: list[Examined]) -> str:
    """Return a Markdown table of sensitivity, specificity, PPV and times withheld, by class."""
    lines = ["| class | sensitivity | specificity | PPV | withheld |", "|---|---|---|---|---|"]
    for code in criteria.COVERED:
        counts = Counter(
            (state, code in item.suggested)
            for item in examined
            if (state := item.labeled.state(code)) is not None
        )
        right, missed = counts[True, True], counts[True, False]
        false, silent = counts[False, True], counts[False, False]
        cells = (
            _share(right, right + missed),
            _share(silent, silent + false),
            _share(right, right + false),
        )
        n_withheld = sum(code in item.withheld for item in examined)
        lines.append(f"| `{code}` | {' | '.join(cells)} | {n_withheld} |")
    return "\n".join(lines)


def differences(examined: list[Examined]) -> Iterator[str]:
    """Yield a line for each recording and class on which model and label differ."""
    for item in examined:
        for code in criteria.COVERED:
            state = item.labeled.state(code)
            if state is not None and state != (code in item.suggested):
                kind = "missed" if state else "false"
                key = item.labeled.recording.source_key
                yield f"{kind:7}{code:46}{item.labeled.source}: {key}"


def _share(part: int, total: int) -> str:
    if total == 0:
        return "none"
    low, high = wilson(np.array([part]), np.array([total]), 0.025)
    return f"{part}/{total} = {part / total:.2f} [{low[0]:.2f}, {high[0]:.2f}]"


def main() -> int:
    """Print the table, and the differences if requested."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    parser.add_argument("--rate", type=float, help="only PTB-XL, at this sampling rate in Hz")
    parser.add_argument("--qt", type=QtFormula, default=QtFormula.BAZETT, help="QT correction")
    parser.add_argument("--list", action="store_true", help="name the differences")
    options = parser.parse_args()
    examined = list(examine(_each_once(options.folder, options.rate), options.qt))
    states = [item.labeled.state(code) for item in examined for code in item.suggested]
    judged = [state for state in states if state is not None]
    print(
        f"{criteria.NAME} {criteria.version_of(options.qt)}: {len(examined)} recordings of adults;"
    )
    print(f"{sum(judged)} of {len(judged)} suggestions that a label can judge are right\n")
    print(table(examined))
    if options.list:
        print("", *differences(examined), sep="\n")
    return 0


def _each_once(folder: Path, rate_hz: float | None) -> Iterator[Labeled]:
    """Yield each recording once: PTB-XL at 500 Hz unless a rate is requested."""
    for labeled in _labeled.load(folder, criteria.COVERED):
        is_ptbxl = labeled.source == "PTB-XL"
        is_twin = is_ptbxl and labeled.recording.signal.sampling_rate_hz != (rate_hz or 500)
        if not is_twin and (is_ptbxl or rate_hz is None):
            yield labeled


if __name__ == "__main__":
    sys.exit(main())
