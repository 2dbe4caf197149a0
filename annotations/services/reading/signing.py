"""Signing: what a reader says of an exam under which key, checked and stored once for good."""

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


class KeyReused(Exception):
    """The idempotency key belongs to a submission that said something else."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How a reader came to what they sign.

    Attributes:
        active_ms: time they spent on the exam.
        idle_ms: time it was open and nobody at work on it.
        display: layout, speed, gain and filter it was read with.
        tools: how often each tool was used.
    """

    active_ms: int = 0
    idle_ms: int = 0
    display: Mapping[str, Any] = field(default_factory=dict)
    tools: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a reader puts their name to.

    Attributes:
        content: all that they say of the exam.
        key: made by the client, once for each reading or revision.
        chosen: what became of the suggestions that they decided on.
        work: how they came to it.
    """

    content: Content
    key: UUID
    chosen: Sequence[DecisionIn] = ()
    work: Effort = field(default_factory=Effort)

    def is_of(self, reading: Reading) -> bool:
        """Tell whether ``reading``, as stored, says just this."""
        return self.content.is_of(reading) and suggestion_decisions.are_of(reading, self.chosen)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the codes of something signed stand for: classes, and suggestions decided on."""

    classes: Classes
    shown: Shown


@dataclass(frozen=True, slots=True)
class Submission:
    """The stored reading, and whether it had been stored by an earlier sending."""

    reading: Reading
    is_repeat: bool


def earlier(signed: Signed, reader: User) -> Reading | None:
    """Return what ``reader`` stored under the key of ``signed`` before.

    Keys are each reader's own: somebody else's is as unknown as one that nobody used.
    """
    return Reading.objects.filter(reader=reader, idempotency_key=signed.key).first()


def repeat(stored: Reading, signed: Signed, *, is_same: bool) -> Submission:
    """Return the ``stored`` reading as the answer to ``signed``, which came again.

    Args:
        stored: what ``earlier`` found.
        signed: what came now.
        is_same: whether it is of the same stage, assignment and purpose.

    Raises:
        KeyReused: it said something else.
    """
    if not is_same or not signed.is_of(stored):
        raise KeyReused(stored.idempotency_key)
    return Submission(stored, is_repeat=True)


def check(assignment: Assignment, signed: Signed, *, arm: Arm) -> Checked:
    """Return what the codes of ``signed`` stand for, or refuse it.

    Args:
        assignment: whose reader signs.
        signed: what they sign.
        arm: the way of showing suggestions that their decisions are on.

    Raises:
        InvalidReading: see its subclasses.
        AbstainedFromUnreadable, QualityMissing: as they say.
    """
    classes = reading_content.classes_of(assignment, signed.content)
    found = [one.code for one in signed.content.findings]
    return Checked(
        classes, suggestion_decisions.of(assignment, signed.chosen, arm=arm, found=found)
    )


def store(reading: Reading, signed: Signed, checked: Checked) -> Reading:
    """Save ``signed`` as ``reading``, whose stage, reader and time are set, and return it.

    Raises:
        KeyReused: its key was meanwhile used for another assignment.
    """
    written = {
        "taxonomy": reading.assignment.batch.taxonomy,
        "idempotency_key": signed.key,
        "active_ms": signed.work.active_ms,
        "idle_ms": signed.work.idle_ms,
        "display": dict(signed.work.display),
        "tools": dict(signed.work.tools),
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
            raise KeyReused(reading.idempotency_key) from error
        raise
