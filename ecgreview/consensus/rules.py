"""The consensus rules by name; a rule whose outcomes change gets a new version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .counting import excludes
from .decision import MIN_READINGS, Ballot, Decision
from .per_class import majority_per_class
from .two_votes import agreement_then_majority

NORMAL: frozenset[str] = frozenset({"normal_ecg"})
"""The classes that stand alone in the list of classes this product comes with."""


class UnknownRule(ValueError):
    """There is no consensus rule of that name."""


class ContradictoryReading(ValueError):
    """A reading gives a class that stands alone beside another, or one it could not assess."""


def decide(
    rule: str,
    ballots: Sequence[Ballot],
    *,
    exclusive: Collection[str] = NORMAL,
    n_wanted: int = MIN_READINGS,
) -> Decision:
    """Return what ``rule`` makes of the readings of one exam.

    Args:
        rule: a key of ``RULES``.
        ballots: one for each reading; readers who abstained have none.
        exclusive: the classes that stand alone; no decision keeps one beside another class.
        n_wanted: how many readings, adjudication aside, the study's design asks for. Two at
            least are needed in any case.

    Raises:
        UnknownRule: ``rule`` is not in ``RULES``.
        ContradictoryReading: a reading has an exclusive class beside another class, or gives one
            that it has no vote on.
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
    """A consensus rule: its version, what it does, and that in a few sentences."""

    version: str
    function: Callable[[Sequence[Ballot], Collection[str], int], Decision]
    description: str


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
"""The rules by the name that a study stores; the first is that of new studies."""

DEFAULT_RULE = "majority_per_class"
