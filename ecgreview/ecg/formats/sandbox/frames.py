"""Frames on the pipe: a length, a JSON header, and samples as bytes; no pickles, which could run
code.
"""

from __future__ import annotations

import json
import os
import signal as signals
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ecgreview.ecg.audit import Remark, RemarkCode
from ecgreview.ecg.formats import naming
from ecgreview.ecg.formats.codes import Details, RefusalCode
from ecgreview.ecg.formats.recording import Recording, Refusal
from ecgreview.ecg.leads import N_LEADS
from ecgreview.ecg.signal import LeadStatus, Signal

SIZES = struct.Struct("<II")
MAX_HEADER_BYTES = 256 * 1024
MAX_SAMPLES_BYTES = 64 * 2**20
MAX_TEXT_CHARS = 2_000

FILE_DONE: bytes = SIZES.pack(0, 0)


class BadFrame(ValueError):
    """The process sent a malformed frame."""


def dump(result: Recording | Refusal) -> bytes:
    if isinstance(result, Refusal):
        refusal = {"code": result.code, "details": _short(result.details)}
        return _frame({"file": result.file, **refusal, "is_expected": result.is_expected}, b"")
    return _frame(_facts(result), result.signal.samples.astype("<i2").tobytes())


def load(take: Callable[[int], bytes]) -> Recording | Refusal | None:
    """Return the next result; None at the end of a file.

    Args:
        take: returns exactly the given number of bytes of the stream.

    Raises:
        BadFrame: the frame is too large or malformed.
        EOFError: raised by ``take`` when the stream ends.
    """
    n_header, n_samples = SIZES.unpack(take(SIZES.size))
    if n_header > MAX_HEADER_BYTES or n_samples > MAX_SAMPLES_BYTES:
        raise BadFrame("too large")
    if not n_header:
        return None
    header, samples = take(n_header), take(n_samples)
    try:
        return _result(json.loads(header), samples)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFrame(str(error)) from error


def died(path: Path, root: Path, status: int) -> Refusal:
    """Return the refusal of a file whose process died; ``status`` as in
    ``os.waitstatus_to_exitcode``.
    """
    key = naming.key(path, root)
    if status in {-signals.SIGXCPU, -signals.SIGKILL}:
        return Refusal(key, RefusalCode.UNSAFE_SLOW)
    if status < 0:
        name = signals.Signals(-status).name
        return Refusal(key, RefusalCode.UNSAFE_CRASH, {"signal": name})
    return Refusal(key, RefusalCode.UNSAFE_END)


def exhausted(key: str, max_bytes: int) -> Refusal:
    """Return the refusal of a file that needed more memory than allowed."""
    return Refusal(key, RefusalCode.UNSAFE_MEMORY, {"most_mb": max_bytes // 2**20})


def _frame(header: dict[str, Any], samples: bytes) -> bytes:
    encoded = json.dumps(header).encode("ascii")
    return SIZES.pack(len(encoded), len(samples)) + encoded + samples


def _short(details: Details) -> dict[str, str | int | float]:
    return {
        name: value[:MAX_TEXT_CHARS] if isinstance(value, str) else value
        for name, value in details.items()
    }


def _details(sent: Any) -> Details:
    """Validate and return details.

    Raises:
        TypeError: a value is neither text nor a number.
    """
    if not all(isinstance(item, str | int | float) for item in sent.values()):
        raise TypeError("details")
    details: Details = sent
    return details


def _facts(recording: Recording) -> dict[str, Any]:
    signal = recording.signal
    return {
        "source_key": recording.source_key,
        "patient_key": recording.patient_key,
        "age_years": recording.age_years,
        "sex": recording.sex,
        "source_labels": recording.source_labels,
        "warnings": [
            [warning.code, warning.leads, _short(warning.details)] for warning in recording.warnings
        ],
        "sampling_rate_hz": signal.sampling_rate_hz,
        "microvolts_per_lsb": signal.microvolts_per_lsb,
        "lead_status": [int(status) for status in signal.lead_status],
    }


def _result(header: dict[str, Any], samples: bytes) -> Recording | Refusal:
    if "code" in header:
        code, details = RefusalCode(header["code"]), _details(header["details"])
        return Refusal(header["file"], code, details, header["is_expected"])
    signal = Signal(
        np.frombuffer(samples, dtype="<i2").astype(np.int16).reshape(N_LEADS, -1),
        header["sampling_rate_hz"],
        header["microvolts_per_lsb"],
        tuple(LeadStatus(number) for number in header["lead_status"]),
    )
    warnings = (
        Remark(RemarkCode(code), tuple(leads), _details(details))
        for code, leads, details in header["warnings"]
    )
    return Recording(
        signal=signal,
        source_key=header["source_key"],
        patient_key=header["patient_key"],
        age_years=header["age_years"],
        sex=header["sex"],
        warnings=tuple(warnings),
        source_labels=tuple(header["source_labels"]),
    )


def write(descriptor: int, frame: bytes) -> None:
    view = memoryview(frame)
    while view:
        view = view[os.write(descriptor, view) :]
