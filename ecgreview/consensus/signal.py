"""The consensus on signal quality, and on problems of leads, from several readings of one exam."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .decision import MIN_READINGS, State

# Increase this whenever the same readings would give other results.
VERSION = "1"


class Quality(StrEnum):
    """The consensus on the signal quality of an exam: a level, or why there is none.

    The values are stored in the database; the texts for pages are in the message catalog.
    """

    GOOD = "good"
    ACCEPTABLE = "acceptable"
    POOR = "poor"
    UNREADABLE = "unreadable"
    DISPUTED = "disputed"
    INCOMPLETE = "incomplete"


# From best to worst.
LEVELS = (Quality.GOOD, Quality.ACCEPTABLE, Quality.POOR, Quality.UNREADABLE)


@dataclass(frozen=True, slots=True)
class SignalBallot:
    """What one reading says about the signal.

    Attributes:
        quality: one of ``LEVELS``.
        problems: problems such as ``noise``, and problems of a lead such as ``noise:V1``.
        is_adjudication: whether the reading was made to settle a dispute.
    """

    quality: str
    problems: frozenset[str] = frozenset()
    is_adjudication: bool = False


@dataclass(frozen=True, slots=True)
class SignalDecision:
    """The consensus on the signal of an exam.

    Attributes:
        quality: the level, or why there is none.
        votes: number of readings by level, for the levels that occur, without adjudications.
        problems: for each problem that a reading names, its state.
        problem_votes: the number of readings that name it, without adjudications; a problem that
            only an adjudicator names is left out.
    """

    quality: Quality
    votes: Mapping[str, int]
    problems: Mapping[str, State]
    problem_votes: Mapping[str, int]


def problem_codes(problems: Iterable[tuple[str, Collection[str]]]) -> frozenset[str]:
    """Return the codes of pairs of a problem and its leads: ``noise``, ``noise:V1`` and so on."""
    return frozenset(
        code for kind, leads in problems for code in (kind, *(f"{kind}:{lead}" for lead in leads))
    )


def decide_signal(ballots: Sequence[SignalBallot], n_wanted: int) -> SignalDecision:
    """Decide the signal quality of an exam by the median, and each problem by the majority.

    The levels are ordered, so the quality is the level in the middle. With an even number of
    readings there are two: the quality is in dispute if they differ. A problem is present if more
    than half of the readings name it, and in dispute if exactly half do. A missing reading could go
    either way, so only what it cannot change is decided. At least two readings are needed. Readings
    of adjudicators are added to the others where these leave the quality or a problem in dispute.
    The study's rule for classes makes no difference.

    Args:
        ballots: the blind readings by people, without abstentions.
        n_wanted: number of readings required, not counting adjudications.
    """
    readers = [ballot for ballot in ballots if not ballot.is_adjudication]
    n_missing = max(n_wanted, MIN_READINGS) - len(readers)
    codes = sorted({code for ballot in readers for code in ballot.problems})
    quality = _quality(readers, n_missing)
    problems = {code: _state(code, readers, n_missing) for code in codes}
    if len(readers) < len(ballots):
        if quality == Quality.DISPUTED:
            quality = _quality(ballots, 0)
        problems |= {
            code: _state(code, ballots, 0)
            for code, state in problems.items()
            if state == State.UNDECIDED
        }
    n_by_level = Counter(ballot.quality for ballot in readers)
    n_by_code = Counter(code for ballot in readers for code in ballot.problems)
    return SignalDecision(
        quality=quality,
        votes={level.value: n_by_level[level] for level in LEVELS if n_by_level[level]},
        problems=problems,
        problem_votes=dict(sorted(n_by_code.items())),
    )


def _quality(ballots: Sequence[SignalBallot], n_missing: int) -> Quality:
    ranks = sorted(LEVELS.index(Quality(ballot.quality)) for ballot in ballots)
    missing = max(n_missing, 0)
    best, worst = [0] * missing, [len(LEVELS) - 1] * missing
    middle = {*_middle([*best, *ranks]), *_middle([*ranks, *worst])}
    if len(ranks) >= MIN_READINGS and len(middle) == 1:
        return LEVELS[middle.pop()]
    return Quality.INCOMPLETE if missing else Quality.DISPUTED


def _middle(ranks: Sequence[int]) -> tuple[int, int]:
    return ranks[(len(ranks) - 1) // 2], ranks[len(ranks) // 2]


def _state(code: str, ballots: Sequence[SignalBallot], n_missing: int) -> State:
    missing = max(n_missing, 0)
    n_votes, n_for = len(ballots), sum(code in ballot.problems for ballot in ballots)
    if n_votes >= MIN_READINGS and 2 * n_for > n_votes + missing:
        return State.PRESENT
    if n_votes >= MIN_READINGS and 2 * (n_for + missing) < n_votes + missing:
        return State.ABSENT
    return State.INCOMPLETE if missing else State.UNDECIDED
