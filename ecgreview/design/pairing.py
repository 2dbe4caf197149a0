"""Exchange exams between readers until all pairs of readers share about equally many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .board import Board, count_pairs
from .readings import Ids

# Maximum number of neutral exchanges to escape a local optimum: in total, and per reader.
_SIDEWAYS, _SIDEWAYS_PER_READER = 300, 10


def even_out(board: Board, earlier: Ids, rng: np.random.Generator) -> None:
    """Exchange exams between readers so that all pairs of readers share about equally many.

    Either two readers exchange one exam each, or a reader passes an exam to one who has one exam
    fewer, so loads stay as even as they are. An exchange is made if it lowers the sum of squares
    of the pair counts, which is lowest when they differ by at most 1.

    Args:
        board: a complete allocation.
        earlier: shape (n_readers, n_readers); number of exams that two readers share in the
            history and that are not on ``board``.
        rng: breaks ties, and draws readers for neutral exchanges, which escape a local optimum.
    """
    table = _Table.of(board, earlier)
    if table is None:
        return
    table.improve(range(board.n_readers))
    for _ in range(min(_SIDEWAYS, _SIDEWAYS_PER_READER * board.n_readers)):
        if table.is_even:
            return
        worst = table.worst_pair(rng)
        table.neutral_exchange(int(rng.choice(worst)), rng)
        table.improve(worst)


@dataclass(slots=True, eq=False)
class _Table:
    """The exams that can be exchanged.

    Attributes:
        pairs: shape (n_readers, n_readers); number of exams that two readers share.
        members: shape (n_exams, maximum readers per exam); indices of the readers of each exam,
            padded with n_readers. Exams that cannot change are all padding.
    """

    board: Board
    pairs: Ids
    members: Ids

    @classmethod
    def of(cls, board: Board, earlier: Ids) -> _Table | None:
        """Return the table of ``board``, or None if nothing can be exchanged."""
        is_read = board.given | board.present
        can_change = board.given.any(axis=0) & (board.allowed & ~board.given).any(axis=0)
        if board.n_readers < 3 or not can_change.any():
            return None
        sizes = np.where(can_change, is_read.sum(axis=0), 0)
        members = np.full((len(sizes), int(sizes.max())), board.n_readers, dtype=np.int64)
        exams, readers = np.nonzero((is_read & can_change).T)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        members[exams, np.arange(len(exams)) - starts[exams]] = readers
        return cls(board, count_pairs(is_read) + earlier, members)

    @property
    def is_even(self) -> bool:
        """Whether the numbers of exams that pairs of readers share differ by at most one."""
        counts = self.pairs[~np.eye(len(self.pairs), dtype=bool)]
        return int(counts.max() - counts.min()) <= 1

    def worst_pair(self, rng: np.random.Generator) -> tuple[int, int]:
        """Return the two readers whose number of shared exams is furthest from the mean."""
        first, second = np.triu_indices(len(self.pairs), 1)
        off = np.abs(self.pairs[first, second] - self.pairs[first, second].mean())
        at = rng.choice(np.flatnonzero(off == off.max()))
        return int(first[at]), int(second[at])

    def improve(self, readers: Iterable[int]) -> None:
        """Make every exchange with one of ``readers`` that lowers the sum of squares."""
        for first in readers:
            if self.is_even:
                return
            more = self.pairs - self.pairs[first]
            more[:, first] = 0
            np.fill_diagonal(more, 0)
            # Within these limits, no exchange with the reader can help.
            hopeful = (np.ptp(more, axis=1) > 2) | (more.min(axis=1) < -1)
            for second in np.flatnonzero(hopeful):
                while self._pass_one(first, int(second)) or self._exchange(first, int(second)):
                    pass

    def neutral_exchange(self, first: int, rng: np.random.Generator) -> None:
        """Make a neutral exchange of ``first`` with a random other reader, if there is one."""
        second = int(rng.choice(np.delete(np.arange(len(self.pairs)), first)))
        self._exchange(first, second, below=1, rng=rng)

    def _pass_one(self, first: int, second: int) -> bool:
        """Pass the best exam from ``first`` to ``second`` if that lowers the sum of squares.

        This requires that ``first`` has exactly one exam more, so that the two swap their loads.

        Returns:
            Whether an exam was passed.
        """
        loads, room = self.board.loads, self.board.room
        if loads[first] != loads[second] + 1 or room[second] < 1:
            return False
        exams = self.board.movable(first, second)
        if not exams.size:
            return False
        costs = self._cost(exams, self._more_shared(first, second))
        best = int(costs.argmin())
        if costs[best] >= 0:
            return False
        self._hand_over(first, second, int(exams[best]))
        return True

    def _exchange(
        self, first: int, second: int, *, below: int = 0, rng: np.random.Generator | None = None
    ) -> bool:
        """Make the best exchange of two readers if its cost (see ``_cost``) is < ``below``.

        Returns:
            Whether an exchange was made.
        """
        offered, returned = self.board.movable(first, second), self.board.movable(second, first)
        if not (offered.size and returned.size):
            return False
        more = self._more_shared(first, second)
        to_second, to_first = self._cost(offered, more), self._cost(returned, -more)
        out, back = _cheapest(to_second, rng), _cheapest(to_first, rng)
        if to_second[out] + to_first[back] >= below:
            return False
        self._hand_over(first, second, int(offered[out]))
        self._hand_over(second, first, int(returned[back]))
        return True

    def _more_shared(self, first: int, second: int) -> Ids:
        """Return how many more exams ``second`` shares with each reader than ``first`` does.

        Returns:
            Shape (n_readers + 1,); 0 for the two readers themselves, and as the last element, for
            the padding of ``members``.
        """
        more = np.append(self.pairs[second] - self.pairs[first], 0)
        more[[first, second]] = 0
        return more

    def _cost(self, exams: NDArray[np.intp], more: Ids) -> Ids:
        """Return, for each exam, half the change in the sum of squares if only it changes hands.

        An exam changes the sum by 2 (pairs[recipient, o] - pairs[giver, o]) + 2 for each other
        reader o of the exam. If both exams of an exchange have a reader in common, the true change
        is lower.
        """
        members = self.members[exams]
        n_others = (members < len(self.pairs)).sum(axis=1) - 1
        return np.asarray(more[members].sum(axis=1) + n_others)

    def _hand_over(self, giver: int, recipient: int, exam: int) -> None:
        row = self.members[exam]
        others = row[(row < len(self.pairs)) & (row != giver)]
        self.pairs[giver, others] -= 1
        self.pairs[others, giver] -= 1
        self.pairs[recipient, others] += 1
        self.pairs[others, recipient] += 1
        row[row == giver] = recipient
        self.board.move(giver, recipient, exam)


def _cheapest(costs: Ids, rng: np.random.Generator | None) -> int:
    if rng is None:
        return int(costs.argmin())
    return int(rng.choice(np.flatnonzero(costs == costs.min())))
