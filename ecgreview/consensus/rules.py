"""The consensus rules by name; a rule whose outcomes change gets a new version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from .decision import LEAST_READINGS, Decision

LabelSets: TypeAlias = Sequence[frozenset[str]]

NORMAL: frozenset[str] = frozenset({"normal_ecg"})
"""The classes that stand alone in the list of classes this product comes with."""


class UnknownRule(ValueError):
    """There is no consensus rule of that name."""


class ContradictoryReading(ValueError):
    """A reading gives a class that stands alone beside another, or one it could not assess."""


def decide(
    rule: str,
    label_sets: LabelSets,
    *,
    exclusive: Collection[str] = NORMAL,
    missing: LabelSets | None = None,
) -> Decision:
    """Return what ``rule`` makes of the readings of one exam.

    Args:
        rule: a key of ``RULES``.
        label_sets: for each reading the codes of the classes it gave. The empty set says that no
            class applies. A reader who finds the exam unreadable says nothing about its classes,
            so the caller leaves such readings out and counts them apart.
        exclusive: the classes that stand alone; no decision keeps one beside another class.
        missing: for each reading the codes of the classes it could not assess: of these it has no
            vote, for or against. None: every reading assessed every class.

    Raises:
        UnknownRule: ``rule`` is not in ``RULES``.
        ContradictoryReading: a reading has an exclusive class beside another class, or gives one
            that it could not assess.
    """
    if rule not in RULES:
        raise UnknownRule(f"{rule!r} is none of {', '.join(sorted(RULES))}")
    unassessed = [frozenset[str]()] * len(label_sets) if missing is None else missing
    for labels, untold in zip(label_sets, unassessed, strict=True):
        if _contradicts_itself(labels, exclusive) or labels & untold:
            raise ContradictoryReading(", ".join(sorted(labels)))
    decision = RULES[rule].function(label_sets, unassessed, exclusive)
    return replace(decision, n_missing=_votes(unassessed))


def _agreement_then_majority(
    label_sets: LabelSets, missing: LabelSets, exclusive: Collection[str]
) -> Decision:
    """Decide as CODE-II-test did.

    Of its 8,475 exams, 6,309 were decided by agreement and 2,166 by majority; "majority" means
    two readers, however many there are. With up to three readers the kept labels cannot
    contradict each other: two readers who say normal say nothing else, and one more reader has
    one vote only. With four they can (normal, normal, AF, AF), and then the exam is undecided.

    There every reader assessed every class. Who cannot assess one here disputes nothing of it, but
    a class that one reader alone could assess has one reading only, and those take two.

    Source:
        CODE-II, arXiv 2511.15632v1, description of CODE-II-test.
    """
    votes = _votes(label_sets)
    n_readings = len(label_sets)
    if n_readings < LEAST_READINGS:
        reason = "There is only one reading." if n_readings else "There is no reading."
        return Decision("undecided", {}, votes, n_readings, reason)
    n_missing = _votes(missing)
    is_undisputed = all(n + n_missing.get(code, 0) == n_readings for code, n in votes.items())
    if is_undisputed and min(votes.values(), default=n_readings) >= LEAST_READINGS:
        return Decision("agreement", votes, votes, n_readings)
    kept = {code: count for code, count in votes.items() if count >= LEAST_READINGS}
    if not kept:
        reason = "The readers differ and no class was given by two of them."
        return Decision("undecided", {}, votes, n_readings, reason)
    if _contradicts_itself(kept, exclusive):
        reason = f"Classes that exclude each other have two votes or more: {', '.join(kept)}."
        return Decision("undecided", {}, votes, n_readings, reason)
    return Decision("majority", kept, votes, n_readings)


def _votes(label_sets: LabelSets) -> dict[str, int]:
    counted = Counter(code for labels in label_sets for code in labels)
    return dict(sorted(counted.items()))


def _contradicts_itself(codes: Collection[str], exclusive: Collection[str]) -> bool:
    return len(codes) > 1 and any(code in exclusive for code in codes)


@dataclass(frozen=True, slots=True)
class Rule:
    """A consensus rule: its version, what it does, and that in one sentence."""

    version: str
    function: Callable[[LabelSets, LabelSets, Collection[str]], Decision]
    sentence: str


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "agreement_then_majority": Rule(
            version="1",
            function=_agreement_then_majority,
            sentence=(
                "If all readers gave exactly the same classes, those; otherwise the classes that "
                "at least two readers gave, and undecided when there is none. Of a class that a "
                "reader could not assess, they have no vote."
            ),
        ),
    }
)
"""The rules by the name that a study stores."""
