"""Storing recordings as exams: ``sort_out`` finds duplicates, ``store`` stores all or none."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from annotations.models import Dataset, Exam, Patient
from annotations.models.exam import new_code
from ecgreview.ecg import wire
from ecgreview.ecg.formats import Recording
from ecgreview.published_readings import PatientTable

COPY_TRACINGS = (
    "copy annotations_tracing (exam_id, position, sampling_rate_hz, n_samples, missing_leads,"
    " remarks, content_hash, packed) from stdin (format binary)"
)
TRACING_TYPES = ("int8", "int2", "float8", "int4", "jsonb", "jsonb", "varchar", "bytea")


@dataclass(frozen=True, slots=True)
class Sorted:
    """Recordings of an import, sorted into new, known and changed.

    Attributes:
        new: recordings to store.
        n_known: number of recordings whose signal is in the data set, or earlier in the import.
        changed: recordings with another signal, but a source key that is in the data set or earlier
            in the import.
    """

    new: tuple[Recording, ...]
    n_known: int
    changed: tuple[Recording, ...]


def sort_out(dataset: Dataset | None, recordings: Sequence[Recording]) -> Sorted:
    """Sort ``recordings`` by what ``dataset`` already has; None means a new data set."""
    hashes = [recording.signal.content_hash for recording in recordings]
    keys = [recording.source_key for recording in recordings]
    stored = Exam.objects.filter(dataset=dataset) if dataset else Exam.objects.none()
    known_hashes = set(
        stored.filter(content_hash__in=hashes).values_list("content_hash", flat=True)
    )
    known_keys = set(stored.filter(source_key__in=keys).values_list("source_key", flat=True))
    new, changed, n_known = [], [], 0
    for recording, content_hash in zip(recordings, hashes, strict=True):
        if content_hash in known_hashes:
            n_known += 1
        elif recording.source_key in known_keys:
            changed.append(recording)
        else:
            new.append(recording)
            known_hashes.add(content_hash)
            known_keys.add(recording.source_key)
    return Sorted(tuple(new), n_known, tuple(changed))


@transaction.atomic
def store(*, dataset: Dataset, recordings: Sequence[Recording], now: datetime) -> list[Exam]:
    """Store each recording as an exam with one tracing, and return the exams in order.

    Performance: a single COPY statement inserts all tracings and sends them in binary format.
    """
    patients = _patients(dataset, recordings)
    codes = _unused_codes(len(recordings))
    exams = Exam.objects.bulk_create(
        Exam(
            dataset=dataset,
            patient=patients.get(recording.patient_key or ""),
            code=code,
            source_key=recording.source_key,
            age_years=recording.age_years,
            sex=recording.sex,
            content_hash=recording.signal.content_hash,
            source_labels=list(recording.source_labels),
            imported_at=now,
        )
        for recording, code in zip(recordings, codes, strict=True)
    )
    with connection.cursor() as cursor, cursor.copy(COPY_TRACINGS) as copy:
        copy.set_types(TRACING_TYPES)
        for exam, recording in zip(exams, recordings, strict=True):
            copy.write_row((exam.pk, *_tracing(recording, exam.content_hash)))
    return exams


def store_without_tracings(
    *,
    dataset: Dataset,
    source_keys: Sequence[str],
    now: datetime,
    patients: PatientTable | None = None,
) -> list[Exam]:
    """Store exams that have readings but no tracings, and return them in order.

    Args:
        dataset: the data set to add them to.
        source_keys: one per exam.
        now: time of the import.
        patients: one row per exam, in the same order; None if the patients are unknown.
    """
    codes = _unused_codes(len(source_keys))
    nothing = (None,) * len(source_keys)
    keys = patients.patients if patients else nothing
    stored = _stored_patients(dataset, {key for key in keys if key})
    ages, sexes = (patients.ages, patients.sexes) if patients else (nothing, nothing)
    return Exam.objects.bulk_create(
        Exam(
            dataset=dataset,
            patient=stored.get(patient or ""),
            age_years=age,
            sex=sex,
            code=code,
            source_key=key,
            content_hash=hashlib.sha256(f"no tracing: {key}".encode()).hexdigest(),
            imported_at=now,
        )
        for key, code, patient, age, sex in zip(source_keys, codes, keys, ages, sexes, strict=True)
    )


def _tracing(recording: Recording, content_hash: str) -> tuple[object, ...]:
    """Return the values for ``COPY_TRACINGS``, without the first column."""
    signal = recording.signal
    remarks = [
        {"code": remark.code, "leads": list(remark.leads), "details": dict(remark.details)}
        for remark in recording.warnings
    ]
    return (
        1,
        float(signal.sampling_rate_hz),
        signal.n_samples,
        Jsonb(list(signal.missing_leads)),
        Jsonb(remarks),
        content_hash,
        wire.pack(signal),
    )


def _patients(dataset: Dataset, recordings: Sequence[Recording]) -> dict[str, Patient]:
    """Return the patients of ``recordings`` by pseudonym, creating those that are new."""
    return _stored_patients(
        dataset, {recording.patient_key for recording in recordings if recording.patient_key}
    )


def _stored_patients(dataset: Dataset, keys: Collection[str]) -> dict[str, Patient]:
    pseudonyms = sorted(keys)
    Patient.objects.bulk_create(
        (Patient(dataset=dataset, pseudonym=pseudonym) for pseudonym in pseudonyms),
        ignore_conflicts=True,
    )
    rows = Patient.objects.filter(dataset=dataset, pseudonym__in=pseudonyms)
    return {patient.pseudonym: patient for patient in rows}


def _unused_codes(n: int) -> list[str]:
    """Return ``n`` random exam codes that no exam has."""
    codes: set[str] = set()
    while len(codes) < n:
        codes |= {new_code() for _ in range(n - len(codes))}
        codes -= set(Exam.objects.filter(code__in=codes).values_list("code", flat=True))
    return list(codes)
