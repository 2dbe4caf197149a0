"""Decisions: what a reader made of each suggestion that they were shown, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotations.models import (
    Arm,
    Assignment,
    Decision,
    Exposure,
    Reading,
    Suggestion,
    SuggestionRun,
    Verdict,
)
from annotations.services.reading.content import InvalidReading, RepeatedClass


class UnknownSuggestion(InvalidReading):
    """A decision is on something that was not suggested to this reader, or not at this stage."""


class AcceptedWithoutFinding(InvalidReading):
    """A suggestion is said to be accepted, and its class is not among the findings."""


@dataclass(frozen=True, slots=True)
class DecisionIn:
    """What the reader made of the suggestion of a class; one of ``Verdict``."""

    code: str
    verdict: str


Shown = Mapping[str, Suggestion]
"""The suggestions that decisions are on, by code."""


def of(
    assignment: Assignment,
    decisions: Sequence[DecisionIn],
    *,
    arm: Arm,
    found: Sequence[str],
) -> Shown:
    """Return the suggestions that ``decisions`` are on, or refuse them.

    Args:
        assignment: whose reader decides.
        decisions: one for a class, and none for suggestions that were left undecided.
        arm: the way of showing after which, or during which, it is decided.
        found: the codes of the classes that the reading gives.

    Raises:
        RepeatedClass, UnknownSuggestion, NotFound: as they say.
    """
    codes = [one.code for one in decisions]
    if repeated := {code for code in codes if codes.count(code) > 1}:
        raise RepeatedClass(sorted(repeated))
    if not codes:
        return {}
    shown = shown_to(assignment, arm)
    if unknown := set(codes) - shown.keys():
        raise UnknownSuggestion(sorted(unknown))
    accepted = {one.code for one in decisions if one.verdict == Verdict.ACCEPTED}
    if missing := accepted - set(found):
        raise AcceptedWithoutFinding(sorted(missing))
    return shown


def store(reading: Reading, decisions: Sequence[DecisionIn], shown: Shown) -> None:
    """Save ``decisions`` with ``reading``, which was just inserted."""
    Decision.objects.bulk_create(
        Decision(
            reading=reading,
            run_id=shown[one.code].run_id,
            diagnostic_class_id=shown[one.code].diagnostic_class_id,
            verdict=one.verdict,
        )
        for one in decisions
    )


def are_of(reading: Reading, decisions: Sequence[DecisionIn]) -> bool:
    """Tell whether ``decisions`` are those that are stored with ``reading``."""
    stored = reading.decisions.values_list("diagnostic_class__code", "verdict")
    return set(stored) == {(one.code, one.verdict) for one in decisions}


def shown_to(assignment: Assignment, arm: Arm) -> Shown:
    """Return what the reader was shown last, in the classes of the batch.

    A newer run takes the place of an older one.
    """
    exposures = Exposure.objects.filter(assignment=assignment, arm=arm).values("run")
    latest = SuggestionRun.objects.filter(pk__in=exposures).order_by("requested_at", "pk").last()
    named = Suggestion.objects.filter(run=latest).named_in(assignment.batch.taxonomy)
    rows = named.select_related("diagnostic_class")
    return {one.diagnostic_class.code: one for one in rows}
