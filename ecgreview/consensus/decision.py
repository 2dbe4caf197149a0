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
    IMPLIED_CLASS = "implied_class"
    READABILITY_DISPUTED = "readability_disputed"
    NO_CLASS_SHARED = "no_class_shared"


class Basis(StrEnum):
    """Why a class has its state.

    The values are stored in the database; the texts for pages are in the message catalog.
    """

    UNANIMOUS = "unanimous"
    MAJORITY = "majority"
    ENOUGH_VOTES = "enough_votes"
    TOO_FEW_VOTES = "too_few_votes"
    SKILL = "skill"
    POSTERIOR = "posterior"
    ADJUDICATION = "adjudication"
    OVERRULED = "overruled"
    # Reasons for being undecided:
    TIE = "tie"
    DISAGREEMENT = "disagreement"
    SINGLE_VOTE = "single_vote"
    UNCERTAIN = "uncertain"
    NOT_IDENTIFIED = "not_identified"
    EXCLUDED = "excluded"
    IMPLIED = "implied"
    NO_CLASS_SHARED = "no_class_shared"
    READABILITY = "readability"
    # Reasons for having no decision yet, or none at all:
    READINGS_MISSING = "readings_missing"
    REREAD_PENDING = "reread_pending"
    NO_SECOND_VOTE = "no_second_vote"
    NOT_DECIDABLE = "not_decidable"
    UNREADABLE = "unreadable"


class Kind(StrEnum):
    """Who made a reading."""

    PERSON = "person"
    MODEL = "model"
    REFERENCE = "reference"


class Stage(StrEnum):
    """Whether the reading was made blind, or revised after suggestions were shown."""

    BLIND = "blind"
    REVISED = "revised"


class Purpose(StrEnum):
    """What the reading was made for."""

    DATA = "data"
    ADJUDICATION = "adjudication"


class Certainty(StrEnum):
    """How sure a reader is that a class is present."""

    DEFINITE = "definite"
    PROBABLE = "probable"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an adjudicator decided beyond votes on the classes in dispute.

    Attributes:
        added: classes that the readers agreed are absent and the adjudicator calls present.
        removed: classes that the readers agreed are present and the adjudicator calls absent.
        undecidable: classes in dispute that cannot be decided from the tracing.
    """

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    undecidable: frozenset[str] = frozenset()


NO_RULING = Ruling()


@dataclass(frozen=True, slots=True)
class Ballot:
    """One reading as input to a rule.

    Attributes:
        classes: codes of the classes that the reader marked; empty if no class is present. None if
            the reader called the exam unreadable: then the reading has no vote on any class.
        unassessed: codes of classes without a vote, because the reader called them not assessable
            or was not asked about them.
        reader: identifies the reader; needed by rules that estimate skill.
        kind: who made the reading. Only people vote.
        stage: only blind readings vote.
        purpose: whether the reading was made to settle a dispute.
        ruling: only for adjudications.
        certainty: how sure the reader is of the classes they marked, by class code; a class that
            is left out is definite. No rule uses it (``Rule``).
    """

    classes: frozenset[str] | None
    unassessed: frozenset[str] = frozenset()
    reader: str = ""
    kind: Kind = Kind.PERSON
    stage: Stage = Stage.BLIND
    purpose: Purpose = Purpose.DATA
    ruling: Ruling = NO_RULING
    certainty: Mapping[str, Certainty] = field(default_factory=dict, hash=False)

    @property
    def is_adjudication(self) -> bool:
        return self.purpose == Purpose.ADJUDICATION


@dataclass(frozen=True, slots=True)
class Cell:
    """The result of a rule for one class of one exam.

    Attributes:
        state: what the rule decided.
        basis: why.
        posterior: P(class is present | votes), for rules that estimate it.
    """

    state: State
    basis: Basis
    posterior: float | None = None


UNANIMOUSLY_ABSENT = Cell(State.ABSENT, Basis.UNANIMOUS)
READINGS_MISSING = Cell(State.INCOMPLETE, Basis.READINGS_MISSING)
READABILITY_DISPUTED = Cell(State.UNDECIDED, Basis.READABILITY)
UNREADABLE = Cell(State.NOT_ASSESSED, Basis.UNREADABLE)
# Fewer than two readers assessed the class, and none marked it.
NOT_ASSESSED = Cell(State.NOT_ASSESSED, Basis.NO_SECOND_VOTE)


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a rule for the readings of one exam.

    Attributes:
        status: how the labels came about. Some classes of a disputed or incomplete exam may be
            decided.
        cells: by class code in alphabetical order, the result for each class that at least one
            reading with a vote marked, and for each class whose state differs from ``rest``.
        rest: the result for all other classes.
        votes: number of readings that marked the class, by class code in alphabetical order, for
            each class that at least one reading with a vote marked.
        n_votes: for the same classes, the number of readings with a vote on the class.
        adjudicated: classes that were disputed until adjudication decided them.
        n_readings: number of readings with a vote, including unreadable ones and adjudications.
        n_unreadable: number of readings that called the exam unreadable.
        n_wanted: number of readings required, not counting adjudications.
        reason: why the exam is disputed or incomplete; ``Reason.NONE`` if it is neither.
    """

    status: Status
    cells: Mapping[str, Cell]
    rest: Cell
    votes: Mapping[str, int]
    n_votes: Mapping[str, int]
    n_readings: int
    n_unreadable: int = 0
    n_wanted: int = MIN_READINGS
    adjudicated: frozenset[str] = field(default_factory=frozenset)
    reason: Reason = Reason.NONE

    def cell(self, code: str) -> Cell:
        return self.cells.get(code, self.rest)

    def state(self, code: str) -> State:
        return self.cell(code).state

    @property
    def states(self) -> dict[str, State]:
        """The states that differ from the state of ``rest``, by class code."""
        return {
            code: cell.state for code, cell in self.cells.items() if cell.state != self.rest.state
        }

    @property
    def labels(self) -> dict[str, int]:
        """The present classes with their votes, in alphabetical order."""
        return {code: n for code, n in self.votes.items() if self.state(code) == State.PRESENT}

    @property
    def disputed(self) -> Set[str]:
        """The undecided classes that at least one reader marked, or that a marked class implies."""
        return frozenset(c for c, cell in self.cells.items() if cell.state == State.UNDECIDED)
