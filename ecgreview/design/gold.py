"""Hidden gold exams: how many a reader gets, which ones, and where they are put."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from . import chance
from .readings import UNKNOWN

# A position in the reader's order: the exam there, and its patient.
Place = tuple[int, int]


def n_gold(seed: str, reader: int, n_others: int, n_before: int, fraction: float) -> int:
    """Return how many gold exams to add to ``n_others`` exams of ``reader``.

    Gold exams are then ``fraction`` of all. A fractional number is rounded at random, in proportion
    to its remainder, so that the share is right on average however small the batches are, and
    nobody can tell from a batch's size how many gold exams it has.

    Args:
        seed: the study's seed.
        reader: id of the reader.
        n_others: exams and hidden repeats planned for them now.
        n_before: exams that the reader was assigned before; each draw differs.
        fraction: share of gold exams, from 0 to below 1.
    """
    share = _exact(fraction)
    drawn = int.from_bytes(chance.digest(seed, f"gold:{reader}:{n_before}"), "big")
    return math.floor(n_others * share / (1 - share) + Fraction(drawn, 1 << 256))


def n_besides_gold(n_exams: int, fraction: float) -> int:
    """Return how many of ``n_exams`` may be other exams, so that their gold exams still fit."""
    return max(0, math.floor(n_exams * (1 - _exact(fraction))))


def in_gold_order(seed: str, reader: int, exams: Iterable[int]) -> list[int]:
    """Return ``exams`` in the order in which ``reader`` gets them as gold exams."""
    return sorted(exams, key=lambda exam: chance.digest(seed, f"gold-exam:{reader}:{exam}"))


def mixed(
    seed: str, reader: int, others: Sequence[Place], gold: Iterable[Place], *, patient_gap: int
) -> list[tuple[Place, bool]]:
    """Return ``others``, in their order, with ``gold`` at random positions.

    Inserting an exam never moves two others closer together, so washouts stay long enough.

    Args:
        seed: the study's seed.
        reader: id of the reader.
        others: the exams and patients of the reader's order.
        gold: exams and patients to insert; the patient may be ``UNKNOWN``.
        patient_gap: desired minimum distance of two exams of one patient, in positions. If no
            position keeps it, the random one is used.

    Returns:
        The new order. The second part says whether the exam is a gold exam.
    """
    order = [(place, False) for place in others]
    for place in gold:
        drawn = chance.digest(seed, f"gold-place:{reader}:{place[0]}")
        target = int.from_bytes(drawn, "big") % (len(order) + 1)
        slots = _nearest(target, len(order))
        fits = (slot for slot in slots if _keeps(order, slot, place[1], patient_gap))
        order.insert(next(fits, target), (place, True))
    return order


def _exact(fraction: float) -> Fraction:
    """Return the decimal fraction: a binary 0.1 is slightly more than a tenth."""
    return Fraction(fraction).limit_denominator(10**6)


def _nearest(target: int, last: int) -> Iterator[int]:
    """Yield the slots from 0 to ``last``, the nearest to ``target`` first."""
    yield target
    for distance in range(1, last + 1):
        yield from (slot for slot in (target - distance, target + distance) if 0 <= slot <= last)


def _keeps(order: Sequence[tuple[Place, bool]], slot: int, patient: int, gap: int) -> bool:
    """Whether an exam of ``patient`` at ``slot`` is at least ``gap`` from others of theirs."""
    if patient == UNKNOWN or gap < 1:
        return True
    near = order[max(0, slot - gap + 1) : slot + gap - 1]
    return all(other != patient for (_, other), _ in near)
