"""Deal exams to readers quickly and evenly, without looking at the pairs in the history.

Most exams may be read by every reader. They are dealt in blocks by a cyclic design (John &
Williams, Cyclic and Computer Generated Designs, 2nd ed. 1995). Readers are placed on a circle, and
exam i of a block goes to the reader at position i + step for each of k steps. So every reader gets
k exams of each block, and how often two readers share an exam depends only on their distance on
the circle. The steps of each block are chosen so that all distances occur about equally often.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from .board import Board
from .readings import Ids

_MAX_CANDIDATES = 1500


def deal(board: Board, rng: np.random.Generator) -> None:
    """Assign exams until every exam has its readers or no reader has room for it.

    Exams that not every reader may read, or that need an unusual number of readers, go first, one
    at a time, to the readers with the lowest loads. All other exams are dealt in blocks while the
    loads are even.
    """
    order = rng.permutation(len(board.missing))
    choice = board.allowed.sum(axis=0) - board.missing
    usual = _usual_need(board)
    is_plain = (choice == board.n_readers - usual) & (board.missing == usual)
    special = order[~is_plain[order]]
    for exam in special[np.argsort(choice[special], kind="stable")]:
        _to_least_loaded(board, int(exam), rng)
    _deal_plain(board, order[is_plain[order]], usual, rng)


def _usual_need(board: Board) -> int:
    """Return the most common number of missing readers among exams that every reader may read.

    Returns 0 if there are no such exams.
    """
    anybody = board.missing[board.allowed.all(axis=0)]
    anybody = anybody[(anybody > 0) & (anybody < board.n_readers)]
    return int(np.bincount(anybody).argmax()) if anybody.size else 0


def _deal_plain(board: Board, exams: NDArray[np.intp], need: int, rng: np.random.Generator) -> None:
    done = 0
    while done < len(exams):
        able = np.flatnonzero(board.room > 0)
        n_blocks = _n_blocks(board, able, len(exams) - done, need)
        if n_blocks:
            until = done + n_blocks * len(able)
            _deal_blocks(board, exams[done:until].reshape(n_blocks, -1), able, need, rng)
            done = until
        else:
            _to_least_loaded(board, int(exams[done]), rng)
            done += 1


def _n_blocks(board: Board, able: NDArray[np.intp], n_exams: int, need: int) -> int:
    """Return how many whole blocks can be dealt to the ``able`` readers; 0 if loads are uneven."""
    if len(able) <= need or np.ptp(board.loads[able]) > 1:
        return 0
    return int(min(n_exams // len(able), board.room[able].min() // need))


def _deal_blocks(
    board: Board,
    exams: NDArray[np.intp],
    able: NDArray[np.intp],
    need: int,
    rng: np.random.Generator,
) -> None:
    n_blocks, size = exams.shape
    circle = rng.permutation(able)
    steps = _steps(n_blocks, size, need, rng)  # (n_blocks, need)
    at = (np.arange(size)[None, :, None] + steps[:, None, :]) % size
    board.given[circle[at], exams[:, :, None]] = True
    board.loads[able] += n_blocks * need
    board.room[able] -= n_blocks * need
    board.missing[exams] = 0


def _steps(n_blocks: int, size: int, need: int, rng: np.random.Generator) -> Ids:
    """Return the steps of each block, chosen to balance the distances; shape (n_blocks, need)."""
    candidates = rng.permutation(_candidates(size, need, rng))
    half = size // 2
    first, second = np.triu_indices(need, 1)
    apart = (candidates[:, second] - candidates[:, first]) % size
    apart = np.minimum(apart, size - apart)
    met = (apart[:, :, None] == np.arange(1, half + 1)).sum(axis=1).astype(np.float64)
    if size % 2 == 0:
        met[:, -1] *= 2  # opposite readers meet twice per block, once in each direction
    pairs_apart = np.full(half, 1.0)
    if size % 2 == 0:
        pairs_apart[-1] = 0.5  # there are half as many opposite pairs
    squares = (met**2) @ pairs_apart
    counts = np.zeros(half)
    chosen = np.empty(n_blocks, dtype=np.intp)
    for block in range(n_blocks):
        chosen[block] = np.argmin(2 * (met @ (counts * pairs_apart)) + squares)
        counts += met[chosen[block]]
    return candidates[chosen]


def _candidates(size: int, need: int, rng: np.random.Generator) -> Ids:
    """Return all possible sets of steps, or a random sample if there are too many.

    Returns:
        Shape (n_candidates, need); each set starts with 0.
    """
    if comb(size - 1, need - 1) <= _MAX_CANDIDATES:
        others = list(combinations(range(1, size), need - 1))
        table = np.array(others, dtype=np.int64).reshape(len(others), need - 1)
    else:
        drawn = rng.random((_MAX_CANDIDATES, size - 1)).argsort(axis=1)[:, : need - 1]
        table = np.sort(drawn, axis=1) + 1
    return np.hstack([np.zeros((len(table), 1), dtype=np.int64), table])


def _to_least_loaded(board: Board, exam: int, rng: np.random.Generator) -> None:
    able = np.flatnonzero(board.may_give(exam) & (board.room > 0))
    # The lowest load comes first; ties are broken at random.
    chosen = able[np.argsort(board.loads[able] + rng.random(len(able)))]
    for reader in chosen[: board.missing[exam]]:
        board.give(int(reader), exam)
