"""The outcome of a consensus rule for one exam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

LEAST_READINGS = 2
"""Fewer decide nothing, of an exam or of one of its classes."""

Status: TypeAlias = Literal["agreement", "majority", "undecided"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule makes of the readings of one exam.

    Attributes:
        status: how the labels came about; ``undecided`` when the exam needs another reading.
        labels: the classes the rule keeps, each with the number of readings that gave it, in
            alphabetical order. Empty when undecided; empty as well when all readers agree that
            no class applies, which is a statement and not a lack of one.
        votes: every class that any reading gave, with the number of readings that gave it.
        n_readings: how many readings the rule was given.
        reason: one sentence why it is undecided; empty when it is decided.
        n_missing: every class that any reading could not assess, with the number of those readings.
    """

    status: Status
    labels: Mapping[str, int]
    votes: Mapping[str, int]
    n_readings: int
    reason: str = ""
    n_missing: Mapping[str, int] = field(default_factory=dict)
