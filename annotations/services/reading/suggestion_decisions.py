"""Decisions: what a reader made of each suggestion they were shown."""

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
    code = "unknown-suggestion"


class AcceptedWithoutFinding(InvalidReading):
    code = "accepted-not-found"


@dataclass(frozen=True, slots=True)
class DecisionIn:
    """The decision on the suggestion of a class; one of ``Verdict``."""

    code: str
    verdict: str


# Suggestions by class code.
Shown = Mapping[str, Suggestion]


def of(
    assignment: Assignment,
    decisions: Sequence[DecisionIn],
    *,
    arm: Arm,
    finding_codes: Sequence[str],
) -> Shown:
    """Return the suggestions that ``decisions`` refer to, after checking them.

    Args:
        assignment: of the reader.
        decisions: at most one per class; undecided suggestions have none.
        arm: in which the suggestions were shown.
        finding_codes: codes of the classes that the reading contains.

    Raises:
        RepeatedClass: two decisions on one class.
        UnknownSuggestion: the class was not suggested.
        AcceptedWithoutFinding: the class was accepted but is not among the findings.
    """
    codes = [decision.code for decision in decisions]
    if repeated := {code for code in codes if codes.count(code) > 1}:
        raise RepeatedClass(sorted(repeated))
    if not codes:
        return {}
    shown = shown_to(assignment, arm)
    if unknown := set(codes) - shown.keys():
        raise UnknownSuggestion(sorted(unknown))
    accepted = {decision.code for decision in decisions if decision.verdict == Verdict.ACCEPTED}
    if missing := accepted - set(finding_codes):
        raise AcceptedWithoutFinding(sorted(missing))
    return shown


def store(reading: Reading, decisions: Sequence[DecisionIn], shown: Shown) -> None:
    """Save ``decisions`` with ``reading``, which was just inserted."""
    Decision.objects.bulk_create(
        Decision(
            reading=reading,
            run_id=shown[decision.code].run_id,
            diagnostic_class_id=shown[decision.code].diagnostic_class_id,
            verdict=decision.verdict,
        )
        for decision in decisions
    )


def are_of(reading: Reading, decisions: Sequence[DecisionIn]) -> bool:
    """Whether ``decisions`` are the ones stored with ``reading``."""
    stored = reading.decisions.values_list("diagnostic_class__code", "verdict")
    return set(stored) == {(decision.code, decision.verdict) for decision in decisions}


def shown_to(assignment: Assignment, arm: Arm) -> Shown:
    """Return the suggestions the reader was shown last, mapped to the batch's taxonomy.

    A newer run replaces an older one.
    """
    exposures = Exposure.objects.filter(assignment=assignment, arm=arm).values("run")
    latest = SuggestionRun.objects.filter(pk__in=exposures).order_by("requested_at", "pk").last()
    named = Suggestion.objects.filter(run=latest).named_in(assignment.batch.taxonomy)
    rows = named.select_related("diagnostic_class")
    return {row.diagnostic_class.code: row for row in rows}
