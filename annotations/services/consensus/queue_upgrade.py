"""Place exams in the dispute queue whose consensus was computed before the queue was stored."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from annotations.models import Batch, Consensus, QueuedCase, Study
from annotations.services.consensus import labels, queue
from annotations.services.reading import votes


def fill_next(*, now: datetime) -> bool:  # every step of a task takes ``now``
    """Place the exams of one study in the queue; return False when there is none.

    Consensus that is due is left out, because computing it places its exams. That of locked and
    released studies is never computed again, so it can only get its places here.
    """
    due = Batch.objects.filter(consensus_is_due=True).values("study")
    waiting = Consensus.objects.filter(n_cases=None).exclude(study__in=due)
    study_id = waiting.order_by("study").values_list("study", flat=True).first()
    if study_id is None:
        return False
    fill(Study.objects.get(pk=study_id))
    return True


@transaction.atomic
def fill(study: Study) -> None:
    """Place all exams of ``study`` in the queue, from its readings and stored consensus."""
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    votes_by_exam = votes.counted(votes.translated(study, queue.closed_readings(study).of_people()))
    places = queue.Queue.of(study, votes_by_exam, labels.relations_of(study))
    rows = list(study.consensus.prefetch_related("labels__diagnostic_class"))
    cases = [case for row in rows for case in places.place(row, queue.votes_of_labels(row))]
    Consensus.objects.bulk_update(rows, queue.COLUMNS, batch_size=labels.ROWS_AT_ONCE)
    QueuedCase.objects.filter(study=study).delete()
    QueuedCase.objects.bulk_create(cases, batch_size=labels.ROWS_AT_ONCE)
