"""Comparison of one reader's sets of classes with a reference."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass


class NothingToCompare(ValueError):
    """There is no exam with both an answer and a reference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Agreement of a reader's sets of classes with the reference.

    Attributes:
        n_exams: number of exams compared.
        n_right: exams for which the reader's set of classes equals that of the reference.
        n_hits: classes in both sets, over all exams.
        n_extra: classes only in the reader's sets.
        n_missed: classes only in the reference's sets.
    """

    n_exams: int
    n_right: int
    n_hits: int
    n_extra: int
    n_missed: int

    @property
    def right_share(self) -> float:
        """Share of the exams answered exactly, 0 to 1."""
        return self.n_right / self.n_exams

    @property
    def micro_f1(self) -> float:
        """Harmonic mean of precision and recall over the cells of all exams, 0 to 1.

        2 hits / (2 hits + extra + missed); 1 if all sets are empty, because all are then right.

        Source:
            Sokolova & Lapalme 2009, Information Processing & Management 45(4):427-437.
        """
        cells = 2 * self.n_hits + self.n_extra + self.n_missed
        return 2 * self.n_hits / cells if cells else 1.0


def compare(answers: Iterable[tuple[Set[str] | None, Set[str]]]) -> Comparison:
    """Compare the reader's sets of class codes with those of the reference.

    Args:
        answers: for each exam, the set of the reader and that of the reference. None means that the
            reader found the exam unreadable: that is wrong, and counts as missing all classes of
            the reference, or as one miss if it has none.

    Raises:
        NothingToCompare: ``answers`` is empty.
    """
    n_exams = n_right = n_hits = n_extra = n_missed = 0
    for answer, right in answers:
        n_exams += 1
        if answer is None:
            n_missed += max(1, len(right))
            continue
        n_right += answer == right
        n_hits += len(answer & right)
        n_extra += len(answer - right)
        n_missed += len(right - answer)
    if not n_exams:
        raise NothingToCompare
    return Comparison(n_exams, n_right, n_hits, n_extra, n_missed)
