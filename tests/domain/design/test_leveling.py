"""If no direct exchange helps, exams are passed on along a chain of readers."""

from __future__ import annotations

import numpy as np

from ecgreview.design import leveling
from ecgreview.design.board import Board


def board(allowed: list[list[int]], given: list[list[int]], room: list[int]) -> Board:
    """Return a board with a row per reader and a column per exam. Each exam needs one reader."""
    is_given = np.array(given, dtype=bool)
    return Board(
        present=np.zeros_like(is_given),
        allowed=np.array(allowed, dtype=bool),
        given=is_given,
        missing=1 - is_given.sum(axis=0),
        loads=is_given.sum(axis=1),
        room=np.array(room),
    )


def chain_of_three() -> Board:
    """Only reader 0, who is full, may read exam 3; only reader 3, two steps away, has room."""
    return board(
        allowed=[[1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]],
        given=[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]],
        room=[0, 0, 0, 1],
    )


def test_a_chain_of_four_readers_frees_capacity():
    filled = chain_of_three()
    assert leveling.fill(filled) is None
    assert filled.given.nonzero()[1].tolist() == [3, 0, 1, 2]
    assert (filled.missing == 0).all()
    assert filled.room.tolist() == [0, 0, 0, 0]


def test_an_exam_without_a_chain_is_named():
    full = chain_of_three()
    full.room[:] = 0
    assert leveling.fill(full) == 3


def test_a_load_difference_of_two_is_leveled_along_a_chain():
    uneven = board(
        allowed=[[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]],
        given=[[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]],
        room=[5, 5, 5],
    )
    leveling.level(uneven)
    assert uneven.loads.tolist() == [1, 1, 1]


def test_a_load_difference_of_one_remains():
    even = board(allowed=[[1, 1], [1, 1]], given=[[1, 0], [0, 0]], room=[5, 5])
    leveling.level(even)
    assert even.loads.tolist() == [1, 0]
