"""Run the criteria model on exams that are queued for it."""

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

# Give up on an exam after this many attempts that killed the worker.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class _Outcome:
    measurements: dict[str, Any]
    verdicts: tuple[criteria.Verdict, ...]
    proposals: tuple[criteria.Proposal, ...]
    failure: str = ""
    tracing: int = 1


def run_next(*, now: datetime) -> bool:
    """Compute the suggestions of one queued exam; return False when there is none.

    The attempt is counted and committed first, so that an exam that kills its worker moves behind
    all others.

    Raises:
        Taxonomy.DoesNotExist: no taxonomy is installed.
    """
    with transaction.atomic():
        claimed = _waiting().order_by("n_attempts", "pk").first()
        if claimed is None:
            return False
        taxonomy = Taxonomy.objects.all().newest()  # raises before the attempt is counted
        SuggestionRun.objects.filter(pk=claimed.pk).update(n_attempts=F("n_attempts") + 1)
    with transaction.atomic():
        run = _waiting().select_related("exam", "model").filter(pk=claimed.pk).first()
        if run is not None:  # otherwise another worker took it between the two transactions
            _finish(run, _outcome(run), taxonomy, now)
    return True


def _waiting() -> QuerySet[SuggestionRun]:
    """Return the due runs that no worker has locked. Evaluating the query locks its rows."""
    unlocked = SuggestionRun.objects.select_for_update(of=("self",), skip_locked=True)
    return unlocked.due().filter(model__name=criteria.NAME)


def _outcome(run: SuggestionRun) -> _Outcome:
    if run.n_attempts > MAX_ATTEMPTS:
        return _Outcome({}, (), (), SuggestionFailure.GIVEN_UP)
    return _examine(run.exam, criteria.QtFormula(run.model.qt_correction or "fridericia"))


def _examine(exam: Exam, formula: criteria.QtFormula) -> _Outcome:
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
        # The numerical code cannot handle this signal. Only this exam goes without suggestions.
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
