"""The consensus rules by name; a rule whose outcomes change gets a new version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .counting import excludes
from .decision import MIN_READINGS, Ballot, Decision
from .per_class import majority_per_class
from .two_votes import agreement_then_majority

# The exclusive classes of the built-in list of classes.
NORMAL: frozenset[str] = frozenset({"normal_ecg"})


class UnknownRule(ValueError):
    """There is no consensus rule of that name."""


class ContradictoryReading(ValueError):
    """A reading combines an exclusive class with another class, or gives one it could not
    assess.
    """


def decide(
    rule: str,
    ballots: Sequence[Ballot],
    *,
    exclusive: Collection[str] = NORMAL,
    n_wanted: int = MIN_READINGS,
) -> Decision:
    """Return the decision of ``rule`` about the readings of one exam.

    Args:
        rule: a key of ``RULES``.
        ballots: one per reading; readers who abstained have none.
        exclusive: the exclusive classes; no decision combines one with another class.
        n_wanted: number of readings that the study requires, without adjudication. At least two
            are needed in any case.

    Raises:
        UnknownRule: ``rule`` is not in ``RULES``.
        ContradictoryReading: a reading combines an exclusive class with another class, or gives
            one that it has no vote on.
    """
    if rule not in RULES:
        raise UnknownRule(f"{rule!r} is none of {', '.join(sorted(RULES))}")
    for ballot in ballots:
        codes = ballot.classes or frozenset()
        if excludes(codes, exclusive) or codes & ballot.unassessed:
            raise ContradictoryReading(", ".join(sorted(codes)))
    return RULES[rule].function(ballots, exclusive, max(n_wanted, MIN_READINGS))


@dataclass(frozen=True, slots=True)
class Rule:
    """A consensus rule: its version, its function and a short description."""

    version: str
    function: Callable[[Sequence[Ballot], Collection[str], int], Decision]
    description: str


# The rules by stored name; the first is the default of new studies.
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
                "If all readers gave exactly the same classes, those; otherwise the classes that "
                "at least two readers gave, and undecided when there is none. With two readers "
                "who share a class, a class that only one of them gave is dropped: it counts as "
                "absent. For reproducing CODE-II-test."
            ),
        ),
    }
)

DEFAULT_RULE = "majority_per_class"
