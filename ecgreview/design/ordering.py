"""Reading order: pseudo-random by keyed hash, with exams of one patient kept apart."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from . import chance
from .readings import UNKNOWN, Ids


def key(seed: str, reader: int, exam: int, occurrence: int = 1) -> str:
    """Return the sort key of a reading in its reader's order: HMAC-SHA256, 64 hex digits.

    Without the seed, the order cannot be predicted. With it, the order can be verified years
    later.
    """
    return chance.digest(seed, _message(reader, exam, occurrence)).hex()


def digests(seed: str, rows: Iterable[tuple[int, int, int]]) -> NDArray[np.uint8]:
    """Return the keys of ``rows`` (reader, exam, occurrence) as bytes, shape (n, 32)."""
    return chance.digests(seed, (_message(*row) for row in rows))


def by_digest(readers: Ids, keys: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the indices that sort rows by reader, then key.

    Args:
        readers: shape (n,).
        keys: shape (n, 32), uint8.
    """
    words = np.ascontiguousarray(keys).view(">u8")  # (n, 4), most significant word first
    return np.lexsort((*words.T[::-1], readers))


def order(
    *, seed: str, reader: int, exams: Ids, patients: Ids, patient_gap: int, before: Sequence[int]
) -> Ids:
    """Return the order in which ``reader`` reads ``exams`` for the first time, as indices.

    Exams are ordered by key. If two exams of one patient would be closer than ``patient_gap``, the
    later one is moved back, or, near the end, forward. If that does not separate them, the order
    is built again, and the keys only break ties; see ``_largest_first``.

    Args:
        seed: the study's seed.
        reader: id of the reader.
        exams: shape (n,); ids.
        patients: shape (n,); the patient of each exam.
        patient_gap: desired minimum distance, in positions; reduced if it is impossible.
        before: patients of the preceding readings, the most recent last.
    """
    keys = digests(seed, ((reader, int(exam), 1) for exam in exams))
    by_key = by_digest(np.zeros(len(exams), dtype=np.int64), keys)
    return by_key[apart(patients[by_key], patient_gap, before)]


def apart(patients: Ids, gap: int, before: Sequence[int]) -> NDArray[np.intp]:
    """Return an order of ``patients`` in which equal ones are at least ``gap`` apart, if possible.

    Args:
        patients: shape (n,); the given order is kept where possible. Each ``UNKNOWN`` is a patient
            of its own.
        gap: desired minimum distance, in positions; reduced if it is impossible.
        before: patients of the preceding readings, the most recent last.

    Returns:
        Indices of ``patients``, shape (n,).
    """
    own = with_unknown_numbered(patients)
    near = [patient for patient in before if patient != UNKNOWN]
    for narrower in range(min(gap, _widest(own)), 1, -1):
        indexes = _put_forward(own, _put_back(own, narrower, near), narrower, near)
        indexes = indexes or _largest_first(own, narrower, near)
        if indexes:
            return np.array(indexes, dtype=np.intp)
    return np.arange(len(patients))


def with_unknown_numbered(patients: Ids) -> list[int]:
    """Return ``patients`` with a distinct number for each unknown patient."""
    numbered = np.where(patients == UNKNOWN, UNKNOWN - 1 - np.arange(len(patients)), patients)
    return [int(patient) for patient in numbered]


def _widest(patients: Sequence[int]) -> int:
    """Return the largest gap that the exams of every patient can keep.

    A patient with m exams needs m - 1 gaps. After the last gap, each patient with the largest m
    still needs one position.
    """
    counts = Counter(patients)
    most = max(counts.values(), default=1)
    if most == 1:
        return len(patients)
    n_at_max = sum(count == most for count in counts.values())
    return (len(patients) - n_at_max) // (most - 1)


def _put_back(patients: Sequence[int], gap: int, before: Sequence[int]) -> list[int]:
    """Return the indices in order; one that comes too soon after its patient is moved back.

    Indices for which no position is left at the end are omitted.
    """
    last = {patient: place for place, patient in enumerate(before, start=-len(before))}
    placed: list[int] = []
    waiting: list[int] = []
    coming = deque(range(len(patients)))

    def is_free(index: int) -> bool:
        return len(placed) - last.get(patients[index], -gap) >= gap

    while coming or waiting:
        chosen = next((index for index in waiting if is_free(index)), None)
        if chosen is not None:
            waiting.remove(chosen)
        elif not coming:
            break
        else:
            chosen = coming.popleft()
            if not is_free(chosen):
                waiting.append(chosen)
                continue
        last[patients[chosen]] = len(placed)
        placed.append(chosen)
    return placed


def _put_forward(
    patients: Sequence[int], placed: list[int], gap: int, before: Sequence[int]
) -> list[int] | None:
    """Return ``placed`` with each omitted index at the last position that keeps ``gap``.

    Returns None if an index has no such position.

    An insertion can only move other exams further apart.
    """
    for index in sorted(set(range(len(patients))) - set(placed)):
        row = [*before, *(patients[other] for other in placed)]
        own = [place - len(before) for place, other in enumerate(row) if other == patients[index]]
        fits = (
            place
            for place in range(len(placed), -1, -1)
            if all(
                place - other >= gap if other < place else other + 1 - place >= gap for other in own
            )
        )
        if (place := next(fits, None)) is None:
            return None
        placed.insert(place, index)
    return placed


def _largest_first(patients: Sequence[int], gap: int, before: Sequence[int]) -> list[int] | None:
    """Return an order that keeps ``gap``, or None if this method finds none.

    At each position it takes, of the patients who may come, the one with the most exams left; the
    order of the keys only breaks ties. It can succeed where moving exams does not.
    """
    left: dict[int, deque[int]] = {}
    for index, patient in enumerate(patients):
        left.setdefault(patient, deque()).append(index)
    ready_at = {patient: place + gap for place, patient in enumerate(before, start=-len(before))}
    resting = [(ready_at.get(patient, 0), own[0], patient) for patient, own in left.items()]
    heapify(resting)
    waiting: list[tuple[int, int, int]] = []
    placed: list[int] = []
    while len(placed) < len(patients):
        while resting and resting[0][0] <= len(placed):
            _, first, patient = heappop(resting)
            heappush(waiting, (-len(left[patient]), first, patient))
        if not waiting:
            return None
        _, _, patient = heappop(waiting)
        placed.append(left[patient].popleft())
        if left[patient]:
            heappush(resting, (len(placed) - 1 + gap, left[patient][0], patient))
    return placed


def _message(reader: int, exam: int, occurrence: int) -> str:
    # First readings keep the format from before repeats existed, so that their order is the same.
    return f"{reader}:{exam}" if occurrence == 1 else f"{reader}:{exam}:{occurrence}"
