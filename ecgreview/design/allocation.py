"""Assign exams to readers.

The steps are: refuse impossible requests, deal the exams, even out the loads of the readers, and
even out how many exams pairs of readers share.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from . import chance, dealing, leveling, pairing
from .board import Board, count_pairs, pairs_in
from .readings import Ids, Readings
from .refusals import DesignRefused
from .request import NO_CAP, Frame, Request


class TooFewReaders(DesignRefused):
    """An exam needs more readers than there are.

    Attributes:
        needed, available: numbers of readers.
    """

    def __init__(self, needed: int, available: int) -> None:
        super().__init__(
            f"An exam needs {needed} readers, but there are only {available}: "
            "add readers, or lower the number of readers per exam."
        )
        self.needed, self.available = needed, available


class NobodyLeft(DesignRefused):
    """An exam cannot get enough readers, however the other exams are assigned.

    Attributes:
        exam: id of the exam.
        needed: number of readers it still needs.
        available: number of readers it can get.
    """

    def __init__(self, exam: int, needed: int, available: int) -> None:
        super().__init__(
            f"Exam {exam} needs {needed} more readers, but only "
            f"{available} can read it: allow more readers, raise caps, or leave the exam out."
        )
        self.exam, self.needed, self.available = exam, needed, available


class CapsTooSmall(DesignRefused):
    """The readers' caps allow fewer readings than the exams need.

    Attributes:
        needed, available: numbers of first readings.
    """

    def __init__(self, needed: int, available: int) -> None:
        super().__init__(
            f"The exams need {needed} readings, but the readers' caps allow only {available}: "
            "raise caps, add readers, or remove exams."
        )
        self.needed, self.available = needed, available


class CapBelowAnchors(DesignRefused):
    """A reader's cap is too low for the anchors that the reader has to read.

    Attributes:
        reader: id of the reader.
        needed, available: numbers of exams.
    """

    def __init__(self, reader: int, needed: int, available: int) -> None:
        super().__init__(
            f"Reader {reader} has {needed} anchor exams to read, but a cap that allows only "
            f"{available}: raise the cap, or choose fewer anchors."
        )
        self.reader, self.needed, self.available = reader, needed, available


def allocate(request: Request) -> tuple[Ids, Ids]:
    """Return the new assignments as pairs of reader and exam.

    No allocation of these exams has more even loads (exams per reader, including the history):
    they differ by at most one unless caps, exclusions or the history prevent it. Exchanges then
    even out the numbers of exams that two readers share, mostly to within one.

    Returns:
        Ids of readers and of exams, each of shape (n,), sorted by reader, then exam.

    Raises:
        BadDesign: a value in the request has the wrong shape or is out of range.
        TooFewReaders: an exam needs more readers than there are.
        NobodyLeft: an exam has too few readers who may read it.
        CapBelowAnchors: a reader's cap does not cover the anchors.
        CapsTooSmall: the caps together do not cover the readings.
    """
    frame = Frame.of(request)
    readers, exams = np.nonzero(new_assignments(frame))
    return frame.readers[readers], frame.exams[exams]


def new_assignments(frame: Frame) -> NDArray[np.bool_]:
    """Return a mask of the new assignments, shape (n_readers, n_exams)."""
    limits = _limits(frame)
    _refuse_impossible(frame, limits)
    rng = chance.generator(frame.request.seed, f"allocation:{len(frame.request.history)}")
    board = Board.of(frame, limits)
    dealing.deal(board, rng)
    if (exam := leveling.fill(board)) is not None:
        needed = int(frame.needs[exam])
        raise NobodyLeft(int(frame.exams[exam]), needed, needed - int(board.missing[exam]))
    leveling.level(board)
    elsewhere = pairs_in(frame.request.history, frame.readers) - count_pairs(frame.present)
    pairing.even_out(board, elsewhere, rng)
    return board.given


def n_repeats(n_exams: int, fraction: float) -> int:
    """Return how many of ``n_exams`` to repeat: ``fraction`` of them, with halves rounded up."""
    return math.floor(n_exams * fraction + 0.5)


def repeats_due(history: Readings, reader: int, n_new: int, fraction: float) -> int:
    """Return how many of the reader's ``n_new`` exams to repeat.

    If possible, the share of repeated exams, including the history, then reaches ``fraction``.
    """
    occurrences = history.occurrences[history.readers == reader]
    n_earlier, n_before = int((occurrences == 1).sum()), int((occurrences > 1).sum())
    return min(n_new, max(0, n_repeats(n_earlier + n_new, fraction) - n_before))


def _limits(frame: Frame) -> Ids:
    """Return the maximum number of new exams per reader, leaving room for repeats under the cap."""
    return np.array(
        [
            _limit(frame, int(reader), int(cap)) if cap != NO_CAP else len(frame.exams)
            for reader, cap in zip(frame.readers, frame.caps, strict=True)
        ],
        dtype=np.int64,
    )


def _limit(frame: Frame, reader: int, cap: int) -> int:
    history = frame.request.history
    left = cap - int((history.readers == reader).sum())
    low, high = 0, min(len(frame.exams), max(left, 0))
    while low < high:
        middle = (low + high + 1) // 2
        extra = repeats_due(history, reader, middle, frame.request.repeat_fraction)
        low, high = (middle, high) if middle + extra <= left else (low, middle - 1)
    return low


def _refuse_impossible(frame: Frame, limits: Ids) -> None:
    able = frame.allowed.sum(axis=0)
    if (frame.needs > len(frame.readers)).any():
        raise TooFewReaders(int(frame.needs.max()), len(frame.readers))
    if (short := np.flatnonzero(frame.needs > able)).size:
        exam = short[0]
        raise NobodyLeft(int(frame.exams[exam]), int(frame.needs[exam]), int(able[exam]))
    n_anchors = (frame.allowed & frame.anchors).sum(axis=1)
    if (short := np.flatnonzero(n_anchors > limits)).size:
        reader = short[0]
        raise CapBelowAnchors(
            int(frame.readers[reader]), int(n_anchors[reader]), int(limits[reader])
        )
    needed = int(frame.needs.sum())
    available = int(np.minimum(limits, frame.allowed.sum(axis=1)).sum())
    if needed > available:
        raise CapsTooSmall(needed, available)
