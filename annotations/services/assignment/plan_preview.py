"""Previews of plans, for which nothing is stored, and balance reports of planned batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from annotations.models import Assignment, Batch, Study, StudyReader, User
from annotations.services.assignment import past_assignments, plans
from annotations.services.studies import strata
from ecgreview import design
from ecgreview.design import DesignRefused

# Assumed prevalences of classes, from common to rare. The prediction uses them in addition to the
# shares of exams for which the model suggests each class.
PREVALENCES = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005)


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """How evenly the exams of a batch are distributed over its readers.

    Attributes:
        own: of the batch alone.
        whole: together with earlier data batches.
        order: correlations that show whether the orders of its readers follow a pattern.
    """

    own: design.Balance
    whole: design.Balance
    order: design.OrderStatistics


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """The result of planning the whole pool at once.

    Attributes:
        n_exams, n_anchors: in the pool.
        readers: the readers of the plan, in the order of ``prediction.readings_per_reader``.
        report: None if the pool or the list of readers is empty, or if the design was refused.
        refusal: why the design was refused, or None.
        prediction: None if the settings of the study contradict each other.
        by_class: predictions for the classes that the model suggests; empty if there are too few
            suggestions, or if the user must not see them.
    """

    n_exams: int
    n_anchors: int
    readers: list[User]
    report: BalanceReport | None
    refusal: DesignRefused | None
    prediction: design.Prediction | None
    by_class: dict[str, design.Precision]


def balance_report(batch: Batch) -> BalanceReport:
    """Return how evenly ``batch`` is distributed, alone and together with earlier data batches."""
    before = Q(batch__study=batch.study, batch__purpose=past_assignments.DATA, batch__lt=batch.pk)
    own = past_assignments.readings(Assignment.objects.filter(batch=batch))
    past = past_assignments.readings(
        Assignment.objects.filter(before).filter(past_assignments.yields_a_reading())
    )
    readers = np.unique(own.readers)
    return BalanceReport(
        own=design.balance(own),
        whole=design.balance(past.joined(past_assignments.after(past, own)), readers=readers),
        order=design.order_statistics(own),
    )


def preview(study: Study, *, is_blind: bool) -> PlanPreview:
    """Compute a plan of the whole pool without storing anything.

    Args:
        study: in any phase.
        is_blind: the user reads in the study, so do not reveal what the exams show.
    """
    pool = list(study.pool.order_by("exam").values_list("exam_id", "is_anchor"))
    readers = plans.readers_of(study)
    report: BalanceReport | None = None
    refusal: DesignRefused | None = None
    try:
        if pool and readers:
            report = _trial(study, [pk for pk, _ in pool], readers)
    except DesignRefused as refused:
        refusal = refused
    n_anchors = sum(is_anchor for _, is_anchor in pool)
    shares = {} if is_blind else strata.suggested_shares(study)
    prediction = _prediction(study, len(pool), n_anchors, readers, shares)
    return PlanPreview(
        n_exams=len(pool),
        n_anchors=n_anchors,
        readers=[line.user for line in readers],
        report=report,
        refusal=refusal,
        prediction=prediction,
        by_class={
            code: precision
            for code, precision in (prediction.classes if prediction else {}).items()
            if code in shares
        },
    )


def _trial(study: Study, exams: Sequence[int], readers: Sequence[StudyReader]) -> BalanceReport:
    generated = design.generate(
        plans.request(study, exams, readers, past_assignments.of_study(study))
    )
    balance = design.balance(generated.readings, readers=[line.user_id for line in readers])
    return BalanceReport(balance, balance, design.order_statistics(generated.readings))


def _prediction(
    study: Study,
    n_exams: int,
    n_anchors: int,
    readers: Sequence[StudyReader],
    shares: dict[str, float],
) -> design.Prediction | None:
    assumed = {str(share): share for share in PREVALENCES}
    try:
        return design.predict(
            n_exams=n_exams,
            n_readers=len(readers),
            readers_per_exam=study.readers_per_exam,
            prevalences={**assumed, **shares},
            n_anchors=n_anchors,
            repeat_fraction=study.repeat_fraction,
            caps=[design.NO_CAP if line.max_exams is None else line.max_exams for line in readers],
        )
    except design.BadDesign:
        return None
