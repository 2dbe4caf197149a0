"""What goes into a consensus rule for one exam, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

MIN_READINGS = 2
"""Fewer decide nothing, neither an exam nor one of its classes."""


class Status(StrEnum):
    """How an exam came to its labels, or why it has not all of them."""

    AGREEMENT = "agreement"
    MAJORITY = "majority"
    DISPUTED = "disputed"
    INCOMPLETE = "incomplete"
    UNREADABLE = "unreadable"


class State(StrEnum):
    """What is known of one class of one exam."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDECIDED = "undecided"
    INCOMPLETE = "incomplete"
    NOT_ASSESSED = "not_assessed"


class Reason(StrEnum):
    """Why an exam is disputed or incomplete; stored, so the words are found elsewhere."""

    NONE = ""
    READINGS_MISSING = "readings_missing"
    REREAD_PENDING = "reread_pending"
    CLASSES_DISPUTED = "classes_disputed"
    EXCLUSIVE_CLASSES = "exclusive_classes"
    READABILITY_DISPUTED = "readability_disputed"
    NO_CLASS_SHARED = "no_class_shared"


@dataclass(frozen=True, slots=True)
class Ballot:
    """One reading as a rule sees it.

    Attributes:
        classes: codes of the classes it gave; the empty set says that none applies. None: the
            reader called the exam unreadable, so this reading has no vote on any class.
        unassessed: codes it has no vote on: not assessable in this exam, or not asked.
        is_adjudication: whether it was made to settle a dispute.
    """

    classes: frozenset[str] | None
    unassessed: frozenset[str] = frozenset()
    is_adjudication: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule makes of the readings of one exam.

    Attributes:
        status: how the labels came about. Under a rule that decides class by class, some classes
            of a disputed or incomplete exam may be decided.
        states: by class, where it is not ``rest``.
        rest: the state of every other class.
        votes: by class that a reading with a vote gave: how many did, in alphabetical order.
        n_votes: for the same classes: how many readings had a vote.
        adjudicated: classes that were disputed until adjudication decided them.
        n_readings: how many readings there are, unreadable and adjudicating ones included.
        n_unreadable: how many of them called the exam unreadable.
        n_wanted: how many readings are enough, adjudication aside.
        reason: why it is disputed or incomplete.
    """

    status: Status
    states: Mapping[str, State]
    rest: State
    votes: Mapping[str, int]
    n_votes: Mapping[str, int]
    n_readings: int
    n_unreadable: int = 0
    n_wanted: int = MIN_READINGS
    adjudicated: frozenset[str] = field(default_factory=frozenset)
    reason: Reason = Reason.NONE

    def state(self, code: str) -> State:
        """Return what is known of one class."""
        return self.states.get(code, self.rest)

    @property
    def labels(self) -> dict[str, int]:
        """The classes that are present, with their votes, in alphabetical order."""
        return {code: n for code, n in self.votes.items() if self.state(code) == State.PRESENT}

    @property
    def disputed(self) -> Set[str]:
        """The classes that somebody gave and the readers are undecided about."""
        return frozenset(code for code in self.votes if self.state(code) == State.UNDECIDED)
