"""The rule of CODE-II-test: unanimous agreement, else the classes that two readers share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .counting import Count
from .decision import (
    MIN_READINGS,
    NOT_ASSESSED,
    READABILITY_DISPUTED,
    READINGS_MISSING,
    UNANIMOUSLY_ABSENT,
    UNREADABLE,
    Ballot,
    Basis,
    Cell,
    Decision,
    Reason,
    State,
    Status,
)
from .relations import Relations


def agreement_then_majority(
    ballots: Sequence[Ballot], relations: Relations, n_wanted: int
) -> Decision:
    """Decide the exam as a whole, as CODE-II-test did.

    Of its 8,475 exams, 6,309 were decided by agreement and 2,166 by "majority", which means at
    least two readers, however many read the exam. If two readers share a class, every class that
    only one reader marked is dropped. With up to three readers, the remaining labels cannot
    contradict each other: normal and another class would need two readers each. With four readers
    they can (normal, normal, AF, AF), and then the exam is disputed.

    In CODE-II-test every reader assessed every class. Here, a reader who cannot assess a class
    does not dispute it, but a class that fewer than two readers assessed gets the state "not
    assessed". An adjudication adds one vote on every class. The exam is unreadable if at least two
    readings call it unreadable and they outnumber the others.

    Source:
        CODE-II, arXiv 2511.15632v1, description of CODE-II-test.
    """
    count = Count.of(ballots)
    shared = {code: n for code, n in count.marked.items() if n >= MIN_READINGS}
    status, reason = _status(count, shared, relations, n_wanted)
    cells, rest = _cells(count, shared, status, reason)
    settled = relations.settled(cells, rest)
    if status in {Status.AGREEMENT, Status.MAJORITY} and settled != cells:
        bases = {cell.basis for cell in settled.values()}
        status = Status.DISPUTED
        reason = Reason.EXCLUSIVE_CLASSES if Basis.EXCLUDED in bases else Reason.IMPLIED_CLASS
    return Decision(
        status=status,
        cells=dict(sorted(settled.items())),
        rest=rest,
        votes=count.marked,
        n_votes={code: count.n_votes(code) for code in count.marked},
        n_readings=count.n_readings,
        n_unreadable=count.n_unreadable,
        n_wanted=n_wanted,
        reason=reason,
    )


def _status(
    count: Count, shared: Collection[str], relations: Relations, n_wanted: int
) -> tuple[Status, Reason]:
    n_readable = count.n_readable
    if count.n_readings >= MIN_READINGS and count.n_unreadable > n_readable:
        return Status.UNREADABLE, Reason.NONE
    is_shared = all(n == count.n_votes(code) for code, n in count.marked.items())
    if n_readable >= MIN_READINGS and is_shared and len(shared) == len(count.marked):
        return Status.AGREEMENT, Reason.NONE
    if shared and not relations.contradictions(shared):
        return Status.MAJORITY, Reason.NONE
    if count.n_readings < n_wanted:
        return Status.INCOMPLETE, Reason.READINGS_MISSING
    if n_readable < MIN_READINGS:
        return Status.DISPUTED, Reason.READABILITY_DISPUTED
    return Status.DISPUTED, Reason.EXCLUSIVE_CLASSES if shared else Reason.NO_CLASS_SHARED


# The result for all classes of an exam that is not decided.
OF_UNDECIDED: Mapping[Reason, Cell] = {
    Reason.READINGS_MISSING: READINGS_MISSING,
    Reason.READABILITY_DISPUTED: READABILITY_DISPUTED,
    Reason.EXCLUSIVE_CLASSES: Cell(State.UNDECIDED, Basis.EXCLUDED),
    Reason.NO_CLASS_SHARED: Cell(State.UNDECIDED, Basis.NO_CLASS_SHARED),
}


def _cells(
    count: Count, shared: Collection[str], status: Status, reason: Reason
) -> tuple[dict[str, Cell], Cell]:
    if status == Status.UNREADABLE:
        return dict.fromkeys(count.marked, UNREADABLE), UNREADABLE
    if reason != Reason.NONE:
        return dict.fromkeys(count.marked, OF_UNDECIDED[reason]), OF_UNDECIDED[reason]
    open_classes = {code for code in count.unassessed if count.n_votes(code) < MIN_READINGS}
    return {
        **dict.fromkeys(count.marked, Cell(State.ABSENT, Basis.TOO_FEW_VOTES)),
        **dict.fromkeys(open_classes, NOT_ASSESSED),
        **{code: _present(count, code) for code in shared},
    }, UNANIMOUSLY_ABSENT


def _present(count: Count, code: str) -> Cell:
    is_unanimous = count.marked[code] == count.n_votes(code)
    return Cell(State.PRESENT, Basis.UNANIMOUS if is_unanimous else Basis.ENOUGH_VOTES)
