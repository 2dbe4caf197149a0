"""What adjudicators are asked about each exam of a batch, frozen when the batch is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from annotations.models import (
    AdjudicationCase,
    Batch,
    ClassState,
    Consensus,
    Exam,
    OpenReason,
    Purpose,
    Reading,
    Study,
)
from annotations.services.reading import votes
from ecgreview.design import chance


def freeze(batch: Batch, exams: Sequence[Exam]) -> None:
    """Store what is asked about each of ``exams``, by the consensus of the study as it is now.

    A reading is shown if it votes, with one letter per reader. For extra readers, only what is
    asked is stored, so that nothing else can be shown to them.
    """
    study = batch.study
    ids = [exam.pk for exam in exams]
    codes = list(study.taxonomy.classes.order_by("position").values_list("code", flat=True))
    readings = {} if batch.is_extra else _voting(study, ids)
    rows = Consensus.objects.filter(study=study, exam__in=ids).prefetch_related(
        "labels__diagnostic_class"
    )
    AdjudicationCase.objects.bulk_create(
        AdjudicationCase(
            batch=batch,
            exam_id=row.exam_id,
            asked=_asked(row, codes),
            asks_readability=row.reason == OpenReason.READABILITY_DISPUTED,
            agreed=[] if batch.is_extra else _agreed(row, codes),
            readings=readings.get(row.exam_id, []),
        )
        for row in rows
    )


def _asked(row: Consensus, codes: Sequence[str]) -> list[str]:
    """Return the classes in dispute: those that a reader marked, and what these imply."""
    marked = {label.diagnostic_class.code for label in row.labels.all()} | row.class_states.keys()
    return [code for code in codes if code in marked and row.state(code) == ClassState.UNDECIDED]


def _agreed(row: Consensus, codes: Sequence[str]) -> list[str]:
    return [code for code in codes if row.state(code) == ClassState.PRESENT]


def _voting(study: Study, exam_ids: Sequence[int]) -> Mapping[int, list[int]]:
    """Return for each exam the ids of the readers' votes, in an order drawn with the seed."""
    readings = (
        Reading.objects.counted()
        .of_people()
        .filter(assignment__batch__study=study, assignment__batch__closed_at__isnull=False)
        .filter(assignment__exam__in=exam_ids)
        .exclude(assignment__batch__purpose=Purpose.ADJUDICATION)
    )
    rows = readings.select_related("assignment").in_turn()
    counting = votes.counted(votes.translated(study, rows))
    return {
        exam_id: [
            vote.reading_id
            for vote in sorted(of_exam, key=lambda vote: _draw(study.seed, exam_id, vote.reader_id))
        ]
        for exam_id, of_exam in counting.items()
    }


def _draw(seed: str, exam_id: int, reader_id: int) -> bytes:
    return chance.digest(seed, f"letter:{exam_id}:{reader_id}")
