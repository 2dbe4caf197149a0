"""The rule of CODE-II-test: unanimous agreement, else the classes that two readers share."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .counting import Count, excludes
from .decision import MIN_READINGS, Ballot, Decision, Reason, State, Status


def agreement_then_majority(
    ballots: Sequence[Ballot], exclusive: Collection[str], n_wanted: int
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
    status, reason = _status(count, shared, exclusive, n_wanted)
    states, rest = _states(count, shared, status)
    return Decision(
        status=status,
        states=states,
        rest=rest,
        votes=count.marked,
        n_votes={code: count.n_votes(code) for code in count.marked},
        n_readings=count.n_readings,
        n_unreadable=count.n_unreadable,
        n_wanted=n_wanted,
        reason=reason,
    )


def _status(
    count: Count, shared: Collection[str], exclusive: Collection[str], n_wanted: int
) -> tuple[Status, Reason]:
    n_readable = count.n_readable
    if count.n_readings >= MIN_READINGS and count.n_unreadable > n_readable:
        return Status.UNREADABLE, Reason.NONE
    is_shared = all(n == count.n_votes(code) for code, n in count.marked.items())
    if n_readable >= MIN_READINGS and is_shared and len(shared) == len(count.marked):
        return Status.AGREEMENT, Reason.NONE
    if shared and not excludes(shared, exclusive):
        return Status.MAJORITY, Reason.NONE
    if count.n_readings < n_wanted:
        return Status.INCOMPLETE, Reason.READINGS_MISSING
    if n_readable < MIN_READINGS:
        return Status.DISPUTED, Reason.READABILITY_DISPUTED
    return Status.DISPUTED, Reason.EXCLUSIVE_CLASSES if shared else Reason.NO_CLASS_SHARED


def _states(
    count: Count, shared: Collection[str], status: Status
) -> tuple[dict[str, State], State]:
    if status == Status.UNREADABLE:
        return {}, State.NOT_ASSESSED
    if status == Status.INCOMPLETE:
        return {}, State.INCOMPLETE
    if status == Status.DISPUTED:
        return {}, State.UNDECIDED
    open_classes = {code for code in count.unassessed if count.n_votes(code) < MIN_READINGS}
    return {
        **dict.fromkeys(sorted(open_classes), State.NOT_ASSESSED),
        **dict.fromkeys(shared, State.PRESENT),
    }, State.ABSENT
