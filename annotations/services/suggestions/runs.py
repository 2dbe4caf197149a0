"""Suggestions: what the criteria model makes of an exam, computed when the row says it is due."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from annotations.models import (
    Exam,
    Suggestion,
    SuggestionFailure,
    SuggestionRun,
    Taxonomy,
)
from annotations.services.counts import runs as counts_runs
from ecgreview import criteria, measure
from ecgreview.ecg import wire

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""An exam that so many workers did not survive is given up."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What was measured and proposed, or why that failed."""

    measurements: dict[str, Any]
    verdicts: tuple[criteria.Verdict, ...]
    proposals: tuple[criteria.Proposal, ...]
    failure: str = ""
    tracing: int = 1


def run_next(*, now: datetime) -> bool:
    """Compute the suggestions of one exam that waits for them; return False when none does.

    The attempt is counted before the work begins, and committed: an exam that kills its worker
    goes behind all others instead of holding them up for ever.

    Raises:
        Taxonomy.DoesNotExist: no taxonomy is installed that could name what is suggested.
    """
    with transaction.atomic():
        claimed = _waiting().order_by("n_attempts", "pk").first()
        if claimed is None:
            return False
        taxonomy = Taxonomy.objects.all().newest()  # without one, nothing was attempted
        SuggestionRun.objects.filter(pk=claimed.pk).update(n_attempts=F("n_attempts") + 1)
    with transaction.atomic():
        run = _waiting().select_related("exam", "model").filter(pk=claimed.pk).first()
        if run is not None:  # else another worker took it between the two transactions
            _finish(run, _outcome(run), taxonomy, now)
    return True


def _waiting() -> QuerySet[SuggestionRun]:
    """Return the runs that are due and in no worker's hands; whoever reads one locks it."""
    unlocked = SuggestionRun.objects.select_for_update(of=("self",), skip_locked=True)
    return unlocked.due().filter(model__name=criteria.NAME)


def _outcome(run: SuggestionRun) -> _Outcome:
    if run.n_attempts > MAX_ATTEMPTS:
        return _Outcome({}, (), (), SuggestionFailure.GIVEN_UP)
    return _look_at(run.exam, criteria.QtFormula(run.model.qt_correction or "fridericia"))


def _look_at(exam: Exam, formula: criteria.QtFormula) -> _Outcome:
    """Measure the first tracing of ``exam`` and apply the criteria to it."""
    tracing = exam.tracings.order_by("position").first()
    if tracing is None:
        return _Outcome({}, (), (), SuggestionFailure.NO_TRACING)
    try:
        measured = measure.measure(wire.unpack(bytes(tracing.packed)))
        verdicts = criteria.examine(
            measured, age_years=exam.age_years, sex=exam.sex, qt_formula=formula
        )
        proposals = criteria.propose(verdicts, measured)
    except (ValueError, ArithmeticError, LookupError):
        # Numerical code that meets a signal nobody thought of: this exam goes without, others not.
        logger.exception("suggestions: exam %s could not be measured", exam.code)
        return _Outcome({}, (), (), SuggestionFailure.NOT_COMPUTED)
    return _Outcome(measured.to_json(), verdicts, tuple(proposals), tracing=tracing.position)


def _finish(run: SuggestionRun, outcome: _Outcome, taxonomy: Taxonomy, now: datetime) -> None:
    classes = {item.code: item for item in taxonomy.classes.all()}
    unnamed = [item.code for item in outcome.proposals if item.code not in classes]
    Suggestion.objects.bulk_create(
        Suggestion(
            run=run,
            diagnostic_class=classes[item.code],
            evidence=item.evidence,
            marks=item.marks.to_json(tracing=outcome.tracing) if item.marks else {},
        )
        for item in outcome.proposals
        if item.code in classes
    )
    run.measurements = outcome.measurements
    run.verdicts = [verdict.to_json() for verdict in outcome.verdicts]
    run.failure = outcome.failure
    if unnamed:
        logger.error("suggestions: %s has no class %s", taxonomy, ", ".join(unnamed))
        run.failure = SuggestionFailure.UNKNOWN_CLASS
    run.finished_at = now
    run.save(update_fields=["measurements", "verdicts", "failure", "finished_at"])
    if not run.failure:
        counts_runs.note_suggestions(run.exam_id, now=now)
