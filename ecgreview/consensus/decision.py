"""Input and output of a consensus rule for one exam."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

# Minimum number of readings to decide an exam, and of votes to decide a class.
MIN_READINGS = 2


class Status(StrEnum):
    """How an exam got its labels, or why some are missing."""

    AGREEMENT = "agreement"
    MAJORITY = "majority"
    DISPUTED = "disputed"
    INCOMPLETE = "incomplete"
    UNREADABLE = "unreadable"


class State(StrEnum):
    """The consensus on one class of one exam."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDECIDED = "undecided"
    INCOMPLETE = "incomplete"
    NOT_ASSESSED = "not_assessed"


class Reason(StrEnum):
    """Why an exam is disputed or incomplete.

    The values are stored in the database; the texts for pages are in the message catalog.
    """

    NONE = ""
    READINGS_MISSING = "readings_missing"
    REREAD_PENDING = "reread_pending"
    CLASSES_DISPUTED = "classes_disputed"
    EXCLUSIVE_CLASSES = "exclusive_classes"
    READABILITY_DISPUTED = "readability_disputed"
    NO_CLASS_SHARED = "no_class_shared"


@dataclass(frozen=True, slots=True)
class Ballot:
    """One reading as input to a rule.

    Attributes:
        classes: codes of the classes that the reader marked; empty if no class is present. None if
            the reader called the exam unreadable: then the reading has no vote on any class.
        unassessed: codes of classes without a vote, because the reader called them not assessable
            or was not asked about them.
        is_adjudication: whether the reading was made to settle a dispute.
    """

    classes: frozenset[str] | None
    unassessed: frozenset[str] = frozenset()
    is_adjudication: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a rule for the readings of one exam.

    Attributes:
        status: how the labels came about. If the rule decides class by class, some classes of a
            disputed or incomplete exam may be decided.
        states: by class code, the states that differ from ``rest``.
        rest: the state of all other classes.
        votes: number of readings that marked the class, by class code in alphabetical order, for
            each class that at least one reading with a vote marked.
        n_votes: for the same classes, the number of readings with a vote on the class.
        adjudicated: classes that were disputed until adjudication decided them.
        n_readings: number of readings, including unreadable ones and adjudications.
        n_unreadable: number of readings that called the exam unreadable.
        n_wanted: number of readings required, not counting adjudications.
        reason: why the exam is disputed or incomplete; ``Reason.NONE`` if it is neither.
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
        return self.states.get(code, self.rest)

    @property
    def labels(self) -> dict[str, int]:
        """The present classes with their votes, in alphabetical order."""
        return {code: n for code, n in self.votes.items() if self.state(code) == State.PRESENT}

    @property
    def disputed(self) -> Set[str]:
        """The undecided classes that at least one reader marked."""
        return frozenset(code for code in self.votes if self.state(code) == State.UNDECIDED)
