"""The table of assignments that the steps of an allocation fill in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .readings import Ids, Readings
from .request import Frame, place

_EXAMS_AT_ONCE = 20_000


@dataclass(slots=True, eq=False)
class Board:
    """The assignments made so far.

    Attributes:
        present: shape (n_readers, n_exams), bool; pairs in the history, which never move.
        allowed: the same shape; pairs that may be assigned.
        given: the same shape; pairs assigned so far by this allocation.
        missing: shape (n_exams,); number of readers each exam still needs.
        loads: shape (n_readers,); exams of each reader, including the history.
        room: shape (n_readers,); number of further exams each reader may be given.
    """

    present: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    given: NDArray[np.bool_]
    missing: Ids
    loads: Ids
    room: Ids

    @classmethod
    def of(cls, frame: Frame, limits: Ids) -> Board:
        """Return an empty board for ``frame``, with at most ``limits`` new exams per reader."""
        return cls(
            present=frame.present,
            allowed=frame.allowed,
            given=np.zeros_like(frame.allowed),
            missing=frame.needs.copy(),
            loads=frame.loads.copy(),
            room=limits.copy(),
        )

    @property
    def n_readers(self) -> int:
        return len(self.loads)

    def may_give(self, exam: int) -> NDArray[np.bool_]:
        """Return a mask of the readers who could be given ``exam``, ignoring ``room``."""
        return self.allowed[:, exam] & ~self.given[:, exam]

    def movable(self, giver: int, recipient: int) -> NDArray[np.intp]:
        """Return the exams that ``giver`` could pass to ``recipient``."""
        free = self.allowed[recipient] & ~self.given[recipient]
        return np.flatnonzero(self.given[giver] & free)

    def give(self, reader: int, exam: int) -> None:
        self.given[reader, exam] = True
        self.loads[reader] += 1
        self.room[reader] -= 1
        self.missing[exam] -= 1

    def move(self, giver: int, recipient: int, exam: int) -> None:
        self.given[giver, exam] = False
        self.loads[giver] -= 1
        self.room[giver] += 1
        self.missing[exam] += 1
        self.give(recipient, exam)


def count_pairs(is_read: NDArray[np.bool_]) -> Ids:
    """Return how many exams each pair of readers shares.

    Args:
        is_read: bool, shape (n_readers, n_exams).

    Returns:
        Shape (n_readers, n_readers), with zeros on the diagonal.
    """
    n_readers, n_exams = is_read.shape
    pairs = np.zeros((n_readers, n_readers))
    for start in range(0, n_exams, _EXAMS_AT_ONCE):
        # float32 is exact up to 2**24, far more than the exams in one block.
        block = is_read[:, start : start + _EXAMS_AT_ONCE].astype(np.float32)
        pairs += block @ block.T
    np.fill_diagonal(pairs, 0)
    return pairs.astype(np.int64)


def pairs_in(readings: Readings, readers: Ids) -> Ids:
    """Return how many exams each pair of ``readers`` shares in ``readings``.

    Args:
        readings: rows in any order; repeats count once.
        readers: shape (n_readers,), sorted ids.

    Returns:
        Shape (n_readers, n_readers), with zeros on the diagonal.
    """
    at, is_known = place(readings.readers, readers)
    exams, at_exam = np.unique(readings.exams[is_known], return_inverse=True)
    is_read = np.zeros((len(readers), len(exams)), dtype=bool)
    is_read[at[is_known], at_exam] = True
    return count_pairs(is_read)
