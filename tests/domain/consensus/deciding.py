"""Decide one exam by its own readings alone."""

from __future__ import annotations

from collections.abc import Sequence

from ecgreview import consensus
from ecgreview.consensus import MIN_READINGS, Ballot, Choice, Decision, Exam, Relations
from ecgreview.consensus.rules import NORMAL


def decide_exam(
    choice: Choice,
    ballots: Sequence[Ballot],
    *,
    relations: Relations = NORMAL,
    n_wanted: int = MIN_READINGS,
) -> Decision:
    return consensus.decide(choice, {"": Exam(tuple(ballots), n_wanted)}, relations)[""]
