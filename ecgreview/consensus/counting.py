"""Count the votes on each class of one exam."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .decision import Ballot


@dataclass(frozen=True, slots=True)
class Count:
    """The votes of several readings of one exam.

    Attributes:
        n_readings: all readings.
        n_unreadable: those that called the exam unreadable.
        marked: of the other readings, the number that marked the class, by class code in
            alphabetical order.
        unassessed: of the other readings, the number without a vote on the class, by class code.
    """

    n_readings: int
    n_unreadable: int
    marked: Mapping[str, int]
    unassessed: Mapping[str, int]

    @classmethod
    def of(cls, ballots: Sequence[Ballot]) -> Count:
        readable = [ballot for ballot in ballots if ballot.classes is not None]
        marked = Counter(code for ballot in readable for code in ballot.classes or ())
        unassessed = Counter(code for ballot in readable for code in ballot.unassessed)
        return cls(
            len(ballots), len(ballots) - len(readable), dict(sorted(marked.items())), unassessed
        )

    @property
    def n_readable(self) -> int:
        """Number of readings that did not call the exam unreadable."""
        return self.n_readings - self.n_unreadable

    def n_votes(self, code: str) -> int:
        """Return the number of readings that voted for or against a class."""
        return self.n_readable - self.unassessed.get(code, 0)
