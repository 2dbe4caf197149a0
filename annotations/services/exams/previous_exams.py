"""Finding a patient's previous exam, and storing which exams belong to which patient."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from annotations.models import Assignment, Dataset, Exam, Patient, PriorExam, User
from annotations.services import audit
from annotations.services.refusals import Refusal
from ecgreview.ecg.visits import Visit

ROWS_AT_ONCE = 5_000
MAX_LISTED = 5


class UnknownExams(Refusal):
    code = "unknown-source-keys"


class AlreadyCompared(Refusal):
    code = "already-compared"


@dataclass(frozen=True, slots=True)
class PreviousExam:
    """A previous exam, and how many days before the current one it was recorded."""

    exam: Exam
    days_before: int


def shown_with(assignment: Assignment) -> PreviousExam | None:
    """Return the previous exam that the reader of ``assignment`` may see, or None.

    Args:
        assignment: with its exam and batch selected.
    """
    exam = assignment.exam
    is_allowed = assignment.batch.prior_exam == PriorExam.SHOWN
    if not is_allowed or exam.patient_id is None or exam.patient_day is None:
        return None
    earlier = Exam.objects.filter(patient=exam.patient_id, patient_day__lt=exam.patient_day)
    latest = earlier.order_by("-patient_day", "-pk").first()
    if latest is None or latest.patient_day is None:
        return None
    return PreviousExam(latest, exam.patient_day - latest.patient_day)


@transaction.atomic
def link(
    *, dataset: Dataset, visits: Sequence[Visit], actor: User | None, now: datetime
) -> tuple[int, int]:
    """Store the patients and recording days of exams.

    The days are counted from a different date for each patient.

    Returns:
        The number of ``visits``, and how many exams of their patients have a previous exam.

    Raises:
        UnknownExams: some of the exams are not in ``dataset``; nothing is stored.
        AlreadyCompared: a changed exam, or an exam of one of the patients, is assigned in a batch
            that shows the previous exam. Nothing is stored.
    """
    stored = _exams(dataset, visits)
    patients = _patients(dataset, {visit.patient for visit in visits})
    recorded = {stored[visit.source_key]: (patients[visit.patient], visit.day) for visit in visits}
    changed = [
        exam for exam, dated in recorded.items() if (exam.patient_id, exam.patient_day) != dated
    ]
    touched = {exam.patient_id for exam in changed if exam.patient_id} | {*patients.values()}
    _refuse_compared(changed, touched)
    for exam in changed:
        exam.patient_id, exam.patient_day = recorded[exam]
    Exam.objects.bulk_update(changed, ["patient", "patient_day"], batch_size=ROWS_AT_ONCE)
    n_with_previous = _with_previous(dataset, patients.values())
    audit.record(
        actor=actor,
        action=audit.Action.EXAMS_LINKED,
        target=dataset,
        after={"dataset": dataset.name, "exams": len(recorded), "with_prior": n_with_previous},
        now=now,
    )
    return len(recorded), n_with_previous


def _exams(dataset: Dataset, visits: Sequence[Visit]) -> dict[str, Exam]:
    """Return the exams of ``visits`` by source key. Raises ``UnknownExams`` if any is missing."""
    keys = [visit.source_key for visit in visits]
    rows = dataset.exams.only("source_key", "patient", "patient_day")
    by_key: dict[str, Exam] = {}
    for start in range(0, len(keys), ROWS_AT_ONCE):
        named = rows.filter(source_key__in=keys[start : start + ROWS_AT_ONCE])
        by_key |= {exam.source_key: exam for exam in named}
    if unknown := [key for key in keys if key not in by_key]:
        raise UnknownExams(keys=_some(unknown))
    return by_key


def _refuse_compared(exams: Collection[Exam], patients: Collection[int]) -> None:
    """Raise ``AlreadyCompared`` if readers may have seen these patients' exams together.

    A trigger (migration 0018) also rejects the change, but without naming the exams.
    """
    if not exams:
        return
    compared = Assignment.objects.filter(
        Q(exam__in=exams) | Q(exam__patient__in=patients), batch__prior_exam=PriorExam.SHOWN
    )
    codes = compared.order_by("exam__code").values_list("exam__code", flat=True).distinct()
    if codes:
        raise AlreadyCompared(exams=_some(list(codes[: MAX_LISTED + 1])))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MAX_LISTED]) + (" …" if len(names) > MAX_LISTED else "")


def _patients(dataset: Dataset, pseudonyms: Collection[str]) -> dict[str, int]:
    """Return the ids of patients by pseudonym, creating those that are new."""
    names = sorted(pseudonyms)
    Patient.objects.bulk_create(
        (Patient(dataset=dataset, pseudonym=name) for name in names), ignore_conflicts=True
    )
    rows = Patient.objects.filter(dataset=dataset, pseudonym__in=names)
    return dict(rows.values_list("pseudonym", "pk"))


def _with_previous(dataset: Dataset, patients: Collection[int]) -> int:
    earlier = Exam.objects.filter(
        patient=OuterRef("patient"), patient_day__lt=OuterRef("patient_day")
    )
    return dataset.exams.filter(Exists(earlier), patient__in=patients).count()
