"""Suggestions: what the criteria model makes of an exam, computed when the row says it is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotations.models import (
    Arm,
    Assignment,
    AssignmentState,
    Batch,
    Exam,
    Exposure,
    QtCorrection,
    Slot,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
    Taxonomy,
    Viewing,
)
from annotations.services import audit
from annotations.services.counts import runs as counts_runs
from annotations.services.reading.signing import KeyReused
from ecgreview import criteria, measure
from ecgreview.ecg import wire

ROWS_AT_ONCE = 2000
MAX_ATTEMPTS = 3
"""An exam that so many workers did not survive is given up."""


class Offer(StrEnum):
    """What a desk may do about a model's word on an exam; opening the exam never shows it."""

    NONE = "none"
    OFFERED = "offered"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What was measured and proposed, or why that failed."""

    measurements: dict[str, Any]
    verdicts: tuple[criteria.Verdict, ...]
    proposals: tuple[criteria.Proposal, ...]
    failure: str = ""
    tracing: int = 1


@transaction.atomic
def request(
    *, exams: Iterable[Exam], now: datetime, qt_correction: str = QtCorrection.BAZETT
) -> None:
    """Note that the criteria model is to look at ``exams``; where it has, nothing changes."""
    formula = criteria.QtFormula(qt_correction)
    model, _ = SuggestionModel.objects.get_or_create(
        name=criteria.NAME,
        version=criteria.version_of(formula),
        defaults={
            "covered_classes": list(criteria.COVERED),
            "qt_correction": formula,
            "created_at": now,
        },
    )
    SuggestionRun.objects.bulk_create(
        (SuggestionRun(exam=exam, model=model, requested_at=now) for exam in exams),
        batch_size=ROWS_AT_ONCE,
        ignore_conflicts=True,
    )


def request_of(batch: Batch, *, now: datetime) -> None:
    """Have the model look again at exams of ``batch`` that it saw otherwise than its protocol asks.

    That is with another correction of QT, or in an older version.
    """
    version = criteria.version_of(criteria.QtFormula(batch.qt_correction))
    runs = SuggestionRun.objects.filter(exam=OuterRef("pk"), model__name=criteria.NAME)
    assigned = Assignment.objects.filter(batch=batch).values("exam")
    pooled = Slot.objects.filter(batch=batch).values("exam")
    outdated = Exam.objects.filter(
        Q(pk__in=assigned) | Q(pk__in=pooled),
        Exists(runs),
        ~Exists(runs.filter(model__version=version)),
    )
    if found := list(outdated):
        request(exams=found, now=now, qt_correction=batch.qt_correction)


@transaction.atomic
def show(*, assignment: Assignment, now: datetime) -> SuggestionRun:
    """Return what a model suggests about the exam, and note that its reader was shown it.

    Raises:
        SuggestionRun.DoesNotExist: there is nothing, or its arm does not show it, or not yet.
    """
    # A correction that is under way comes first: once something is shown, the reading is final.
    Assignment.objects.select_for_update(of=("self",), no_key=True).get(pk=assignment.pk)
    if not is_shown(assignment):
        raise SuggestionRun.DoesNotExist
    run = _visible(assignment).select_related("model").latest("requested_at", "pk")
    _, is_new = Exposure.objects.get_or_create(
        assignment=assignment, run=run, defaults={"arm": assignment.arm, "first_shown_at": now}
    )
    if is_new:
        audit.record(
            actor=assignment.reader, action=audit.Action.SUGGESTION_SHOWN,
            study=assignment.batch.study, target=assignment,
            after={"model": str(run.model), "arm": assignment.arm, "state": assignment.state},
            now=now,
        )  # fmt: skip
    return run


@transaction.atomic
def view(*, assignment: Assignment, key: UUID, shown_ms: int, now: datetime) -> Viewing:
    """Note that what was shown last lay before its reader's eyes for ``shown_ms``.

    A stretch sent again with its key, after a lost answer, counts once.

    Raises:
        Exposure.DoesNotExist: nothing was shown.
        KeyReused: the key is that of another stretch.
    """
    exposure = Exposure.objects.filter(assignment=assignment).latest("first_shown_at", "pk")
    viewing = Viewing(exposure=exposure, key=key, shown_ms=shown_ms, told_at=now)
    try:
        with transaction.atomic():
            viewing.save(force_insert=True)
    except IntegrityError as error:
        earlier = Viewing.objects.filter(key=key, exposure=exposure, shown_ms=shown_ms).first()
        if earlier is None:
            raise KeyReused(key) from error
        return earlier
    return viewing


def is_shown(assignment: Assignment) -> bool:
    """Tell whether the arm of ``assignment`` shows its reader a model's word now."""
    is_read = assignment.state == AssignmentState.READ
    return assignment.arm == Arm.CONCURRENT or (assignment.arm == Arm.AFTER_COMMIT and is_read)


def offer(assignment: Assignment) -> Offer:
    """Tell what is to be seen with ``assignment``, without showing it: showing makes it final."""
    if not is_shown(assignment):
        return Offer.NONE
    if assignment.arm == Arm.CONCURRENT or assignment.exposures.exists():
        return Offer.SHOWN
    return Offer.OFFERED if _visible(assignment).exists() else Offer.NONE


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


def _visible(assignment: Assignment) -> QuerySet[SuggestionRun]:
    """Return what may be shown with ``assignment``, by the model its protocol asks for."""
    models = SuggestionModel.objects.under(assignment.batch.qt_correction)
    visible = SuggestionRun.objects.visible_to(assignment.reader)
    return visible.filter(exam=assignment.exam_id, model__in=models)


def _waiting() -> QuerySet[SuggestionRun]:
    """Return the runs that are due and in no worker's hands; whoever reads one locks it."""
    unlocked = SuggestionRun.objects.select_for_update(of=("self",), skip_locked=True)
    return unlocked.due().filter(model__name=criteria.NAME)


def _outcome(run: SuggestionRun) -> _Outcome:
    if run.n_attempts > MAX_ATTEMPTS:
        return _Outcome({}, (), (), f"Given up: {MAX_ATTEMPTS} times it did not come to an end.")
    return _look_at(run.exam, criteria.QtFormula(run.model.qt_correction or "fridericia"))


def _look_at(exam: Exam, formula: criteria.QtFormula) -> _Outcome:
    """Measure the first tracing of ``exam`` and apply the criteria to it."""
    tracing = exam.tracings.order_by("position").first()
    if tracing is None:
        return _Outcome({}, (), (), "The exam has no tracing.")
    try:
        measured = measure.measure(wire.unpack(bytes(tracing.packed)))
        verdicts = criteria.examine(
            measured, age_years=exam.age_years, sex=exam.sex, qt_formula=formula
        )
        proposals = criteria.propose(verdicts, measured)
    except (ValueError, ArithmeticError, LookupError) as error:
        # Numerical code that meets a signal nobody thought of: this exam goes without, others not.
        return _Outcome({}, (), (), f"{type(error).__name__}: {error}")
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
        run.failure = f"The taxonomy has no class {', '.join(unnamed)}."
    run.finished_at = now
    run.save(update_fields=["measurements", "verdicts", "failure", "finished_at"])
    if not run.failure:
        counts_runs.note_suggestions(run.exam_id, now=now)
