"""Checking a reading that is submitted, and storing it once under its idempotency key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from annotations.models import Arm, Assignment, Reading, User
from annotations.services.reading import content as reading_content
from annotations.services.reading import suggestion_decisions
from annotations.services.reading.content import Classes, Content
from annotations.services.reading.suggestion_decisions import DecisionIn, Shown
from annotations.services.refusals import Refusal


class KeyReused(Refusal):
    code = "key-reused"


@dataclass(frozen=True, slots=True)
class Effort:
    """How a reader worked on an exam.

    Attributes:
        active_ms: active time.
        idle_ms: time the exam was open without activity.
        display: layout, speed, gain and filter.
        tools: number of uses of each tool.
    """

    active_ms: int = 0
    idle_ms: int = 0
    display: Mapping[str, Any] = field(default_factory=dict)
    tools: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """A reading as submitted.

    Attributes:
        content: findings, quality and outcome.
        key: idempotency key, created by the client for each reading or revision.
        chosen: decisions on suggestions.
        effort: time, display and tools.
    """

    content: Content
    key: UUID
    chosen: Sequence[DecisionIn] = ()
    effort: Effort = field(default_factory=Effort)

    def is_of(self, reading: Reading) -> bool:
        """Whether the stored ``reading`` has this content and these decisions."""
        return self.content.is_of(reading) and suggestion_decisions.are_of(reading, self.chosen)


@dataclass(frozen=True, slots=True)
class Checked:
    """The classes and suggestions that the codes of a submission refer to."""

    classes: Classes
    shown: Shown


@dataclass(frozen=True, slots=True)
class Submission:
    """The stored reading, and whether an earlier request had stored it."""

    reading: Reading
    is_repeat: bool


def earlier(signed: Signed, reader: User) -> Reading | None:
    """Return the reading that ``reader`` has stored under the key of ``signed``, or None.

    Readings of other readers with the same key are ignored.
    """
    return Reading.objects.filter(reader=reader, idempotency_key=signed.key).first()


def repeat(stored: Reading, signed: Signed, *, is_same: bool) -> Submission:
    """Return ``stored`` as the result of a repeated request.

    Args:
        stored: the reading that ``earlier`` returned.
        signed: the content of the new request.
        is_same: whether both requests have the same stage and assignment, and the same reason (of a
            revision) or corrected reading.

    Raises:
        KeyReused: the new request differs from the stored reading.
    """
    if not is_same or not signed.is_of(stored):
        raise KeyReused
    return Submission(stored, is_repeat=True)


def check(assignment: Assignment, signed: Signed, *, arm: Arm) -> Checked:
    """Return the classes and suggestions of ``signed``, after checking it.

    Args:
        assignment: the reader's assignment.
        signed: the submission.
        arm: the arm in which the suggestions were shown.

    Raises:
        InvalidReading: see its subclasses.
        AbstainedFromUnreadable, QualityMissing: as for ``content.classes_of``.
    """
    classes = reading_content.classes_of(assignment, signed.content)
    codes = [finding.code for finding in signed.content.findings]
    return Checked(
        classes, suggestion_decisions.of(assignment, signed.chosen, arm=arm, finding_codes=codes)
    )


def store(reading: Reading, signed: Signed, checked: Checked) -> Reading:
    """Save ``signed`` as ``reading``, whose stage, reader and time must be set, and return it.

    Raises:
        KeyReused: a concurrent request has stored a reading with the same key.
    """
    written = {
        "taxonomy": reading.assignment.batch.taxonomy,
        "idempotency_key": signed.key,
        "active_ms": signed.effort.active_ms,
        "idle_ms": signed.effort.idle_ms,
        "display": dict(signed.effort.display),
        "tools": dict(signed.effort.tools),
        "n_decisions": len(signed.chosen),
        **reading_content.columns(signed.content),
    }
    for name, value in written.items():
        setattr(reading, name, value)
    _insert(reading)
    reading_content.store(reading, signed.content, checked.classes)
    suggestion_decisions.store(reading, signed.chosen, checked.shown)
    return reading


def _insert(reading: Reading) -> None:
    try:
        with transaction.atomic():
            reading.save(force_insert=True)
    except IntegrityError as error:
        own = Reading.objects.filter(reader=reading.reader)
        if own.filter(idempotency_key=reading.idempotency_key).exists():
            raise KeyReused from error
        raise
