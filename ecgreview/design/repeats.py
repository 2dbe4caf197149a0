"""Hidden repeats: which exams a reader reads twice, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .readings import Ids
from .refusals import DesignRefused


class WashoutTooLong(DesignRefused):
    """A reader has too few exams for the requested washout.

    Attributes:
        reader: id of the reader.
        washout_exams: the requested distance, in positions.
        longest: the longest possible distance, which is the number of the reader's new exams.
    """

    def __init__(self, reader: int, washout_exams: int, longest: int) -> None:
        super().__init__(
            f"Reader {reader} has {longest} exams, so a repeat can be at most {longest} places "
            f"after its first reading, not {washout_exams}: shorten the washout, release more "
            "exams at once, or do without repeats."
        )
        self.reader, self.washout_exams, self.longest = reader, washout_exams, longest


def repeats(
    *, reader: int, n_exams: int, n_repeats: int, washout_exams: int, rng: np.random.Generator
) -> Ids:
    """Draw the exams that a reader reads twice.

    They are drawn from those early enough in the order for a repeat to follow after the washout.
    If there are too few of those, the first ``n_repeats`` exams are taken. Because the order is
    random, so is the selection.

    Args:
        reader: id of the reader, for the error message.
        n_exams: number of the reader's exams, first readings only.
        n_repeats: how many to draw, at most ``n_exams``.
        washout_exams: minimum distance in positions, at least 1.
        rng: random generator for the draw.

    Returns:
        Ranks of the drawn exams among the first readings, from 0, ascending; shape (n_repeats,).

    Raises:
        WashoutTooLong: ``washout_exams`` is greater than ``n_exams``, and ``n_repeats`` is not 0.
    """
    if n_repeats == 0:
        return np.zeros(0, dtype=np.int64)
    if washout_exams > n_exams:
        # Even with all repeats at the end and their first readings at the start, the mean
        # distance is only n_exams.
        raise WashoutTooLong(reader, washout_exams, n_exams)
    pool = max(n_exams - washout_exams + 1, n_repeats)
    return np.sort(rng.choice(pool, n_repeats, replace=False)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixing:
    """The first readings and repeats of a reader, to be mixed into one order.

    Attributes:
        patients: the patient of each first reading, in reading order.
        repeated: ranks of the exams read twice, as returned by ``repeats``.
        washout_exams: minimum distance of a repeat from its first reading, in positions.
        patient_gap: desired minimum distance of a repeat from other exams of the patient.
    """

    patients: Sequence[int]
    repeated: Ids
    washout_exams: int
    patient_gap: int

    def mix(self, rng: np.random.Generator) -> tuple[Ids, Ids]:
        """Return the order of all readings: ranks and occurrences, each of shape (n,).

        First readings keep their order. Each repeat draws a position, and goes there or to the next
        position that keeps the washout and ``patient_gap``. Once all first readings are placed, the
        remaining repeats follow, and the washout takes precedence over ``patient_gap``.
        """
        n_all = len(self.patients) + len(self.repeated)
        earliest = self.repeated + self.washout_exams
        earliest = np.maximum(earliest, self._first_place_for_repeats())
        drawn = earliest + np.floor(rng.random(len(earliest)) * (n_all - earliest)).astype(int)
        by_draw = np.argsort(drawn, kind="stable")
        return _Walk(self, self.repeated[by_draw].tolist(), drawn[by_draw].tolist()).order()

    def _first_place_for_repeats(self) -> int:
        """Return how many first readings must come before the first repeat.

        With a long washout, an early repeat would push the last repeated exam so far back that its
        own repeat would come too soon.
        """
        n_exams, n_repeats = len(self.patients), len(self.repeated)
        is_tight = n_repeats > n_exams - self.washout_exams + 1
        return int(self.repeated[-1]) + 1 if n_repeats and is_tight else 0


class _Walk:
    """State of one pass that fills the order from position 0 on."""

    def __init__(self, mixing: Mixing, waiting: list[int], drawn: list[int]) -> None:
        self.mixing = mixing
        self.waiting, self.drawn = waiting, drawn
        self.ranks: list[int] = []
        self.occurrences: list[int] = []
        self.patients: list[int] = []
        self.place_of: dict[int, int] = {}
        self.n_firsts = 0

    def order(self) -> tuple[Ids, Ids]:
        while self.waiting or self.n_firsts < len(self.mixing.patients):
            due = self._due()
            if due is not None:
                self._put_repeat(due)
            else:
                self._put_firsts()
        return np.array(self.ranks, dtype=np.int64), np.array(self.occurrences, dtype=np.int64)

    def _due(self) -> int | None:
        """Return the index in ``waiting`` of the repeat to place now; None if it is too early."""
        washed = [at for at in range(self._n_drawn()) if self._is_washed_out(self.waiting[at])]
        apart = [at for at in washed if self._is_apart(self.waiting[at])]
        if apart:
            return apart[0]
        is_over = self.n_firsts == len(self.mixing.patients)
        return washed[0] if is_over else None

    def _n_drawn(self) -> int:
        if self.n_firsts == len(self.mixing.patients):
            return len(self.waiting)
        position = len(self.ranks)
        return next(
            (at for at, place in enumerate(self.drawn) if place > position), len(self.drawn)
        )

    def _is_washed_out(self, rank: int) -> bool:
        place = self.place_of.get(rank)
        return place is not None and len(self.ranks) - place >= self.mixing.washout_exams

    def _is_apart(self, rank: int) -> bool:
        patient, reach = self.mixing.patients[rank], self.mixing.patient_gap - 1
        before = self.patients[max(0, len(self.patients) - reach) :]
        after = self.mixing.patients[self.n_firsts : self.n_firsts + reach]
        return patient not in before and patient not in after

    def _put_repeat(self, at: int) -> None:
        rank = self.waiting.pop(at)
        self.drawn.pop(at)
        self._put(rank, 2)

    def _put_firsts(self) -> None:
        """Place the next first reading, and more of them up to the next drawn position."""
        position, end = len(self.ranks), len(self.mixing.patients)
        free = self.drawn[0] - position if self.drawn else end
        for _ in range(min(max(1, free), end - self.n_firsts)):
            self.place_of[self.n_firsts] = len(self.ranks)
            self._put(self.n_firsts, 1)
            self.n_firsts += 1

    def _put(self, rank: int, occurrence: int) -> None:
        self.ranks.append(rank)
        self.occurrences.append(occurrence)
        self.patients.append(self.mixing.patients[rank])
