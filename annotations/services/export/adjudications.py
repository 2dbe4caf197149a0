"""The export table of adjudications."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from annotations.models import Adjudication, Study
from annotations.services.blinding.reader_names import pseudonym
from annotations.services.export.sources import ROWS_AT_ONCE, Row, opened


def adjudications(study: Study) -> Iterator[Row]:
    """Yield one row per class that an adjudicator or an extra reader decided, at every stage.

    An exam that was called unreadable has one row without a class. Comments are left out, because
    free text may identify a person; reasons are part of the record and are exported.
    """
    yield (
        *("exam", "batch", "purpose", "adjudicator", "mode", "stage", "submitted_at", "active_ms"),
        *("is_unreadable", "class", "answer", "overrules", "reason"),
        *("better_report", "would_change_conduct", "error_types"),
    )
    rows = Adjudication.objects.with_decisions().filter(assignment__batch__in=opened(study))
    related = rows.select_related("assignment__exam", "assignment__batch")
    ordered = related.order_by("assignment__exam__code", "submitted_at", "pk")
    for row in ordered.iterator(chunk_size=ROWS_AT_ONCE):
        head = (
            row.assignment.exam.code,
            row.assignment.batch.name,
            row.assignment.batch.purpose,
            pseudonym(study, row.adjudicator_id),
            row.mode,
            row.stage,
            row.submitted_at.astimezone(UTC).isoformat(timespec="seconds"),
            row.active_ms,
            int(row.is_unreadable),
        )
        conduct = row.would_change_conduct
        form = (
            row.better_report,
            "" if conduct is None else int(conduct),
            ";".join(row.error_types),
        )
        decisions = [
            (item.diagnostic_class.code, item.answer, int(item.overrules), item.reason)
            for item in row.decisions.all()
        ]
        for decision in decisions or [("", "", 0, "")]:
            yield (*head, *decision, *form)
