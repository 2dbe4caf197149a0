"""How long does it take to design a study, against one reading at a time?

The other way chooses, for each place of each exam, the reader who has least and has met the others
least often, draws the order key of each reading with ``hmac.new``, and sorts. It has no caps, keeps
no patients apart and knows no history. Run: ``python -m bench.study_design``.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import sys
import time
from collections.abc import Callable

import numpy as np

from ecgreview import design

SEED = "bench"
N_READERS = 46
REPEAT_FRACTION = 0.05
WASHOUT_EXAMS = 50
ROUNDS = 3
STUDIES = ((8_475, 3, 5.0), (100_000, 2, 60.0))
"""Exams, readers of each, and the seconds it may take."""

Row = tuple[int, int, int, int, int, str]
"""Reader, exam, patient, occurrence, position and key."""


def main() -> int:
    """Print the table; fail when a study takes longer than it may."""
    is_late = False
    for n_exams, per_exam, may_take_s in STUDIES:
        ours_s, theirs_s = [], []
        # Interleaved, so that whatever else the machine does burdens both alike.
        for _ in range(ROUNDS):
            our_s, ours = timed(generate, n_exams, per_exam)
            their_s, theirs = timed(one_by_one, n_exams, per_exam)
            ours_s.append(our_s)
            theirs_s.append(their_s)
        print(f"{n_exams:,} exams x {per_exam} of {N_READERS} readers, {len(ours):,} readings:")
        show("generated", min(ours_s), ours)
        show("one by one", min(theirs_s), theirs)
        print(f"  {min(theirs_s) / min(ours_s):.1f} times as fast; may take {may_take_s:.0f} s\n")
        is_late = is_late or min(ours_s) > may_take_s
    return int(is_late)


def show(name: str, seconds: float, rows: list[Row]) -> None:
    found = design.balance(design.Readings.of(row[:5] for row in rows))
    loads, pairs = found.loads, found.pairs
    print(f"  {name:11}{seconds:7.2f} s; loads {loads.least}-{loads.most}", end="")
    print(f", pairs {pairs.least}-{pairs.most}", end="")
    print(f", patients {found.least_patient_gap or '-'} and repeats {found.least_washout} apart")


def generate(n_exams: int, per_exam: int) -> list[Row]:
    request = design.Request(
        seed=SEED,
        exams=np.arange(n_exams),
        readers=np.arange(N_READERS),
        readers_per_exam=per_exam,
        patients=np.random.default_rng(1).integers(0, n_exams * 2 // 3, n_exams),
        repeat_fraction=REPEAT_FRACTION,
        washout_exams=WASHOUT_EXAMS,
    )
    return list(design.generate(request).rows())


def one_by_one(n_exams: int, per_exam: int) -> list[Row]:
    chance = random.Random(SEED)
    loads = [0] * N_READERS
    met = [[0] * N_READERS for _ in range(N_READERS)]
    exams_of: list[list[int]] = [[] for _ in range(N_READERS)]
    for exam in chance.sample(range(n_exams), n_exams):
        chosen: list[int] = []
        for _ in range(per_exam):
            left = [reader for reader in range(N_READERS) if reader not in chosen]
            chance.shuffle(left)
            best = min(left, key=lambda r: (loads[r], sum(met[r][other] for other in chosen)))
            for other in chosen:
                met[best][other] += 1
                met[other][best] += 1
            loads[best] += 1
            exams_of[best].append(exam)
            chosen.append(best)
    return [row for reader in range(N_READERS) for row in queue(reader, exams_of[reader], chance)]


def queue(reader: int, exams: list[int], chance: random.Random) -> list[Row]:
    """Return the order of one reader, each repeat put back until it is late enough."""
    firsts = sorted((order_key(f"{reader}:{exam}"), exam) for exam in exams)
    early = firsts[: len(firsts) - WASHOUT_EXAMS]
    row = [(exam, 1, key) for key, exam in firsts]
    for _, exam in chance.sample(early, round(len(exams) * REPEAT_FRACTION)):
        first = next(at for at, (other, _, _) in enumerate(row) if other == exam)
        place = chance.randint(first + WASHOUT_EXAMS, len(row))
        row.insert(place, (exam, 2, order_key(f"{reader}:{exam}:2")))
    return [(reader, exam, -1, n, at, key) for at, (exam, n, key) in enumerate(row, start=1)]


def order_key(message: str) -> str:
    return hmac.new(SEED.encode(), message.encode(), hashlib.sha256).hexdigest()


def timed(deed: Callable[[int, int], list[Row]], *of: int) -> tuple[float, list[Row]]:
    start = time.perf_counter()
    result = deed(*of)
    return time.perf_counter() - start, result


if __name__ == "__main__":
    sys.exit(main())
