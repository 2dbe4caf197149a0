"""Input and output of a consensus rule for one exam."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

# With fewer readings, neither an exam nor a class is decided.
MIN_READINGS = 2


class Status(StrEnum):
    """How an exam got its labels, or why some are missing."""

    AGREEMENT = "agreement"
    MAJORITY = "majority"
    DISPUTED = "disputed"
    INCOMPLETE = "incomplete"
    UNREADABLE = "unreadable"


class State(StrEnum):
    """What is known about one class of one exam."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDECIDED = "undecided"
    INCOMPLETE = "incomplete"
    NOT_ASSESSED = "not_assessed"


class Reason(StrEnum):
    """Why an exam is disputed or incomplete. A stored code; its texts are in the pages' catalog."""

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
        classes: codes of the classes it gave; the empty set means that none is present. None: the
            reader called the exam unreadable, so this reading has no vote on any class.
        unassessed: codes it has no vote on: not assessable in this exam, or not asked.
        is_adjudication: whether it was made to settle a dispute.
    """

    classes: frozenset[str] | None
    unassessed: frozenset[str] = frozenset()
    is_adjudication: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a rule for the readings of one exam.

    Attributes:
        status: how the labels came about. Under a rule that decides class by class, some classes
            of a disputed or incomplete exam may be decided.
        states: states of classes that differ from ``rest``.
        rest: the state of every other class.
        votes: for each class given by a reading with a vote, in alphabetical order, the number of
            readings that gave it.
        n_votes: for the same classes, the number of readings with a vote.
        adjudicated: classes that were disputed until adjudication decided them.
        n_readings: number of readings, including unreadable and adjudicating ones.
        n_unreadable: number of readings that called the exam unreadable.
        n_wanted: number of readings required, without adjudication.
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
        return self.states.get(code, self.rest)

    @property
    def labels(self) -> dict[str, int]:
        """The classes that are present, with their votes, in alphabetical order."""
        return {code: n for code, n in self.votes.items() if self.state(code) == State.PRESENT}

    @property
    def disputed(self) -> Set[str]:
        """The classes that somebody gave and that are undecided."""
        return frozenset(code for code in self.votes if self.state(code) == State.UNDECIDED)
