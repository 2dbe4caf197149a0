"""How long does each rule take for CODE-II-test, and for one more reading?

Simulates 8,475 exams x 3 readers x 66 classes. The peer is crowd-kit 1.4.2, which fits Dawid and
Skene's model class by class, in an environment created for the run. Times are CPU seconds, so that
other load matters less; ours are medians and include building the counts from the readings.

Run: ``python -m bench.consensus.speed``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench.agreement._environments import peer_environment
from bench.agreement.dawid_skene import PEER, crowd_kit, draw
from ecgreview import consensus
from ecgreview.consensus import RULES, Ballot, Choice, Exam, Relations

ROUNDS = 5
GOAL_S = 1.0


def main() -> int:
    """Print a line per rule; return 1 if a goal is missed."""
    ratings = draw(per_exam=3)
    exams = as_exams(ratings)
    seconds = {rule: timed(Choice(rule), exams) for rule in RULES}
    print(f"{len(exams):,} exams x {len(ratings)} readers x {ratings.shape[2]} classes")
    for rule, taken in seconds.items():
        print(f"  {rule:24} {taken:7.3f} s (goal {GOAL_S:g})")
    with tempfile.TemporaryDirectory() as folder:
        python = peer_environment(PEER, Path(folder))
        if python:
            peer_s = sum(crowd_kit(python, Path(folder), ratings)["seconds"])
            print(f"  {'crowd-kit, Dawid-Skene':24} {peer_s:7.3f} s, ", end="")
            print(f"{peer_s / seconds['dawid_skene']:,.0f} times as long as dawid_skene")
    return int(max(seconds.values()) > GOAL_S)


def as_exams(ratings: NDArray[np.int8]) -> dict[int, Exam]:
    n_readers, n_exams, n_classes = ratings.shape
    codes = np.array([f"class_{place:02}" for place in range(n_classes)])
    return {
        exam: Exam(
            tuple(
                Ballot(frozenset(codes[ratings[reader, exam] == 2].tolist()), reader=f"r{reader}")
                for reader in range(n_readers)
            ),
            n_wanted=n_readers,
        )
        for exam in range(n_exams)
    }


def timed(choice: Choice, exams: dict[int, Exam]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        consensus.decide(choice, exams, Relations())
        times.append(time.process_time() - start)
    return median(times)


if __name__ == "__main__":
    sys.exit(main())
