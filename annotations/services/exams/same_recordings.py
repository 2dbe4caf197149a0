"""Exams that hold one recording: linked when they are imported, and one of them drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from annotations.models import NO_DATA, Assignment, Exam, Slot, Study, StudyExam, Tracing
from annotations.models.exam import ExamQuerySet
from ecgreview import advisory_locks
from ecgreview.advisory_locks import Lock
from ecgreview.ecg import same_recording, wire
from ecgreview.ecg.signal import Signal

NAMED = 10


class SameRecording(ValueError):
    """Exams hold one recording, or one that the study has already; by code, as ``ONE = OTHER``."""


@dataclass(frozen=True, slots=True)
class Link:
    """An exam that was found to hold the recording of another."""

    exam: Exam
    original: Exam


@transaction.atomic
def link(exams: Sequence[Exam], signals: Sequence[Signal]) -> list[Link]:
    """Note what identifies the recordings of ``exams``, and link those that others hold as well.

    Of all exams of one recording, one is the original, which studies draw: one that a study has
    already, or else the one with the highest sampling rate. Links cross data sets.

    Args:
        exams: rows that were just stored.
        signals: theirs, in the same order.
    """
    # Or two imports at once would miss each other's exams.
    advisory_locks.take(Lock.SAME_RECORDINGS)
    for exam, signal in zip(exams, signals, strict=True):
        exam.fingerprint = list(same_recording.fingerprint(signal))
    Exam.objects.bulk_update(exams, ["fingerprint"], batch_size=500)
    links = []
    others = Exam.objects.exclude(pk__in=[exam.pk for exam in exams])
    for place, (exam, signal) in enumerate(zip(exams, signals, strict=True)):
        earlier = Exam.objects.filter(pk__in=[before.pk for before in exams[:place]])
        if other := _holding(exam.fingerprint, signal, others | earlier):
            _join(exam, other)
            links.append(Link(exam, other))
    return links


def link_next(*, now: datetime) -> bool:
    """Link one exam that was imported before recordings were recognized; False: there is none."""
    exam = Exam.objects.with_tracings().filter(fingerprint=None).order_by("pk").first()
    if exam is None:
        return False
    link([exam], [_signal(exam)])
    return True


def refuse_twice(study: Study, exam_ids: Iterable[int]) -> None:
    """Do nothing when ``study`` would have each recording of these exams in one exam only.

    Exams that the study has already are left as they are: they may be read again.

    Raises:
        SameRecording: it would have one twice.
    """
    wanted = set(exam_ids)
    present = set(in_study(study).values_list("pk", flat=True))
    new = Exam.objects.filter(pk__in=wanted - present)
    recording_of = {pk: original or pk for pk, original in new.values_list("pk", "duplicate_of")}
    beside = Exam.objects.filter(pk__in=present).filter(
        Q(pk__in=recording_of.values()) | Q(duplicate_of__in=recording_of.values())
    )
    owner = {original or pk: pk for pk, original in beside.values_list("pk", "duplicate_of")}
    pairs = []
    for pk, recording in sorted(recording_of.items()):
        other = owner.setdefault(recording, pk)
        if other != pk:
            pairs.append((pk, other))
    if pairs:
        raise SameRecording(_named(pairs))


def in_study(study: Study) -> ExamQuerySet:
    """Return the exams of the pool, the batches and the slots of ``study``, practice apart."""
    exam = OuterRef("pk")
    assigned = Assignment.objects.filter(exam=exam, batch__study=study)
    slots = Slot.objects.filter(exam=exam, batch__study=study)
    return Exam.objects.filter(
        Exists(StudyExam.objects.filter(exam=exam, study=study))
        | Exists(assigned.exclude(batch__purpose__in=NO_DATA))
        | Exists(slots.exclude(batch__purpose__in=NO_DATA))
    )


def _holding(fingerprint: Sequence[int] | None, signal: Signal, among: ExamQuerySet) -> Exam | None:
    """Return the first exam ``among`` others that holds the recording of ``signal``."""
    if not fingerprint:
        return None
    for other in among.filter(fingerprint__overlap=fingerprint).order_by("pk"):
        if same_recording.is_same(signal, _signal(other)):
            return other
    return None


def _join(exam: Exam, other: Exam) -> None:
    """Put ``exam`` among the exams of the recording of ``other``, and choose the original anew."""
    own, theirs = exam.duplicate_of_id or exam.pk, other.duplicate_of_id or other.pk
    members = Exam.objects.filter(
        Q(pk__in=(own, theirs)) | Q(duplicate_of__in=(own, theirs))
    ).select_for_update(of=("self",), no_key=True)
    ids = [member.pk for member in members.order_by("pk")]
    original = _original(ids)
    Exam.objects.filter(pk=original).update(duplicate_of=None)
    Exam.objects.filter(pk__in=ids).exclude(pk=original).update(duplicate_of=original)


def _original(ids: Collection[int]) -> int:
    used = set(StudyExam.objects.filter(exam__in=ids).values_list("exam", flat=True))
    used |= set(Assignment.objects.filter(exam__in=ids).values_list("exam", flat=True))
    used |= set(Slot.objects.filter(exam__in=ids).values_list("exam", flat=True))
    if used:
        return min(used)
    first = Tracing.objects.filter(exam__in=ids, position=1)
    best = first.order_by("-sampling_rate_hz", "-n_samples", "exam").first()
    return best.exam_id if best else min(ids)


def _signal(exam: Exam) -> Signal:
    packed = exam.tracings.order_by("position").values_list("packed", flat=True)[0]
    return wire.unpack(bytes(packed))


def _named(pairs: Sequence[tuple[int, int]]) -> str:
    shown = pairs[:NAMED]
    codes = dict(
        Exam.objects.filter(pk__in={pk for pair in shown for pk in pair}).values_list("pk", "code")
    )
    return ", ".join(f"{codes[one]} = {codes[other]}" for one, other in shown)
