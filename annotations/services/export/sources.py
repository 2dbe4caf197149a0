"""The rows that export tables are made of: exportable batches and their readings in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import TypeAlias

from django.db.models import Prefetch

from annotations.models import Batch, Finding, NotAssessable, Reading, Study, StudyReader
from annotations.models.batch import BatchQuerySet
from annotations.models.reading import ReadingQuerySet
from annotations.services.blinding import reader_names

Cell: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[Cell, ...]

ROWS_AT_ONCE = 500

ASSIGNMENT_COLUMNS = (
    *("exam", "batch", "purpose", "reader", "reader_status", "stage", "occurrence", "arm"),
    "reader_kind",
)
READING_COLUMNS = (
    "protocol_version",
    "taxonomy",
    "submitted_at",
    "active_ms",
    "idle_ms",
    "outcome",
)


class Source:
    """The exportable readings of ``study`` and their readers."""

    def __init__(self, study: Study) -> None:
        self.study = study
        lines = StudyReader.objects.filter(study=study)
        self._statuses: dict[int, str] = dict(lines.values_list("user", "status"))
        self._kinds: dict[int, str] = dict(lines.values_list("user", "user__kind"))

    def effective(self) -> Iterator[Reading]:
        """Yield the effective readings, sorted by exam and then by submission."""
        return _in_order(_of(self.study).effective())

    def all(self) -> Iterator[Reading]:
        """Yield all readings, including superseded ones."""
        return _in_order(_of(self.study))

    def assignment_cells(self, reading: Reading) -> Row:
        assignment = reading.assignment
        return (
            assignment.exam.code,
            assignment.batch.name,
            assignment.batch.purpose,
            reader_names.pseudonym(self.study, reading.reader_id),
            self._statuses.get(reading.reader_id, ""),
            reading.stage,
            assignment.occurrence,
            assignment.arm,
            self._kinds.get(reading.reader_id, ""),
        )


def reading_cells(reading: Reading) -> Row:
    return (
        reading.protocol_version,
        str(reading.taxonomy),
        reading.submitted_at.astimezone(UTC).isoformat(timespec="seconds"),
        reading.active_ms,
        reading.idle_ms,
        reading.outcome,
    )


def opened(study: Study) -> BatchQuerySet:
    """Return the exportable batches: closed data batches whose results are open."""
    return Batch.objects.filter(study=study).closed().with_open_results().of_data()


def _of(study: Study) -> ReadingQuerySet:
    return Reading.objects.without_gold().filter(assignment__batch__in=opened(study))


def _in_order(readings: ReadingQuerySet) -> Iterator[Reading]:
    findings = Finding.objects.select_related("diagnostic_class").order_by(
        "diagnostic_class__position"
    )
    not_assessable = NotAssessable.objects.select_related("diagnostic_class").order_by(
        "diagnostic_class__position"
    )
    complete = readings.select_related(
        "assignment__batch", "assignment__exam", "taxonomy", "supersedes"
    ).prefetch_related(
        Prefetch("findings", queryset=findings),
        Prefetch("not_assessable", queryset=not_assessable),
        "decisions__diagnostic_class",
    )
    ordered = complete.order_by("assignment__exam__code", "submitted_at", "pk")
    return ordered.iterator(chunk_size=ROWS_AT_ONCE)
