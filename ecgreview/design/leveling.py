"""Move exams between readers until loads are within limits and as even as possible."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .board import Board


def fill(board: Board) -> int | None:
    """Give each exam the readers it lacks, making room along chains of readers.

    In a chain, each reader passes one exam to the next, from a reader at the limit to a reader
    with room. If there is no chain, no allocation exists (Ford & Fulkerson 1956).

    Returns:
        The index of an exam that cannot get enough readers, or None if every exam can.
    """
    for exam in np.repeat(np.arange(len(board.missing)), np.maximum(board.missing, 0)):
        starts = np.flatnonzero(board.may_give(int(exam)))
        chain = _chain(board, starts, board.room > 0)
        if not chain:
            return int(exam)
        _pass_on(board, chain)
        board.give(chain[0], int(exam))
    return None


def level(board: Board) -> None:
    """Pass exams along chains from the highest load to one lower by two or more, while possible.

    The result cannot be evened out further: the loads are those of an optimal semi-matching
    (Harvey, Ladner, Lovasz & Tamir 2006, J Algorithms 59:53-78).
    """
    stuck = np.zeros(board.n_readers, dtype=bool)
    while not stuck.all():
        giver = int(np.where(stuck, -1, board.loads).argmax())
        recipients = (board.loads < board.loads[giver] - 1) & (board.room > 0)
        chain = _chain(board, np.array([giver]), recipients) if recipients.any() else []
        if chain:
            _pass_on(board, chain)
            stuck[:] = False
        else:
            stuck[giver] = True


def _chain(board: Board, starts: NDArray[np.intp], ends: NDArray[np.bool_]) -> list[int]:
    """Return the shortest chain of readers from one of ``starts`` to one of ``ends``, or []."""
    before: dict[int, int | None] = {int(start): None for start in starts}
    queue = list(before)
    for reader in queue:
        if ends[reader]:
            return _walk_back(before, reader)
        for recipient in np.flatnonzero(_recipients(board, reader)):
            if int(recipient) not in before:
                before[int(recipient)] = reader
                queue.append(int(recipient))
    return []


def _recipients(board: Board, giver: int) -> NDArray[np.bool_]:
    """Return a mask of the readers who could take an exam of ``giver``."""
    exams = np.flatnonzero(board.given[giver])
    free = board.allowed[:, exams] & ~board.given[:, exams]
    return np.asarray(free.any(axis=1))


def _walk_back(before: dict[int, int | None], last: int) -> list[int]:
    chain = [last]
    while (reader := before[chain[-1]]) is not None:
        chain.append(reader)
    return chain[::-1]


def _pass_on(board: Board, chain: list[int]) -> None:
    # From the end, so that each reader makes room before receiving an exam.
    for giver, recipient in reversed(list(pairwise(chain))):
        board.move(giver, recipient, int(board.movable(giver, recipient)[0]))
