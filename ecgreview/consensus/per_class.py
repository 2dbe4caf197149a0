"""The rule that decides class by class: a class needs more than half of its votes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from .counting import Count, excludes
from .decision import MIN_READINGS, Ballot, Decision, Reason, State, Status

States = dict[str, State]


def majority_per_class(
    ballots: Sequence[Ballot], exclusive: Collection[str], n_wanted: int
) -> Decision:
    """Decide each class by its own votes.

    A reading votes on a class unless the reader abstained, called the exam unreadable, was not
    asked about the class, or called it not assessable. A class is

    - *present* if it has at least two votes and more than half are for it;
    - *absent* if it has at least two votes and fewer than half are for it;
    - *undecided* (in dispute) if exactly half of its votes are for it (1 of 2, 2 of 4), or if its
      only vote is for it, so that no other reader confirms or denies it;
    - *incomplete* while missing readings could still change it;
    - *not assessed* if it has fewer than two votes and none is for it.

    Adjudicators vote only on classes that are undecided without them; they cannot overrule a
    decision of the readers.

    The exam is unreadable if more than half of its readers say so. If one of two does, the whole
    exam is in dispute, and adjudicators vote on all of it. An exclusive class (normal) is never
    present while another class is present or undecided: in such a conflict, all of these classes
    are in dispute.
    """
    count = Count.of([ballot for ballot in ballots if not ballot.is_adjudication])
    everybody = Count.of(ballots)
    n_missing = max(n_wanted - count.n_readings, 0)
    if n_missing == 0 and count.n_readable == count.n_unreadable == 1:
        decision = _decide_whole(everybody, exclusive)
    else:
        decision = _decide(count, everybody, exclusive, n_missing)
    return replace(
        decision,
        n_readings=everybody.n_readings,
        n_unreadable=everybody.n_unreadable,
        n_wanted=n_wanted,
    )


def _decide_whole(everybody: Count, exclusive: Collection[str]) -> Decision:
    """Decide an exam that one of two readers called unreadable: adjudicators vote on all of it."""
    if everybody.n_readable >= MIN_READINGS:
        result = _decide(everybody, everybody, exclusive, 0)
        if result.status == Status.UNREADABLE:
            return result
        status = Status.MAJORITY if result.status == Status.AGREEMENT else result.status
        return replace(result, status=status, adjudicated=frozenset(result.votes) - result.disputed)
    if everybody.n_unreadable > everybody.n_readable:
        return _unreadable(everybody)
    return Decision(
        Status.DISPUTED,
        {},
        State.UNDECIDED,
        everybody.marked,
        {code: everybody.n_votes(code) for code in everybody.marked},
        everybody.n_readings,
        reason=Reason.READABILITY_DISPUTED,
    )


def _decide(count: Count, everybody: Count, exclusive: Collection[str], n_missing: int) -> Decision:
    """Decide classes by the votes in ``count``; if undecided, by the votes in ``everybody``."""
    if 2 * count.n_unreadable > count.n_readings + n_missing:
        return _unreadable(count)
    codes = sorted({*count.marked, *count.unassessed})
    states = _settled({code: _state(count, code, n_missing) for code in codes}, exclusive)
    disputed = _undecided(states)
    states |= {code: _state(everybody, code, 0) for code in disputed}
    states = _settled(states, exclusive)
    counts = {code: everybody if code in disputed else count for code in count.marked}
    rest = _unless_present(0, count.n_readable, n_missing)
    decision = Decision(
        Status.MAJORITY,
        {code: state for code, state in states.items() if state != rest},
        rest,
        {code: state.marked[code] for code, state in counts.items()},
        {code: state.n_votes(code) for code, state in counts.items()},
        count.n_readings,
        adjudicated=disputed - _undecided(states),
    )
    status, reason = _status(decision)
    return replace(decision, status=status, reason=reason)


def _unreadable(count: Count) -> Decision:
    n_votes = {code: count.n_votes(code) for code in count.marked}
    return Decision(
        Status.UNREADABLE, {}, State.NOT_ASSESSED, count.marked, n_votes, count.n_readings
    )


def _state(count: Count, code: str, n_missing: int) -> State:
    """Return the state of a class by its votes alone, ignoring exclusive classes."""
    n_marked, n_votes = count.marked.get(code, 0), count.n_votes(code)
    if n_votes >= MIN_READINGS and 2 * n_marked > n_votes + n_missing:
        return State.PRESENT
    return _unless_present(n_marked, n_votes, n_missing)


def _unless_present(n_marked: int, n_votes: int, n_missing: int) -> State:
    # In the worst case for an absent class, all missing readings mark it.
    if n_votes >= MIN_READINGS and 2 * (n_marked + n_missing) < n_votes + n_missing:
        return State.ABSENT
    if n_missing:
        return State.INCOMPLETE
    return State.UNDECIDED if n_marked else State.NOT_ASSESSED


def _settled(states: Mapping[str, State], exclusive: Collection[str]) -> States:
    """Return ``states``, with an exclusive class and the classes it conflicts with undecided."""
    possible = {code for code, state in states.items() if state in {State.PRESENT, State.UNDECIDED}}
    is_alone = any(code in exclusive and states[code] == State.PRESENT for code in possible)
    if not is_alone or not excludes(possible, exclusive):
        return dict(states)
    return {**states, **dict.fromkeys(possible, State.UNDECIDED)}


def _undecided(states: Mapping[str, State]) -> frozenset[str]:
    return frozenset(code for code, state in states.items() if state == State.UNDECIDED)


def _status(decision: Decision) -> tuple[Status, Reason]:
    if State.INCOMPLETE in {*decision.states.values(), decision.rest}:
        return Status.INCOMPLETE, Reason.READINGS_MISSING
    votes, n_votes = decision.votes, decision.n_votes
    if disputed := decision.disputed:
        # A class with a majority is in dispute only if it conflicts with an exclusive class.
        is_excluded = any(2 * votes[code] > n_votes[code] >= MIN_READINGS for code in disputed)
        reason = Reason.EXCLUSIVE_CLASSES if is_excluded else Reason.CLASSES_DISPUTED
        return Status.DISPUTED, reason
    is_shared = all(n == n_votes[code] for code, n in votes.items())
    if is_shared and not decision.adjudicated:
        return Status.AGREEMENT, Reason.NONE
    return Status.MAJORITY, Reason.NONE
