"""What a second look at the labels should start with: disputes, conflicts, a random slice.

``queue`` stores it together with the consensus, so that a page reads only the rows it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from annotations.models import (
    Assignment,
    AssignmentState,
    CaseKind,
    Consensus,
    ConsensusLabel,
    Exam,
    Outcome,
    Purpose,
    QueuedCase,
    Slot,
    Study,
    Tracing,
)
from annotations.services.consensus import labels, queue, queue_upgrade

ROWS_AT_ONCE = 2000


class Order(StrEnum):
    """Which exams come first."""

    ERRORS = "errors"
    CLASSES = "classes"


# Indexes of the consensus have these columns.
KEYS_OF_ORDER: Mapping[Order, Mapping[str, type]] = {
    Order.ERRORS: {"-expected_errors": float, "exam_id": int},
    Order.CLASSES: {"-n_disputed": int, "exam_id": int},
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which exams of the queue to list.

    Attributes:
        kind: why; None: for any reason but the random slice.
        code: only exams that are listed for this class; empty: for any.
        batch: only exams of this batch, by id.
        dataset: only exams of this data set, by id.
        is_sent: whether the exam was assigned to an adjudicator; None: either.
        share: size of the random slice, 0 to 1, if ``kind`` is ``CaseKind.SAMPLE``.
        order: which exams come first.
    """

    kind: CaseKind | None = None
    code: str = ""
    batch: int | None = None
    dataset: int | None = None
    is_sent: bool | None = None
    share: float = 0.05
    order: Order = Order.ERRORS


@dataclass(frozen=True, slots=True)
class Case:
    """A class of an exam that deserves a second look.

    Attributes:
        exam: code of the exam.
        dataset: name of the data set it was imported to.
        source_key: its name in the source.
        code: code of the class; empty if the exam as a whole is listed: its readability is in
            dispute, or it was drawn at random.
        kind: why it is listed.
        basis: why the class has its state, a value of ``CellBasis``.
        n_marked: number of votes for the class.
        n_votes: number of votes for or against it.
        posterior: P(present | votes), if the rule estimates it.
        n_disputed: number of classes of the exam in dispute.
        expected_errors: expected number of wrong labels among the classes of the exam that a reader
            marked; see ``queue.expected_errors``.
    """

    exam: str
    dataset: str
    source_key: str
    code: str
    kind: CaseKind
    basis: str
    n_marked: int
    n_votes: int
    posterior: float | None
    n_disputed: int
    expected_errors: float


# Names of the columns in CSV and JSON.
COLUMNS = [{"code": "class"}.get(field.name, field.name) for field in fields(Case)]


@transaction.atomic
def of_study(
    study: Study, *, now: datetime, order: Order = Order.ERRORS, sample: float = 0.0
) -> list[Case]:
    """Return the cases of all closed batches of ``study``. Consensus that is due is computed.

    Nobody who reads in the study may see them before it is locked. The caller must check that.

    Exams are ordered by their expected errors or by their number of disputed classes, highest
    first, then by their order of import.

    Args:
        study: the study.
        now: the time of a consensus that has to be computed.
        order: which exams come first.
        sample: share of the exams with unanimous readers to draw at random, 0 to 1. About one wrong
            label in six is unanimous, so no dispute leads to it. The draw depends on the study's
            seed: the same exams are drawn again, and a larger share contains a smaller one.
    """
    if study.batches.filter(consensus_is_due=True).exists():
        labels.compute(study=study, now=now)
    elif study.consensus.filter(n_cases=None).exists():
        queue_upgrade.fill(study)
    rows = Consensus.objects.filter(study=study).filter(Q(n_cases__gt=0) | _is_drawn(sample))
    return list(cases(rows.order_by(*KEYS_OF_ORDER[order]), sample))


def select(rows: QuerySet[Consensus], study: Study, selection: Selection) -> QuerySet[Consensus]:
    """Return those of ``rows``, the consensus of ``study`` that a user may see, to list; unsorted.

    PostgreSQL can sort them by an index (``KEYS_OF_ORDER``), so a page costs the same in studies
    of any size.
    """
    if selection.kind == CaseKind.SAMPLE:
        # No class deserves a second look more than another, so ``code`` selects nothing.
        rows = rows.filter(_is_drawn(selection.share))
    else:
        rows = rows.filter(n_cases__gt=0)
        if selection.kind or selection.code:
            rows = rows.filter(Exists(_cases(study, selection)))
    if selection.batch is not None:
        rows = rows.filter(_is_in_batch(selection.batch))
    if selection.dataset is not None:
        rows = rows.filter(exam__dataset=selection.dataset)
    if selection.is_sent is not None:
        rows = rows.filter(is_sent(study) if selection.is_sent else ~is_sent(study))
    return rows


