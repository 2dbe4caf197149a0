"""Digests of what a reader submits: their answers, the assignment, and the ECG."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from annotations.models import Finding, Reading, Tracing
from ecgreview import hash_chain

# Version of the digests. Version 1 identified the assignment by its id only.
VERSION = 2


def submission(reading: Reading) -> dict[str, Any]:
    """Return the content of the submission event of ``reading``, loaded by ``with_content``."""
    return {
        "assignment": reading.assignment_id,
        "stage": reading.stage,
        "version": VERSION,
        **digests(reading),
    }


def digests(reading: Reading) -> dict[str, str]:
    """Return the digests of a reading's parts, and ``digest``, the one of all parts together.

    Each covers the random key of the submission, so that nobody can find out the content by trying
    likely answers.
    """
    key = reading.idempotency_key
    parts = {
        "content": hash_chain.content_digest(reading_content(reading)),
        "given": hash_chain.content_digest({"key": key, **assignment_content(reading)}),
        "exam": hash_chain.content_digest({"key": key, **exam(reading)}),
    }
    return {**parts, "digest": hash_chain.content_digest({"version": VERSION, **parts})}


def reading_digest(reading: Reading) -> str:
    """Load the stored ``reading`` and return the digest of it, its assignment and its exam."""
    stored = with_content(Reading.objects.filter(pk=reading.pk))
    return digests(stored.get())["digest"]


def of(reading: Reading) -> dict[str, Any]:
    """Load the stored ``reading`` and return the content of its submission event."""
    return submission(with_content(Reading.objects.filter(pk=reading.pk)).get())


def assignment_content(reading: Reading) -> dict[str, Any]:
    """Return the assignment that was read: id, study, batch, exam, reader, occurrence and arm."""
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
    """Return the exam that was read, with the hash of the samples of each tracing, in order."""
    row = reading.assignment.exam
    return {
        "code": row.code,
        "age_years": row.age_years,
        "sex": row.sex,
        "tracings": getattr(reading, "tracing_hashes"),  # noqa: B009 - an annotation
    }


def with_content(readings: QuerySet[Reading]) -> QuerySet[Reading]:
    """Load everything the digests cover. For tracings, that is the hashes, not the samples."""
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
    """Return everything that was submitted with ``reading``, for its digest.

    Columns added by migrations 0013 and 0016 are left out when empty, so that digests of older
    readings remain valid. Apart from confirmations, which are submitted later, nothing can be added
    to a reading or removed from it without changing its digest.

    Args:
        reading: loaded by ``with_content`` after it was stored, because JSON changes slightly on
            its way into the database.
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
    """Return class code and certainty, followed by marks and measured values if there are any."""
    marks = {"localisations": finding.localisations, "measurements": finding.measurements}
    given_marks = {name: value for name, value in marks.items() if value}
    return [
        finding.diagnostic_class.code,
        finding.certainty,
        *([given_marks] if given_marks else []),
    ]
