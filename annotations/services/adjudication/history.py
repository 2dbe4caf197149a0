"""What adjudicators decided, for people who may see the consensus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from annotations import row_security
from annotations.models import Adjudication, Study


def of_exams(study: Study, exam_ids: Collection[int]) -> Mapping[int, list[Adjudication]]:
    """Return the adjudications of exams in closed batches of ``study``, in order, by exam id.

    The caller must check that the user may see the consensus of these exams.
    """
    by_exam: dict[int, list[Adjudication]] = defaultdict(list)
    with row_security.as_owner():
        rows = (
            Adjudication.objects.with_decisions()
            .filter(
                assignment__batch__study=study,
                assignment__batch__closed_at__isnull=False,
                assignment__exam__in=exam_ids,
            )
            .select_related("assignment")
            .order_by("submitted_at", "pk")
        )
        for row in rows:
            by_exam[row.assignment.exam_id].append(row)
    return by_exam
