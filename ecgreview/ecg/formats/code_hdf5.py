"""HDF5 in the layout of CODE-15%: ``tracings`` (N, n_samples, 12) in mV and ``exam_id`` (N,).

The unit is millivolts and the lead order is ``leads.LEADS``. Both were determined from the
published signals, because the accompanying texts contradict each other. The HDF5 library can crash
on a crafted file, so imports read through ``sandbox``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ecgreview.ecg.audit import Remark, RemarkCode, audit
from ecgreview.ecg.leads import LEADS, N_LEADS

from . import assembly, code_exams
from .code_exams import Patient
from .codes import RefusalCode
from .recording import Recording, Refusal, Refused

SAMPLING_RATE_HZ = 400.0
MICROVOLTS_PER_UNIT = 1000.0

MAX_EXAMS = 5_000_000
MAX_SAMPLES_PER_LEAD = 65_536
# Reading one row inflates its whole chunk, so this limits the memory it needs.
MAX_CHUNK_BYTES = 64 * 2**20


def read(path: Path, key: str) -> Iterator[Recording | Refusal]:
    """Yield one recording or refusal per row, in order, with one chunk in memory at a time.

    Args:
        path: an HDF5 file; ``exams.csv`` next to it supplies patient, age, sex and labels.
        key: name of the file in recordings and refusals.

    Raises:
        Refused: the file as a whole does not have the layout, or ``exams.csv`` cannot be used.
    """
    try:
        with h5py.File(path, "r") as file:
            yield from _rows(file, path, key)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise Refused(RefusalCode.DAMAGED_HDF5, error=str(error)) from error


def _rows(file: h5py.File, path: Path, key: str) -> Iterator[Recording | Refusal]:
    tracings = _dataset(file, "tracings")
    _check_tracings(tracings)
    exam_ids = _exam_ids(file, tracings.shape[0])
    patients = code_exams.load(path.parent, exam_ids)
    occurrences = Counter(exam_ids)
    for exam_id, millivolts in zip(exam_ids, _each(tracings), strict=True):
        exam_key = f"{key}#{exam_id}"
        try:
            # If two tracings have one id, it is unknown which is meant, so neither is imported.
            _check_once(occurrences[exam_id])
            yield _recording(millivolts, exam_key, patients.get(exam_id))
        except Refused as refused:
            if exam_id == 0 and refused.code is RefusalCode.BLANK:
                # CODE-15% ends each file with a blank row with exam id 0.
                yield Refusal(exam_key, RefusalCode.PADDING_ROW, is_expected=True)
            else:
                yield Refusal(exam_key, refused.code, refused.details)


def _each(tracings: h5py.Dataset) -> Iterator[NDArray[np.float64]]:
    """Yield each tracing, shape (12, n_samples), reading tracings of one chunk together."""
    n_exams, n_samples, _ = tracings.shape
    row_bytes = max(1, n_samples * N_LEADS * tracings.dtype.itemsize)
    shared = tracings.chunks[0] if tracings.chunks else 1
    at_once = max(1, min(shared, MAX_CHUNK_BYTES // row_bytes))
    for start in range(0, n_exams, at_once):
        for tracing in tracings[start : start + at_once]:
            yield np.asarray(tracing, dtype=np.float64).T


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a dataset that is stored in the file itself.

    Soft and external links, and virtual and external datasets, are refused: they could refer to any
    file on this machine.
    """
    link = file.get(name, getlink=True)
    result = file[name] if isinstance(link, h5py.HardLink) else None
    if not isinstance(result, h5py.Dataset) or result.is_virtual or result.external:
        raise Refused(RefusalCode.HDF5_DATASET, name=name, found=", ".join(file)[:80])
    _check_chunks(result, name)
    return result


def _check_tracings(tracings: h5py.Dataset) -> None:
    shape = tracings.shape
    is_transposed = shape is not None and len(shape) == 3 and shape[1] == N_LEADS != shape[2]
    if is_transposed:
        raise Refused(RefusalCode.TRANSPOSED, found=str(shape))
    if shape is None or len(shape) != 3 or shape[2] != N_LEADS or tracings.dtype.kind != "f":
        raise Refused(RefusalCode.HDF5_LAYOUT, found=f"{tracings.dtype} {shape}")
    if shape[0] > MAX_EXAMS or shape[1] > MAX_SAMPLES_PER_LEAD:
        raise Refused(
            RefusalCode.TOO_LARGE,
            most_exams=MAX_EXAMS,
            most_samples=MAX_SAMPLES_PER_LEAD,
            found=str(shape),
        )


def _check_chunks(dataset: h5py.Dataset, name: str) -> None:
    """Refuse a dataset with chunks larger than ``MAX_CHUNK_BYTES``."""
    chunk_bytes = math.prod(dataset.chunks or (1,)) * dataset.dtype.itemsize
    if chunk_bytes > MAX_CHUNK_BYTES:
        raise Refused(RefusalCode.LARGE_CHUNKS, name=name, most=MAX_CHUNK_BYTES, found=chunk_bytes)


def _exam_ids(file: h5py.File, n_exams: int) -> list[int]:
    if "exam_id" not in file:
        raise Refused(RefusalCode.NO_EXAM_IDS)
    ids = _dataset(file, "exam_id")
    if ids.shape != (n_exams,) or ids.dtype.kind not in "iu":
        # Never guess which exam a tracing belongs to.
        result = f"{ids.dtype} {ids.shape}"
        raise Refused(RefusalCode.EXAM_ID_LENGTH, expected=n_exams, found=result)
    return [int(exam_id) for exam_id in ids[:]]


def _check_once(occurrences: int) -> None:
    if occurrences > 1:
        raise Refused(RefusalCode.DUPLICATE_ID, found=occurrences)


def _recording(millivolts: NDArray[np.float64], key: str, patient: Patient | None) -> Recording:
    """Return the recording of one row.

    Args:
        millivolts: shape (12, n_samples), including zero padding.
        key: the source key.
        patient: None when ``exams.csv`` does not list the exam.
    """
    steps = _unpadded(millivolts) * MICROVOLTS_PER_UNIT
    signal = assembly.assemble(
        dict(zip(LEADS, steps, strict=True)),
        sampling_rate_hz=SAMPLING_RATE_HZ,
        microvolts_per_lsb=1.0,
    )
    unlisted = Remark(RemarkCode.NO_METADATA, details={"file": code_exams.NAME})
    facts = patient or Patient()
    return Recording(
        signal=signal,
        source_key=key,
        patient_key=facts.key,
        age_years=facts.age_years,
        sex=facts.sex,
        source_labels=facts.labels,
        warnings=(*(() if patient else (unlisted,)), *audit(signal)),
    )


def _unpadded(millivolts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the samples without the zeros at both ends, which pad all rows to one length.

    If shown, the padding would look like asystole.
    """
    has_signal = np.isfinite(millivolts) & (millivolts != 0)
    alive = np.flatnonzero(has_signal.any(axis=0))
    if not alive.size:
        raise Refused(RefusalCode.BLANK)
    return millivolts[:, alive[0] : alive[-1] + 1]
