"""Decisions: whether a reader accepted or rejected each suggestion they were shown."""

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
    """The reader's decision on the suggestion of a class; ``verdict`` is one of ``Verdict``."""

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
        assignment: the reader's assignment.
        decisions: at most one per class; undecided suggestions have none.
        arm: the arm in which the suggestions were shown.
        finding_codes: codes of the reading's findings.

    Raises:
        RepeatedClass: there are two decisions on one class.
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
    """Whether ``decisions`` equal those stored with ``reading``."""
    stored = reading.decisions.values_list("diagnostic_class__code", "verdict")
    return set(stored) == {(decision.code, decision.verdict) for decision in decisions}


def shown_to(assignment: Assignment, arm: Arm) -> Shown:
    """Return the suggestions that the reader was shown in ``arm``, from the latest run.

    Only those with a class in the batch's taxonomy are included.
    """
    exposures = Exposure.objects.filter(assignment=assignment, arm=arm).values("run")
    latest = SuggestionRun.objects.filter(pk__in=exposures).order_by("requested_at", "pk").last()
    named = Suggestion.objects.filter(run=latest).named_in(assignment.batch.taxonomy)
    rows = named.select_related("diagnostic_class")
    return {row.diagnostic_class.code: row for row in rows}
