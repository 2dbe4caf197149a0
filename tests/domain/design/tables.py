"""Builds plan requests for tests and summarizes the resulting plans."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np

from ecgreview import design

SEED = "a-study"


def request(n_exams: int, n_readers: int, per_exam: int, **more: Any) -> design.Request:
    """Return a request for exams 1001, 1002, ... and readers 1, 2, ...."""
    return design.Request(
        seed=more.pop("seed", SEED),
        exams=1001 + np.arange(n_exams),
        readers=1 + np.arange(n_readers),
        readers_per_exam=per_exam,
        **more,
    )


def readers_by_exam(pairs: tuple[Any, Any]) -> dict[int, set[int]]:
    """Return the readers of each exam. Fails if a pair occurs twice."""
    rows = list(zip(*(column.tolist() for column in pairs), strict=True))
    assert len(rows) == len(set(rows))
    result: dict[int, set[int]] = {}
    for reader, exam in rows:
        result.setdefault(exam, set()).add(reader)
    return result


def loads(readers_of: dict[int, set[int]], readers: Any) -> list[int]:
    counts = Counter(reader for own in readers_of.values() for reader in own)
    return [counts[int(reader)] for reader in readers]


def shared(readers_of: dict[int, set[int]], readers: Any) -> list[int]:
    """Return the number of exams that each pair of readers shares."""
    counts = Counter(pair for own in readers_of.values() for pair in combinations(sorted(own), 2))
    return [counts[pair] for pair in combinations(sorted(int(r) for r in readers), 2)]


def queues(readings: design.Readings) -> dict[int, list[tuple[int, int, int]]]:
    """Return each reader's queue as (exam, occurrence, patient), ordered by position."""
    rows = sorted(
        zip(
            readings.readers.tolist(),
            readings.positions.tolist(),
            readings.exams.tolist(),
            readings.occurrences.tolist(),
            readings.patients.tolist(),
            strict=True,
        )
    )
    result: dict[int, list[tuple[int, int, int]]] = {}
    for reader, _, *rest in rows:
        result.setdefault(reader, []).append((rest[0], rest[1], rest[2]))
    return result


def not_none(value: float | None) -> float:
    assert value is not None
    return value
