"""How long do all coefficients of 66 classes with 1,000-replicate intervals take, against peers?

Peers are called as their users call them, class by class: scikit-learn (Cohen's kappa of each pair,
F1 for positive agreement), statsmodels (Fleiss' kappa), krippendorff (alpha) and irrCAC (AC1, in an
environment created for the run). None of them has PABAK, negative agreement, Light or Conger, so
these are not timed. A peer is timed on one replicate (irrCAC, and all peers in larger studies, on
some of the classes), and its time is extrapolated to 66 classes and 1,000 replicates. "Expert
NumPy" resamples exams and counts all classes at once. Times are wall-clock seconds, medians only
where runs are short, so use a quiet machine.

Run: ``python -m bench.agreement.coefficients [a] [b] [c]``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median

import krippendorff
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, f1_score
from statsmodels.stats.inter_rater import fleiss_kappa

from bench.agreement._environments import peer_environment
from ecgreview.agreement import Answers, PatternCount
from ecgreview.agreement.reports import everyone
from ecgreview.agreement.reports.overall import overall
from ecgreview.agreement.sampling.resampling import Resampling

PEER = "irrCAC==0.4.4"
N_CLASSES, N_REPLICATES = 66, 1000
PREVALENCES = np.geomspace(0.0005, 0.30, N_CLASSES)
Ratings = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Study:
    """A study and its goals. Goals are ratios of speed; None means no goal.

    Attributes:
        classes: number of the 66 classes on which peers are timed.
        goal: speed relative to all peers together.
        joint_goal: the same with all classes of an exam resampled together.
        single_goal: speed relative to the fastest peer for one coefficient.
        points_goal: speed of the coefficients without intervals, relative to all peers together.
        expert_goal: speed relative to resampling the exams in NumPy.
        reads_goal: maximum time, in multiples of the time to read all ratings once.
    """

    n_exams: int
    n_readers: int
    classes: int
    goal: int
    joint_goal: int | None = None
    single_goal: int | None = None
    points_goal: int | None = None
    expert_goal: int | None = None
    reads_goal: int | None = None


STUDIES = {
    "a": Study(8_475, 3, 66, 10_000, 2_000, 200, 400, 40),
    "b": Study(100_000, 2, 6, 40_000),
    "c": Study(2_735_269, 2, 2, 100_000, reads_goal=40),
}


def main(names: Sequence[str]) -> int:
    """Print the tables; return 1 when a goal is missed."""
    warnings.simplefilter("ignore")  # peers warn about classes that nobody marked
    n_missed = 0
    with tempfile.TemporaryDirectory() as folder:
        python = peer_environment(PEER, Path(folder))
        for name in names or STUDIES:
            n_missed += run(STUDIES[name], python, Path(folder))
    return int(n_missed > 0)


def run(study: Study, python: Path | None, folder: Path) -> int:
    ratings = draw(study)
    print(f"\n{study.n_exams:,} exams x {study.n_readers} readers, two each, {N_CLASSES} classes")
    ours_s = timed(lambda: with_intervals(ratings), 5)
    points_s = timed(lambda: points(ratings), 15)
    peers = of_peers(study, ratings, python, folder)
    single_s = min(peers.values())
    total_s = sum(peers.values())
    for peer, seconds in peers.items():
        print(f"  {peer:42}{seconds * N_REPLICATES:14,.0f} s for 1,000 replicates")
    print(f"  ours, all coefficients with intervals     {ours_s:14.4f} s")
    print(f"  ours, all coefficients                    {points_s:14.4f} s")
    n_missed = report_ratio("peers together", total_s * N_REPLICATES / ours_s, study.goal)
    n_missed += report_ratio(
        "fastest single peer", single_s * N_REPLICATES / ours_s, study.single_goal
    )
    n_missed += report_ratio("points, peers together", total_s / points_s, study.points_goal)
    if study.joint_goal:
        joint_s = timed(lambda: overall(Answers.of(ratings), Resampling()), 3)
        print(f"  ours, classes drawn together              {joint_s:14.4f} s")
        n_missed += report_ratio(
            "joint, peers together", total_s * N_REPLICATES / joint_s, study.joint_goal
        )
    if study.expert_goal:
        expert_s = timed(lambda: expert(ratings, 20), 1) * N_REPLICATES / 20
        print(f"  exams resampled in NumPy                  {expert_s:14.4f} s")
        n_missed += report_ratio("expert NumPy", expert_s / ours_s, study.expert_goal)
    if study.reads_goal:
        read_s = timed(lambda: ratings.view(np.uint8).max(), 5)
        print(f"  one read of the readings                  {read_s:14.4f} s")
        n_reads = ours_s / read_s
        print(f"  {n_reads:,.0f} reads (goal at most {study.reads_goal})")
        n_missed += n_reads > study.reads_goal
    return int(n_missed)


def report_ratio(name: str, ratio: float, goal: int | None) -> int:
    print(f"  {ratio:12,.0f} x {name}" + (f" (goal {goal:,})" if goal else ""))
    return int(goal is not None and ratio < goal)


def with_intervals(ratings: Ratings) -> None:
    everyone.class_measures(PatternCount.of(ratings), Resampling(N_REPLICATES))


def points(ratings: Ratings) -> None:
    patterns = PatternCount.of(ratings)
    everyone.coefficients(patterns.cells())
    everyone.of_readers(patterns)


def draw(study: Study) -> Ratings:
    """Return ratings with a sensitivity of 80%; two of the readers have read each exam."""
    rng = np.random.default_rng(1)
    ratings = np.empty((study.n_readers, study.n_exams, N_CLASSES), dtype=np.int8)
    for start in range(0, study.n_exams, 100_000):
        part = slice(start, min(start + 100_000, study.n_exams))
        truth = rng.random((part.stop - start, N_CLASSES), np.float32) < PREVALENCES
        chance = np.where(truth, 0.8, 0.1 * PREVALENCES).astype(np.float32)
        for reader in ratings[:, part]:
            reader[:] = 1 + (rng.random(chance.shape, np.float32) < chance)
    if study.n_readers > 2:
        ratings[rng.integers(0, study.n_readers, study.n_exams), np.arange(study.n_exams)] = 0
    return ratings


def of_peers(study: Study, ratings: Ratings, python: Path | None, folder: Path) -> dict[str, float]:
    """Return the seconds each peer needs for one replicate of all classes."""
    rng = np.random.default_rng(2)
    drawn = ratings[:, rng.integers(0, study.n_exams, study.n_exams)]
    places = np.linspace(0, N_CLASSES - 1, study.classes).astype(int)
    scale = N_CLASSES / study.classes
    seconds: dict[str, float] = {}
    for name, peer in PEERS.items():
        prepared = [list(arguments) for arguments in _prepared(name, drawn, places)]
        start = time.perf_counter()
        for arguments in prepared:
            for call in arguments:
                peer(*call)
        seconds[name] = (time.perf_counter() - start) * scale
    if python:
        some = places[:: max(1, len(places) // 6)]
        of_ac1 = irr_cac(python, folder, drawn[:, :, some])
        seconds["irrCAC AC1"] = sum(of_ac1) * N_CLASSES / len(some)
    return seconds


def _prepared(name: str, drawn: Ratings, places: NDArray[np.int64]) -> Iterator[Iterator[tuple]]:  # type: ignore[type-arg]
    """Yield the arguments of a peer's calls for each class; building them is not timed."""
    for place in places:
        answers = drawn[:, :, place]
        if name in {"scikit-learn kappa", "scikit-learn F1"}:
            pairs = combinations(range(len(answers)), 2)
            yield ((answers[i, both] - 1, answers[j, both] - 1)
                   for i, j in pairs for both in [(answers[i] > 0) & (answers[j] > 0)])  # fmt: skip
        else:
            yield iter(
                [(np.stack([(answers == 1).sum(axis=0), (answers == 2).sum(axis=0)], axis=1),)]
            )


