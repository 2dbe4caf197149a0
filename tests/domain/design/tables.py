"""Requests and the views of their plans that the tests ask about."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np

from ecgreview import design

SEED = "a-study"


def request(n_exams: int, n_readers: int, per_exam: int, **more: Any) -> design.Request:
    """Return a request of exams 1001 ... and readers 1 ...."""
    return design.Request(
        seed=more.pop("seed", SEED),
        exams=1001 + np.arange(n_exams),
        readers=1 + np.arange(n_readers),
        readers_per_exam=per_exam,
        **more,
    )


def who_reads(pairs: tuple[Any, Any]) -> dict[int, set[int]]:
    """Return the readers of each exam; fails when a pair comes twice."""
    rows = list(zip(*(column.tolist() for column in pairs), strict=True))
    assert len(rows) == len(set(rows))
    result: dict[int, set[int]] = {}
    for reader, exam in rows:
        result.setdefault(exam, set()).add(reader)
    return result


def loads(found: dict[int, set[int]], readers: Any) -> list[int]:
    """Return how many exams each reader has."""
    counts = Counter(reader for own in found.values() for reader in own)
    return [counts[int(reader)] for reader in readers]


def shared(found: dict[int, set[int]], readers: Any) -> list[int]:
    """Return how many exams each two readers share."""
    counts = Counter(pair for own in found.values() for pair in combinations(sorted(own), 2))
    return [counts[pair] for pair in combinations(sorted(int(r) for r in readers), 2)]


def queues(readings: design.Readings) -> dict[int, list[tuple[int, int, int]]]:
    """Return for each reader exam, occurrence and patient in the order of the positions."""
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


def known(value: float | None) -> float:
    """Return ``value``; fails when there is none."""
    assert value is not None
    return value
