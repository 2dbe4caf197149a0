"""How long do prevalence and skill of 66 classes without a reference take, against crowd-kit?

Simulates 8,475 exams, prevalences from 0.05% to 30%, and two or all of three readers per exam.
crowd-kit 1.4.2 fits one class at a time, in an environment created for the run. Its tables are
built before the clock starts, while our time includes counting the readings. Both results are
compared by the same log-likelihood. Our intervals come from 1,000 refits. crowd-kit has none, so
its time is a thousand times that of one fit. All times are CPU seconds, so that other load matters
less; they are medians, except crowd-kit's for intervals.

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
# Tolerance of the log-likelihood, larger than rounding errors.
WITHIN = 1e-6
GOAL, GOAL_WITH_INTERVALS = 300, 5_000


def main() -> int:
    """Print the table; return 1 if a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        python = peer_environment(PEER, Path(folder))
        is_short = points(python, Path(folder)) + intervals(python, Path(folder))
    return int(is_short > 0)


def points(python: Path | None, folder: Path) -> int:
    ratings = draw(per_exam=2)
    ours_s, peer_s, peer = [], [], {}
    # Interleaved, so that other load on the machine affects both alike.
    for _ in range(ROUNDS):
        ours_s += [timed_fit(ratings) for _ in range(OUR_ROUNDS)]
        if python:
            peer = crowd_kit(python, folder, ratings)
            peer_s.append(sum(peer["seconds"]))
    patterns = PatternCount.of(ratings)
    ours = two_states.fit(patterns)
    print(f"{N_CLASSES} classes, {N_EXAMS:,} exams x {N_READERS} readers, two of them each:")
    print(
        f"  ours       {median(ours_s):9.4f} s, {span(ours.n_iterations)} EM steps, from readings"
    )
    if not python:
        return 0
    print(f"  crowd-kit  {median(peer_s):9.4f} s, {span(peer['steps'])} EM steps")
    ratio = median(peer_s) / median(ours_s)
    peer_likelihood = Model.of(patterns.patterns).log_likelihood(
        np.array(peer["theta"]), patterns.counts
    )
    gains = ours.log_likelihood - peer_likelihood
    n_reached = int((gains >= -WITHIN).sum())
    print(f"  {ratio:,.0f} times as fast (goal {GOAL})")
    print(f"  log-likelihood at least as high in {n_reached} of {N_CLASSES}, ", end="")
    print(f"higher by {np.median(gains):.3g} in the median, by {gains.max():.3g} at most\n")
    return int(ratio < GOAL or n_reached < N_CLASSES)


def intervals(python: Path | None, folder: Path) -> int:
    ratings = draw(per_exam=3)
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        patterns = PatternCount.of(ratings)
        estimates = two_states.fit(patterns)
        rng = np.random.default_rng(1)
        latent_replicates.bootstrap(patterns, estimates, rng=rng, n_replicates=N_REPLICATES)
        seconds.append(time.process_time() - start)
    print(f"{N_CLASSES} classes, {N_EXAMS:,} exams x 3 of 3, {N_REPLICATES:,} bootstrap fits each:")
    print(f"  ours       {median(seconds):9.4f} s")
    if not python:
        return 0
    per_fit_s = sum(crowd_kit(python, folder, ratings)["seconds"])
    ratio = N_REPLICATES * per_fit_s / median(seconds)
    print(f"  crowd-kit  {N_REPLICATES * per_fit_s:9,.0f} s ({per_fit_s:.1f} s per fit)")
    print(f"  {ratio:,.0f} times as fast (goal {GOAL_WITH_INTERVALS:,})")
    return int(ratio < GOAL_WITH_INTERVALS)


def draw(*, per_exam: int) -> NDArray[np.int8]:
    """Return ratings, shape (n_readers, n_exams, n_classes), with a sensitivity of 80%."""
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
    np.savez(table, exams=exams, readers=readers, labels=ratings[readers, exams] - 1)
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