PEERS: dict[str, Callable[..., object]] = {
    "scikit-learn kappa": cohen_kappa_score,
    "scikit-learn F1": lambda one, other: f1_score(one, other, zero_division=0),
    "statsmodels Fleiss": fleiss_kappa,
    "krippendorff alpha": lambda table: (
        krippendorff.alpha(value_counts=table, level_of_measurement="nominal")
        if table.all(axis=0).size and (table.sum(axis=0) > 0).all()
        else None
    ),
}


def irr_cac(python: Path, folder: Path, drawn: Ratings) -> list[float]:
    table = folder / "ratings.npz"
    np.savez(table, ratings=np.where(drawn == 0, np.nan, drawn - 1.0).transpose(2, 1, 0))
    script = Path(__file__).with_name("_irr_cac.py")
    done = subprocess.run(
        [str(python), "-W", "ignore", str(script), str(table)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    answer: list[float] = json.loads(done.stdout)["seconds"]
    return answer


def expert(ratings: Ratings, n_replicates: int) -> None:
    """Resample exams and count all classes at once; the counts suffice for all coefficients."""
    rng = np.random.default_rng(3)
    n_exams = ratings.shape[1]
    for _ in range(n_replicates):
        drawn = ratings[:, rng.integers(0, n_exams, n_exams)]
        present, absent = drawn == 2, drawn == 1
        tables = [
            [(first_state[i] & second_state[j]).sum(axis=0) for first_state in (absent, present)
             for second_state in (absent, present)]
            for i, j in combinations(range(len(drawn)), 2)
        ]  # fmt: skip
        n_present, n_absent = present.sum(axis=0), absent.sum(axis=0)
        _ = [np.bincount(n_present[:, c] + 4 * n_absent[:, c], minlength=16) for c in range(66)]
        _ = np.array(tables)


def timed(work: Callable[[], object], rounds: int) -> float:
    """Return the median seconds of ``work``."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
