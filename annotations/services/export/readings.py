"""The export tables of readings, shown suggestions, localizations and measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from django.db.models import Count, Prefetch, Sum
from django.db.models.functions import Coalesce

from annotations.models import Decision, Exposure, Occurrence, Reading, Study, Suggestion
from annotations.services.blinding.reader_names import pseudonym
from annotations.services.export.sources import (
    ASSIGNMENT_COLUMNS,
    READING_COLUMNS,
    ROWS_AT_ONCE,
    Row,
    Source,
    opened,
    reading_cells,
)
from ecgreview import hash_chain

# First columns of each mark: the finding it belongs to, and its tracing.
PLACE = ("exam", "batch", "reader", "stage", "occurrence", "class", "tracing")

UNITS = {"interval": "ms", "amplitude": "mV"}


def readings(study: Study) -> Iterator[Row]:
    """Yield one row per reading, including superseded ones.

    Comments are left out, because free text may identify a person.
    """
    yield (
        *(
            "reading",
            "supersedes",
            "stands",
            *ASSIGNMENT_COLUMNS,
            *READING_COLUMNS,
            "quality",
            "problems",
        ),
        *("labels", "not_assessable", "reason", "decisions", "confirmed", "tools", "display"),
    )
    source = Source(study)
    superseded = _superseded(study)
    for reading in source.all():
        earlier = reading.supersedes
        yield (
            str(reading.idempotency_key),
            str(earlier.idempotency_key) if earlier else "",
            int(reading.pk not in superseded),
            *source.assignment_cells(reading),
            *reading_cells(reading),
            reading.quality,
            ";".join(_problem(item) for item in reading.problems),
            ";".join(item.diagnostic_class.code for item in reading.findings.all()),
            ";".join(item.diagnostic_class.code for item in reading.not_assessable.all()),
            reading.reason,
            ";".join(
                f"{item.diagnostic_class.code}:{item.verdict}" for item in _decisions(reading)
            ),
            ";".join(sorted(item.diagnostic_class.code for item in reading.confirmations.all())),
            ";".join(f"{name}:{n}" for name, n in sorted(reading.tools.items())),
            hash_chain.canonical_json(reading.display),
        )


def exposures(study: Study) -> Iterator[Row]:
    """Yield one row per suggestion run that a reader was shown: its classes, when, and how long."""
    yield (
        *("exam", "batch", "reader", "occurrence", "arm", "model", "version", "first_shown_at"),
        *("n_viewings", "shown_ms", "suggested"),
    )
    of_open = Exposure.objects.filter(assignment__batch__in=opened(study)).exclude(
        assignment__occurrence=Occurrence.GOLD
    )
    rows = of_open.select_related("assignment__exam", "assignment__batch", "run__model").annotate(
        n_viewings=Count("viewings"), shown_ms=Coalesce(Sum("viewings__shown_ms"), 0)
    )
    ordered = rows.order_by("assignment__exam__code", "first_shown_at", "pk")
    suggestions = Suggestion.objects.select_related("diagnostic_class").order_by(
        "diagnostic_class__position", "pk"
    )
    complete = ordered.prefetch_related(Prefetch("run__suggestions", queryset=suggestions))
    for exposure in complete.iterator(chunk_size=ROWS_AT_ONCE):
        assignment, annotated = exposure.assignment, vars(exposure)
        yield (
            assignment.exam.code,
            assignment.batch.name,
            pseudonym(study, assignment.reader_id),
            assignment.occurrence,
            exposure.arm,
            exposure.run.model.name,
            exposure.run.model.version,
            exposure.first_shown_at.astimezone(UTC).isoformat(timespec="seconds"),
            annotated["n_viewings"],
            annotated["shown_ms"],
            ";".join(x.diagnostic_class.code for x in exposure.run.suggestions.all()),
        )


def localisations(study: Study) -> Iterator[Row]:
    """Yield one row per area that an effective reading marks for a finding."""
    yield (*PLACE, "leads", "from_s", "to_s")
    for place, mark in _marks(study, "localisations"):
        yield (*place, " ".join(mark["leads"]), mark["from_s"], mark["to_s"])


def measurements(study: Study) -> Iterator[Row]:
    """Yield one row per measurement of a finding in an effective reading."""
    yield (*PLACE, "lead", "kind", "from_s", "to_s", "value", "unit", "n_cycles")
    for place, mark in _marks(study, "measurements"):
        yield (
            *place,
            mark["lead"],
            mark["kind"],
            mark["from_s"],
            mark["to_s"],
            mark["value"],
            UNITS[mark["kind"]],
            mark.get("n_cycles"),
        )


def _marks(study: Study, name: str) -> Iterator[tuple[Row, Mapping[str, Any]]]:
    source = Source(study)
    for reading in source.effective():
        exam, batch, _, reader, _, stage, occurrence, *_ = source.assignment_cells(reading)
        for finding in reading.findings.all():
            head = (exam, batch, reader, stage, occurrence, finding.diagnostic_class.code)
            marks: Iterable[Mapping[str, Any]] = getattr(finding, name)
            for mark in marks:
                yield (*head, mark["tracing"]), mark


def _decisions(reading: Reading) -> list[Decision]:
    return sorted(reading.decisions.all(), key=lambda decision: decision.diagnostic_class.position)


def _problem(mark: Mapping[str, Any]) -> str:
    """Return a signal problem as text, with its leads if any: ``noise:V1 V2``."""
    return f"{mark['kind']}:{' '.join(mark['leads'])}" if mark["leads"] else str(mark["kind"])


def _superseded(study: Study) -> set[int]:
    later = Reading.objects.filter(assignment__batch__study=study, supersedes__isnull=False)
    return {pk for pk in later.values_list("supersedes", flat=True) if pk is not None}
