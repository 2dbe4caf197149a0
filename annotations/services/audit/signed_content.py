"""What a reader signs, as digests: what they said, what they were given, and which ECG it was."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from annotations.models import Finding, Reading, Tracing
from ecgreview import hash_chain

VERSION = 2
"""Of the digests: version 1 knew the assignment by its number alone."""


def submission(reading: Reading) -> dict[str, Any]:
    """Return what the event of its submission holds of ``reading``, which came ``with_content``."""
    return {
        "assignment": reading.assignment_id,
        "stage": reading.stage,
        "version": VERSION,
        **digests(reading),
    }


def digests(reading: Reading) -> dict[str, str]:
    """Return the digests of a reading: of each part, and of all as ``digest``.

    The random key of the submission is in each of them, so that nobody finds what they stand for
    by trying.
    """
    key = reading.idempotency_key
    parts = {
        "content": hash_chain.content_digest(reading_content(reading)),
        "given": hash_chain.content_digest({"key": key, **given(reading)}),
        "exam": hash_chain.content_digest({"key": key, **exam(reading)}),
    }
    return {**parts, "digest": hash_chain.content_digest({"version": VERSION, **parts})}


def reading_digest(reading: Reading) -> str:
    """Return the SHA-256 of all that the stored row of ``reading`` says, and of what it is of."""
    stored = with_content(Reading.objects.filter(pk=reading.pk))
    return digests(stored.get())["digest"]


def of(reading: Reading) -> dict[str, Any]:
    """Return what the event of its submission holds of ``reading``, as it is stored."""
    return submission(with_content(Reading.objects.filter(pk=reading.pk)).get())


def given(reading: Reading) -> dict[str, Any]:
    """Return what made the exam the reader's to read: who, which exam, in what batch and arm."""
    assignment = reading.assignment
    return {
        "assignment": assignment.pk,
        "study": assignment.batch.study_id,
        "batch": assignment.batch_id,
        "exam": assignment.exam.code,
        "reader": assignment.reader_id,
        "occurrence": assignment.occurrence,
        "arm": assignment.arm,
    }


def exam(reading: Reading) -> dict[str, Any]:
    """Return which ECG was read: its tracings by the hashes of their samples, in order."""
    seen = reading.assignment.exam
    return {
        "code": seen.code,
        "age_years": seen.age_years,
        "sex": seen.sex,
        "tracings": getattr(reading, "tracing_hashes"),  # noqa: B009 - an annotation
    }


def with_content(readings: QuerySet[Reading]) -> QuerySet[Reading]:
    """Fetch along what the digests look at; of tracings their hashes, never their samples."""
    tracings = Tracing.objects.filter(exam=OuterRef("assignment__exam")).order_by("position")
    rows = readings.select_related(
        "taxonomy", "supersedes", "assignment__batch", "assignment__exam"
    ).annotate(tracing_hashes=ArraySubquery(tracings.values("content_hash")))
    return rows.prefetch_related(
        "findings__diagnostic_class",
        "not_assessable__diagnostic_class",
        "decisions__diagnostic_class",
    )


def reading_content(reading: Reading) -> dict[str, Any]:
    """Return every column of ``reading`` that is no number of a row, for its digest.

    What came with version 14 of the tables is left out where it says nothing: so the digests of
    older readings hold, and nothing can be added to a reading or taken from it unnoticed.

    Args:
        reading: as stored, for JSON changes a little on its way into the database; it came
            ``with_content``.
    """
    later = {
        "outcome": "" if reading.is_answered else reading.outcome,
        "supersedes": reading.supersedes and reading.supersedes.idempotency_key,
        "problems": reading.problems,
        "not_assessable": sorted(
            item.diagnostic_class.code for item in reading.not_assessable.all()
        ),
        "n_not_assessable": reading.n_not_assessable,
        "reason": reading.reason,
        "decisions": sorted(
            [item.diagnostic_class.code, item.run_id, item.verdict]
            for item in reading.decisions.all()
        ),
        "n_decisions": reading.n_decisions,
        "idle_ms": reading.idle_ms,
        "tools": reading.tools,
    }
    return {
        **{name: value for name, value in later.items() if value},
        "assignment": reading.assignment_id,
        "reader": reading.reader_id,
        "protocol_version": reading.protocol_version,
        "stage": reading.stage,
        "taxonomy": [reading.taxonomy.name, reading.taxonomy.version],
        "quality": reading.quality,
        "comment": reading.comment,
        "findings": sorted(_finding(finding) for finding in reading.findings.all()),
        "n_findings": reading.n_findings,
        "submitted_at": reading.submitted_at,
        "key": reading.idempotency_key,
        "active_ms": reading.active_ms,
        "display": reading.display,
    }


def _finding(finding: Finding) -> list[Any]:
    """Return class and certainty, and what shows the class where anything is said to."""
    marks = {"localisations": finding.localisations, "measurements": finding.measurements}
    said = {name: value for name, value in marks.items() if value}
    return [finding.diagnostic_class.code, finding.certainty, *([said] if said else [])]
