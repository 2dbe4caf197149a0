"""The consensus rules by name. When a rule's outcomes change, it gets a new version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .counting import excludes
from .decision import MIN_READINGS, Ballot, Decision
from .per_class import majority_per_class
from .two_votes import agreement_then_majority

# The exclusive classes of the built-in taxonomy.
NORMAL: frozenset[str] = frozenset({"normal_ecg"})


class UnknownRule(ValueError):
    """No consensus rule has this name."""


class ContradictoryReading(ValueError):
    """A reading marks an exclusive class with another class, or a class it has no vote on."""


def decide(
    rule: str,
    ballots: Sequence[Ballot],
    *,
    exclusive: Collection[str] = NORMAL,
    n_wanted: int = MIN_READINGS,
) -> Decision:
    """Return the decision of ``rule`` for the readings of one exam.

    Args:
        rule: a key of ``RULES``.
        ballots: one per reading. Readers who abstained have none.
        exclusive: codes of the classes that exclude all others, such as normal. No decision
            combines one with another class.
        n_wanted: number of readings that the study requires, not counting adjudications. Values
            below ``MIN_READINGS`` are raised to it.

    Raises:
        UnknownRule: ``rule`` is not in ``RULES``.
        ContradictoryReading: a reading marks an exclusive class together with another class, or a
            class that it has no vote on.
    """
    if rule not in RULES:
        raise UnknownRule(f"There is no rule {rule!r}. Available: {', '.join(sorted(RULES))}")
    for ballot in ballots:
        codes = ballot.classes or frozenset()
        if excludes(codes, exclusive) or codes & ballot.unassessed:
            raise ContradictoryReading(", ".join(sorted(codes)))
    return RULES[rule].function(ballots, exclusive, max(n_wanted, MIN_READINGS))


@dataclass(frozen=True, slots=True)
class Rule:
    version: str
    function: Callable[[Sequence[Ballot], Collection[str], int], Decision]
    description: str


# The rules by the name that protocols store.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "majority_per_class": Rule(
            version="1",
            function=majority_per_class,
            description=(
                "Each class is decided by its own votes: present with more than half of them, "
                "absent with fewer than half. A class with exactly half (1 of 2, 2 of 4) is in "
                "dispute and goes to adjudication; it stays undecided until then."
            ),
        ),
        "agreement_then_majority": Rule(
            version="1",
            function=agreement_then_majority,
            description=(
                "If all readers marked exactly the same classes, those are the labels; otherwise "
                "the classes that at least two readers marked, and the exam is undecided if there "
                "are none. With two readers who share a class, a class that only one of them "
                "marked is dropped: it counts as absent. For reproducing CODE-II-test."
            ),
        ),
    }
)

DEFAULT_RULE = "majority_per_class"
