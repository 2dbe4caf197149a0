"""Exams that hold the same recording: linked on import, so that a study draws only one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from annotations.models import (
    NO_DATA,
    Assignment,
    Exam,
    GoldExam,
    Slot,
    Study,
    StudyExam,
    Tracing,
)
from annotations.models.exam import ExamQuerySet
from annotations.services.refusals import Refusal
from ecgreview import advisory_locks
from ecgreview.advisory_locks import Lock
from ecgreview.ecg import same_recording, wire
from ecgreview.ecg.signal import Signal

NAMED = 10


class SameRecording(Refusal):
    code = "same-recording"


@dataclass(frozen=True, slots=True)
class Link:
    """An exam, and another exam that holds the same recording. Either may be the original."""

    exam: Exam
    original: Exam


@transaction.atomic
def link(exams: Sequence[Exam], signals: Sequence[Signal]) -> list[Link]:
    """Store the fingerprints of ``exams``, and link those with the same recording.

    One exam of each recording is the original, and studies draw only originals. If a study already
    has one of the exams, that is the original; otherwise it is the one with the highest sampling
    rate. Exams of different data sets are linked too.

    Args:
        exams: rows that were just stored.
        signals: their signals, in the same order.
    """
    # Race: without the lock, two concurrent imports would miss each other's exams.
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
    """Link one exam imported before fingerprints existed; return False when none is left."""
    exam = Exam.objects.with_tracings().filter(fingerprint=None).order_by("pk").first()
    if exam is None:
        return False
    link([exam], [_signal(exam)])
    return True


def refuse_duplicates(study: Study, exam_ids: Iterable[int]) -> None:
    """Raise if adding these exams would put a recording into ``study`` as two exams.

    Exams that the study already has are not checked: the same exam may be read again.

    Raises:
        SameRecording: two of the exams, or one of them and one in the study, share a recording.
    """
    requested = set(exam_ids)
    present = set(in_study(study).values_list("pk", flat=True))
    new = Exam.objects.filter(pk__in=requested - present)
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
        raise SameRecording(exams=_named(pairs))


def in_study(study: Study) -> ExamQuerySet:
    """Return the exams in ``study``'s pool, gold set and batches.

    Leaves out practice and qualification.
    """
    exam = OuterRef("pk")
    assigned = Assignment.objects.filter(exam=exam, batch__study=study)
    slots = Slot.objects.filter(exam=exam, batch__study=study)
    return Exam.objects.filter(
        Exists(StudyExam.objects.filter(exam=exam, study=study))
        | Exists(GoldExam.objects.filter(exam=exam, study=study))
        | Exists(assigned.exclude(batch__purpose__in=NO_DATA))
        | Exists(slots.exclude(batch__purpose__in=NO_DATA))
    )


def _holding(fingerprint: Sequence[int] | None, signal: Signal, among: ExamQuerySet) -> Exam | None:
    """Return the exam with the lowest id in ``among`` that holds the recording of ``signal``."""
    if not fingerprint:
        return None
    for other in among.filter(fingerprint__overlap=fingerprint).order_by("pk"):
        if same_recording.is_same(signal, _signal(other)):
            return other
    return None


def _join(exam: Exam, other: Exam) -> None:
    """Link ``exam`` to all exams with ``other``'s recording, and choose the original again."""
    own, others = exam.duplicate_of_id or exam.pk, other.duplicate_of_id or other.pk
    members = Exam.objects.filter(
        Q(pk__in=(own, others)) | Q(duplicate_of__in=(own, others))
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
    listed = pairs[:NAMED]
    codes = dict(
        Exam.objects.filter(pk__in={pk for pair in listed for pk in pair}).values_list("pk", "code")
    )
    return ", ".join(f"{codes[first]} = {codes[other]}" for first, other in listed)