def is_due(study: Study) -> bool:
    """Whether a worker still has to compute the queue of ``study``, or a part of it."""
    batches = study.batches.filter(consensus_is_due=True)
    unplaced = study.consensus.filter(n_cases=None)
    return Study.objects.filter(Exists(batches) | Exists(unplaced), pk=study.pk).exists()


def sent_assignments(study: Study) -> QuerySet[Assignment]:
    """Return the assignments of ``study`` to adjudicators, without withdrawn ones."""
    of_study = Assignment.objects.filter(batch__study=study, batch__purpose=Purpose.ADJUDICATION)
    return of_study.exclude(state=AssignmentState.WITHDRAWN)


def is_sent(study: Study) -> Exists:
    """Return the condition that the exam of a consensus was assigned to an adjudicator."""
    return Exists(sent_assignments(study).filter(exam=OuterRef("exam")))


def sendable(rows: QuerySet[Consensus]) -> QuerySet[Exam]:
    """Return the exams of ``rows`` that adjudicators can read, in their order of import.

    They have tracings, no reading of them is missing, and no extra reader is reading them.
    """
    being_read = Assignment.objects.filter(
        batch__study=OuterRef("study"),
        batch__purpose=Purpose.EXTRA,
        batch__closed_at=None,
        exam=OuterRef("exam"),
    ).exclude(state=AssignmentState.WITHDRAWN)
    complete = (
        rows.exclude(outcome=Outcome.INCOMPLETE)
        .exclude(Exists(being_read))
        .order_by()
        .values("exam")
    )
    return Exam.objects.filter(pk__in=complete).with_tracings().order_by("pk")


def with_details(rows: QuerySet[Consensus]) -> QuerySet[Consensus]:
    """Return ``rows`` with what ``cases_of`` needs, for a constant number of statements."""
    of_exam = ConsensusLabel.objects.select_related("diagnostic_class").order_by(
        "diagnostic_class__position"
    )
    of_queue = QueuedCase.objects.select_related("diagnostic_class").order_by("pk")
    # Not joined: PostgreSQL would join all exams of the study before it sorts them.
    exams = Exam.objects.select_related("dataset").defer("fingerprint", "source_labels")
    exams = exams.annotate(has_tracings=Exists(Tracing.objects.filter(exam=OuterRef("pk"))))
    return rows.prefetch_related(
        Prefetch("exam", exams), Prefetch("labels", of_exam), Prefetch("cases", of_queue)
    )


def cases(rows: QuerySet[Consensus], share: float = 0.0) -> Iterator[Case]:
    """Yield the cases of sorted ``rows``, exam by exam.

    Args:
        rows: from ``select``.
        share: size of the random slice; exams in it have a case of their own.
    """
    for row in with_details(rows).iterator(chunk_size=ROWS_AT_ONCE):
        yield from cases_of(row, share)


def cases_of(row: Consensus, share: float = 0.0) -> list[Case]:
    """Return the cases of ``row``; see ``cases``."""
    of_class = queue.votes_of_labels(row)
    found = [
        (CaseKind(case.kind), case.diagnostic_class.code if case.diagnostic_class else "")
        for case in row.cases.all()
    ]
    if row.outcome == Outcome.AGREEMENT and (row.draw or 0) < share:
        found.append((CaseKind.SAMPLE, ""))
    return [_case(row, kind, code, of_class) for kind, code in found]


def _case(row: Consensus, kind: CaseKind, code: str, of_class: queue.VotesOfClass) -> Case:
    n_marked, n_votes = queue.votes_on(row, code, of_class)
    return Case(
        row.exam.code, row.exam.dataset.name, row.exam.source_key, code, kind,
        row.basis(code) if code else row.rest_basis, n_marked, n_votes,
        row.posteriors.get(code), row.n_disputed or 0, row.expected_errors or 0.0,
    )  # fmt: skip


def _cases(study: Study, selection: Selection) -> QuerySet[QueuedCase]:
    of_row = QueuedCase.objects.filter(study=study, consensus=OuterRef("pk"))
    if selection.kind:
        of_row = of_row.filter(kind=selection.kind)
    if selection.code:
        of_row = of_row.filter(diagnostic_class__code=selection.code)
    return of_row


def _is_drawn(share: float) -> Q:
    return Q(outcome=Outcome.AGREEMENT, draw__lt=share)


def _is_in_batch(batch: int) -> Q:
    assigned = Assignment.objects.filter(batch=batch, exam=OuterRef("exam"))
    pooled = Slot.objects.filter(batch=batch, exam=OuterRef("exam"))
    return Q(Exists(assigned) | Exists(pooled))
