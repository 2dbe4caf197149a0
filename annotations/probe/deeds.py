"""What the others do in one of the two worlds: all that must leave no trace in what a reader gets.

Each deed may be done at any moment of a session; done again, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from annotations.models import (
    Assignment,
    Batch,
    Exam,
    NoticeKind,
    Reading,
    Role,
    StudyReader,
    Suggestion,
    SuggestionRun,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches, deferrals
from annotations.services.consensus import labels
from annotations.services.notices import delivery
from annotations.services.reading import drafts
from annotations.services.studies import roster

from .clinic import CAST, FINDING, Clinic, model, read

Deed = Callable[[Clinic, str], None]
"""Does it in the clinic; the second argument is the person who probes, who does nothing."""


def _their(clinic: Clinic, person: str) -> list[Assignment]:
    waiting = Assignment.objects.waiting().filter(batch__closed_at=None)
    theirs = waiting.exclude(reader=clinic.people[person]).filter(draft=None)
    return list(theirs.select_related("reader").order_by("batch_id", "reader_id", "position"))


def submit(clinic: Clinic, person: str) -> None:
    """Read two exams, with findings and a comment."""
    for assignment in _their(clinic, person)[:2]:
        read(assignment, assignment.pk % 10**12, FINDING, clinic.now)


def submit_all(clinic: Clinic, person: str) -> None:
    """Read everything that is there to read."""
    for assignment in _their(clinic, person):
        read(assignment, assignment.pk % 10**12, "normal_ecg", clinic.now)


def correct(clinic: Clinic, person: str) -> None:
    """Take back a submission and send another reading in its place."""
    theirs = Reading.objects.blind().effective().exclude(reader=clinic.people[person])
    in_open = theirs.filter(assignment__batch__closed_at=None).select_related("assignment__reader")
    for reading in in_open.order_by("-pk")[:1]:
        number = reading.pk % 10**9 + 10**9
        read(reading.assignment, number, "atrial_flutter", clinic.now,
             supersedes=reading.idempotency_key)  # fmt: skip


def abstain(clinic: Clinic, person: str) -> None:
    """Say of an exam that one is not competent to read it."""
    nothing = {"findings": [], "not_assessable": [], "quality": "", "outcome": "abstained"}
    for assignment in _their(clinic, person)[:1]:
        read(assignment, assignment.pk % 10**12, FINDING, clinic.now, **nothing)


def defer(clinic: Clinic, person: str) -> None:
    """Put an exam off."""
    for assignment in _their(clinic, person)[:1]:
        deferrals.defer(assignment_id=assignment.pk, reader=assignment.reader, now=clinic.now)


def draft(clinic: Clinic, person: str) -> None:
    """Begin an exam."""
    for assignment in _their(clinic, person)[-1:]:
        content = {"findings": [], "quality": "poor", "comment": "not sure"}
        drafts.save(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0, content=content,
            now=clinic.now,
        )  # fmt: skip


def suggest(clinic: Clinic, person: str) -> None:
    """Let a model have its say about every exam that the person has not read."""
    waiting = Assignment.objects.filter(reader=clinic.people[person]).waiting()
    word = clinic.study.taxonomy.classes.get(code=FINDING)
    for exam in Exam.objects.filter(assignments__in=waiting).distinct().order_by("pk"):
        run, is_new = SuggestionRun.objects.get_or_create(
            exam=exam, model=model(clinic.now),
            defaults={"requested_at": clinic.now, "finished_at": clinic.now},
        )  # fmt: skip
        if is_new:
            Suggestion.objects.create(
                run=run, diagnostic_class=word, strength=0.9, evidence="irregular RR"
            )


def reckon(clinic: Clinic, person: str) -> None:
    """Compute agreement and consensus of whatever is due."""
    del person
    while refresh.refresh_next(now=clinic.now):
        pass
    while labels.refresh_next(now=clinic.now):
        pass


def pause(clinic: Clinic, person: str) -> None:
    """Pause Bruno, or let him go on."""
    del person
    line = StudyReader.objects.get(study=clinic.study, user=clinic.people["bruno"])
    davi = clinic.people["davi"]
    if line.status == "active":
        roster.pause(study=clinic.study, user=line.user, reason="ill", actor=davi, now=clinic.now)
    elif line.status == "paused":
        roster.resume(study=clinic.study, user=line.user, actor=davi, now=clinic.now)


def close_other(clinic: Clinic, person: str) -> None:
    """Close the second study's batch, in which Ana does not read."""
    del person
    if Batch.objects.open().filter(pk=clinic.second_batch.pk).exists():
        batches.close(
            batch_id=clinic.second_batch.pk, closed_by=clinic.people["davi"], now=clinic.now
        )


def notify(clinic: Clinic, person: str) -> None:
    """Send Bruno a notice."""
    del person
    delivery.tell([clinic.people["bruno"]], NoticeKind.BATCH_DUE, {}, now=clinic.now)


DEEDS: Mapping[str, Deed] = MappingProxyType(
    {
        "submit": submit,
        "correct": correct,
        "abstain": abstain,
        "defer": defer,
        "draft": draft,
        "submit_all": submit_all,
        "suggest": suggest,
        "reckon": reckon,
        "pause": pause,
        "close_other": close_other,
        "notify": notify,
    }
)
"""In the order of a session: who has read everything can no longer abstain or put off."""

ACTS_OF_COORDINATORS = frozenset({"pause", "close_other"})
"""What a person who looks into studies may know of a colleague's acts; a reader may not."""


def deeds_kept_from(person: str) -> tuple[str, ...]:
    """Return the names of the deeds that must leave no trace for ``person``."""
    if {Role.COORDINATOR, Role.RESEARCHER, Role.AUDITOR} & {*CAST[person]}:
        return tuple(name for name in DEEDS if name not in ACTS_OF_COORDINATORS)
    if person == "clara":  # she reads in the second study: that its batch ended she may know
        return tuple(name for name in DEEDS if name != "close_other")
    return tuple(DEEDS)
