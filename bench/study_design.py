"""How long does it take to design a study, compared with assigning one reading at a time?

For each reading of an exam, the naive way chooses the reader with the lowest load who shares the
fewest exams with the other readers, computes each order key with ``hmac.new``, and sorts. It has no
caps, does not keep exams of a patient apart, and ignores history. Run:
``python -m bench.study_design``.
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
# Exams, readers per exam, and the time limit in seconds.
STUDIES = ((8_475, 3, 5.0), (100_000, 2, 60.0))

# Reader, exam, patient, occurrence, position and key.
Row = tuple[int, int, int, int, int, str]


def main() -> int:
    """Print the table; return 1 if a study exceeds its time limit."""
    is_late = False
    for n_exams, per_exam, limit_s in STUDIES:
        our_times_s, naive_times_s = [], []
        # Interleaved, so that other load on the machine affects both alike.
        for _ in range(ROUNDS):
            our_s, ours = timed(generate, n_exams, per_exam)
            naive_s, naive = timed(one_by_one, n_exams, per_exam)
            our_times_s.append(our_s)
            naive_times_s.append(naive_s)
        print(f"{n_exams:,} exams x {per_exam} of {N_READERS} readers, {len(ours):,} readings:")
        show("generated", min(our_times_s), ours)
        show("one by one", min(naive_times_s), naive)
        print(
            f"  {min(naive_times_s) / min(our_times_s):.1f} times as fast (limit {limit_s:.0f} s)\n"
        )
        is_late = is_late or min(our_times_s) > limit_s
    return int(is_late)


def show(name: str, seconds: float, rows: list[Row]) -> None:
    balance = design.balance(design.Readings.of(row[:5] for row in rows))
    loads, pairs = balance.loads, balance.pairs
    print(f"  {name:11}{seconds:7.2f} s; loads {loads.least}-{loads.most}", end="")
    print(f", pairs {pairs.least}-{pairs.most}", end="")
    print(
        f", patients {balance.least_patient_gap or '-'} and repeats {balance.least_washout} apart"
    )


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
            free = [reader for reader in range(N_READERS) if reader not in chosen]
            chance.shuffle(free)
            best = min(free, key=lambda r: (loads[r], sum(met[r][other] for other in chosen)))
            for other in chosen:
                met[best][other] += 1
                met[other][best] += 1
            loads[best] += 1
            exams_of[best].append(exam)
            chosen.append(best)
    return [row for reader in range(N_READERS) for row in queue(reader, exams_of[reader], chance)]


def queue(reader: int, exams: list[int], chance: random.Random) -> list[Row]:
    """Return the order of one reader, with repeats inserted after the washout."""
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


def timed(action: Callable[[int, int], list[Row]], *of: int) -> tuple[float, list[Row]]:
    start = time.perf_counter()
    result = action(*of)
    return time.perf_counter() - start, result


if __name__ == "__main__":
    sys.exit(main())
