"""How long do prevalence and skill of 66 classes take without a reference, against crowd-kit?

8,475 exams, prevalences from 0.05% to 30%; two of three readers read each, or all three. crowd-kit
1.4.2 fits one class at a time, in an environment of its own that is made for the run and removed
after; it is spared the making of its tables, while ours starts from the readings. Both answers are
held against the same log-likelihood. Intervals are of 1,000 refits: crowd-kit has none, so a
thousand times one of its rounds is what they would take. All seconds are the processor's, in the
median: whatever else the machine does burdens neither.

Run: ``python -m bench.agreement.dawid_skene``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.agreement._environments import peer_environment
from ecgreview.agreement import PatternCount
from ecgreview.agreement.latent import replicates as latent_replicates
from ecgreview.agreement.latent import two_states
from ecgreview.agreement.latent.em import Model

PEER = "crowd-kit==1.4.2"
N_EXAMS, N_READERS, N_CLASSES = 8_475, 3, 66
PREVALENCES = np.geomspace(0.0005, 0.30, N_CLASSES)
ROUNDS, OUR_ROUNDS = 3, 9
N_REPLICATES = 1000
WITHIN = 1e-6
"""Of a log-likelihood: more than rounding, less than anything that matters."""
GOAL, GOAL_WITH_INTERVALS = 300, 5_000


def main() -> int:
    """Print the table; fail when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        python = peer_environment(PEER, Path(folder))
        is_short = points(python, Path(folder)) + intervals(python, Path(folder))
    return int(is_short > 0)


def points(python: Path | None, folder: Path) -> int:
    ratings = draw(per_exam=2)
    ours_s, theirs_s, theirs = [], [], {}
    # Interleaved, so that whatever else the machine does burdens both alike.
    for _ in range(ROUNDS):
        ours_s += [timed_fit(ratings) for _ in range(OUR_ROUNDS)]
        if python:
            theirs = crowd_kit(python, folder, ratings)
            theirs_s.append(sum(theirs["seconds"]))
    patterns = PatternCount.of(ratings)
    ours = two_states.fit(patterns)
    print(f"{N_CLASSES} classes, {N_EXAMS:,} exams x {N_READERS} readers, two of them each:")
    print(
        f"  ours       {median(ours_s):9.4f} s, {span(ours.n_iterations)} EM steps, from readings"
    )
    if not python:
        return 0
    print(f"  crowd-kit  {median(theirs_s):9.4f} s, {span(theirs['steps'])} EM steps")
    ratio = median(theirs_s) / median(ours_s)
    height = Model.of(patterns.patterns).log_likelihood(np.array(theirs["theta"]), patterns.counts)
    gains = ours.log_likelihood - height
    n_as_high = int((gains >= -WITHIN).sum())
    print(f"  {ratio:,.0f} times as fast (goal {GOAL})")
    print(f"  log-likelihood at least as high in {n_as_high} of {N_CLASSES}, ", end="")
    print(f"higher by {np.median(gains):.3g} in the median, by {gains.max():.3g} at most\n")
    return int(ratio < GOAL or n_as_high < N_CLASSES)


def intervals(python: Path | None, folder: Path) -> int:
    ratings = draw(per_exam=3)
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        patterns = PatternCount.of(ratings)
        found = two_states.fit(patterns)
        rng = np.random.default_rng(1)
        latent_replicates.bootstrap(patterns, found, rng=rng, n_replicates=N_REPLICATES)
        seconds.append(time.process_time() - start)
    print(f"{N_CLASSES} classes, {N_EXAMS:,} exams x 3 of 3, {N_REPLICATES:,} bootstrap fits each:")
    print(f"  ours       {median(seconds):9.4f} s")
    if not python:
        return 0
    one_s = sum(crowd_kit(python, folder, ratings)["seconds"])
    ratio = N_REPLICATES * one_s / median(seconds)
    print(f"  crowd-kit  {N_REPLICATES * one_s:9,.0f} s (extrapolated from {one_s:.1f} s a fit)")
    print(f"  {ratio:,.0f} times as fast (goal {GOAL_WITH_INTERVALS:,})")
    return int(ratio < GOAL_WITH_INTERVALS)


def draw(*, per_exam: int) -> NDArray[np.int8]:
    """Return ratings, shape (n_readers, n_exams, n_classes), of readers who miss one in five."""
    rng = np.random.default_rng(1)
    truth = rng.random((N_EXAMS, N_CLASSES)) < PREVALENCES
    shape = (N_READERS, N_EXAMS, N_CLASSES)
    gives = rng.random(shape) < np.where(truth, 0.8, 0.1 * PREVALENCES)
    ratings = (1 + gives).astype(np.int8)
    order = rng.random(shape[:2]).argsort(axis=0)
    ratings[order >= per_exam] = 0
    return ratings


def timed_fit(ratings: NDArray[np.int8]) -> float:
    start = time.process_time()
    two_states.fit(PatternCount.of(ratings))
    return time.process_time() - start


def crowd_kit(python: Path, folder: Path, ratings: NDArray[np.int8]) -> dict[str, Any]:
    readers, exams = np.nonzero(ratings[:, :, 0])
    table = folder / "readings.npz"
    np.savez(table, exams=exams, readers=readers, said=ratings[readers, exams] - 1)
    script = Path(__file__).with_name("_crowd_kit.py")
    done = subprocess.run(
        [str(python), "-W", "ignore", str(script), str(table)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def span(steps: Any) -> str:
    return f"{min(steps)}-{max(steps)}"


if __name__ == "__main__":
    sys.exit(main())
