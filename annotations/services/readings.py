"""Readings: submitted once, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from annotations.models import Assignment, Batch, DiagnosticClass, Finding, Quality, Reading, User
from annotations.services import assignments, audit, drafts, leases, qualification
from annotations.services.assignments import (
    AlreadySubmitted,
    BatchClosed,
    StudyNotOpen,
    Withdrawn,
)
from annotations.services.drafts import StaleDraft
from ecgreview import row_security

__all__ = [
    "AlreadySubmitted",
    "BatchClosed",
    "ExclusiveClass",
    "FindingIn",
    "InvalidReading",
    "KeyReused",
    "RepeatedClass",
    "StaleDraft",
    "StudyNotOpen",
    "Submission",
    "UnknownClass",
    "UnreadableWithFindings",
    "Withdrawn",
    "submit",
]


class KeyReused(Exception):
    """The idempotency key belongs to a submission that said something else."""


class InvalidReading(ValueError):
    """The findings contradict the taxonomy, the quality or themselves.

    Attributes:
        codes: the classes it is about.
    """

    def __init__(self, codes: Iterable[str]) -> None:
        self.codes = tuple(codes)
        super().__init__(", ".join(self.codes))


class UnknownClass(InvalidReading):
    """The taxonomy of the study has no such class."""


class RepeatedClass(InvalidReading):
    """A class is given more than once."""


class ExclusiveClass(InvalidReading):
    """A class that stands alone is given beside others."""


class UnreadableWithFindings(InvalidReading):
    """An exam that cannot be read has no findings."""


@dataclass(frozen=True, slots=True)
class FindingIn:
    """A class the reader holds to be present, and how surely."""

    code: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Submission:
    """The stored reading, and whether it had been stored by an earlier sending."""

    reading: Reading
    is_repeat: bool


@transaction.atomic
def submit(
    *,
    assignment_id: int,
    reader: User,
    based_on: int,
    findings: Sequence[FindingIn],
    quality: str,
    comment: str,
    idempotency_key: UUID,
    active_ms: int,
    display: dict[str, Any],
    now: datetime,
) -> Submission:
    """Record ``reader``'s blind reading, drop the draft, mark the batch's agreement as due.

    Sending the same again with the same key, after an answer was lost, returns the first reading.

    Args:
        assignment_id: what was read.
        reader: who read it.
        based_on: version of the draft the reader looked at; 0 when there was none.
        findings: the classes held to be present; all others are thereby held to be absent.
        quality: one of ``Quality``.
        comment: free text, shown to nobody while the batch is open.
        idempotency_key: made by the client, once for each reading.
        active_ms: time the reader spent on the exam.
        display: layout, speed, gain and filter it was read with.
        now: time of submission.

    Raises:
        Assignment.DoesNotExist: ``reader`` was not assigned this.
        KeyReused: the key was used for another reading.
        AlreadySubmitted: a reading with another key is stored.
        Withdrawn: the reader has left, or the exam was given to somebody else.
        StudyNotOpen: the study is locked.
        BatchClosed: the batch takes no more readings.
        StaleDraft: another version of the draft is stored.
        InvalidReading: see its subclasses.
    """
    assignment = assignments.lock(assignment_id=assignment_id, reader=reader)
    said = (sorted((f.code, f.certainty) for f in findings), quality, comment)
    if earlier := Reading.objects.filter(idempotency_key=idempotency_key).first():
        return _repeat(earlier, assignment, said)
    assignments.refuse_if_over(assignment)
    draft = drafts.stored_for(assignment)
    drafts.refuse_if_stale(draft, based_on)
    classes = _classes(assignment, findings, quality)
    leases.fill(assignment)
    reading = Reading(
        assignment=assignment,
        reader=reader,
        protocol_version=assignment.batch.protocol_version,
        taxonomy=assignment.batch.taxonomy,
        quality=quality,
        comment=comment,
        n_findings=len(findings),
        submitted_at=now,
        idempotency_key=idempotency_key,
        active_ms=active_ms,
        display=display,
    )
    _insert(reading, [(classes[f.code], f.certainty) for f in findings])
    if draft:
        draft.delete()
    audit.record(
        actor=reader, action=audit.Action.READING_SUBMITTED, study=assignment.batch.study,
        target=reading, after={"assignment": assignment.pk, "stage": reading.stage,
                               "digest": audit.reading_digest(reading)}, now=now,
    )  # fmt: skip
    qualification.settle(assignment, now=now)
    _mark_due(assignment.batch)
    return Submission(reading, is_repeat=False)


def _repeat(
    earlier: Reading, assignment: Assignment, said: tuple[list[tuple[str, str]], str, str]
) -> Submission:
    stored = earlier.findings.values_list("diagnostic_class__code", "certainty")
    if earlier.assignment_id != assignment.pk:
        raise KeyReused(earlier.idempotency_key)
    if (sorted(stored), earlier.quality, earlier.comment) != said:
        raise KeyReused(earlier.idempotency_key)
    return Submission(earlier, is_repeat=True)


def _classes(
    assignment: Assignment, findings: Sequence[FindingIn], quality: str
) -> dict[str, DiagnosticClass]:
    """Return the classes that ``findings`` name, by code, or refuse the findings."""
    codes = [finding.code for finding in findings]
    if quality == Quality.UNREADABLE and codes:
        raise UnreadableWithFindings(codes)
    if repeated := {code for code in codes if codes.count(code) > 1}:
        raise RepeatedClass(sorted(repeated))
    known = assignment.batch.taxonomy.classes.filter(code__in=codes)
    classes = {item.code: item for item in known}
    if unknown := set(codes) - classes.keys():
        raise UnknownClass(sorted(unknown))
    exclusive = [code for code in codes if classes[code].is_exclusive]
    if exclusive and len(codes) > 1:
        raise ExclusiveClass(exclusive)
    return classes


def _insert(reading: Reading, findings: Iterable[tuple[DiagnosticClass, str]]) -> None:
    """Save ``reading`` whole; its key may meanwhile have been used for another assignment."""
    try:
        with transaction.atomic():
            reading.save(force_insert=True)
    except IntegrityError as error:
        with row_security.as_owner():  # somebody else's reading may have it
            is_known = Reading.objects.filter(idempotency_key=reading.idempotency_key).exists()
        if is_known:
            raise KeyReused(reading.idempotency_key) from error
        raise
    Finding.objects.bulk_create(
        Finding(reading=reading, diagnostic_class=given, certainty=certainty)
        for given, certainty in findings
    )


def _mark_due(batch: Batch) -> None:
    """Mark the agreement as due, unless the batch was closed since it was read.

    This update waits for a ``batches.close`` that is under way and then looks at the row again,
    so no reading is added to a closed batch; being the last statement, it holds up other readers
    for an instant only.

    Raises:
        BatchClosed: it was.
    """
    still_open = Batch.objects.open().filter(pk=batch.pk)
    if not still_open.update(agreement_is_due=True):
        raise BatchClosed(batch)
