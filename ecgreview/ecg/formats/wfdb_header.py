"""Parser of WFDB headers that validates every line before anything relies on it.

Source: WFDB Applications Guide, header(5). The wfdb library is less strict: it reads a sampling
rate of "abc" as 250 Hz and allocates whatever length the header claims.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .assembly import check_rate
from .codes import RefusalCode
from .recording import Refused

MAX_SIGNALS = 32
MAX_HEADER_CHARS = 65_536

# Formats whose samples have a fixed width, so that the file's length can be checked.
BITS_PER_SAMPLE = {"16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12}

_MICROVOLTS = {"uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1e3, "v": 1e6}

_RECORD = re.compile(
    r"(?P<name>[\w.-]+)(?P<segments>/\S+)?\s+(?P<n_signals>\d{1,4})"
    r"(?:\s+(?P<rate>[^\s/(]+)\S*(?:\s+(?P<n_samples>\S+))?)?(?:\s.*)?",
    re.ASCII,
)
_SIGNAL = re.compile(
    r"(?P<file>\S+)\s+(?P<format>\d{1,3})(?:x(?P<per_frame>\d{1,4}))?(?::(?P<skew>\d{1,6}))?"
    r"(?:\+(?P<offset>\d{1,9}))?"
    r"(?:\s+(?P<gain>[^\s(/]+)(?:\((?P<baseline>[+-]?\d{1,9})\))?(?:/(?P<unit>\S+))?"
    r"(?:\s+\d{1,2}(?:\s+(?P<zero>[+-]?\d{1,9})(?:\s+[+-]?\d{1,12}"
    r"(?:\s+(?P<checksum>[+-]?\d{1,12})(?:\s+\d{1,9}(?:\s+(?P<name>.*))?)?)?)?)?)?)?\s*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class SignalLine:
    """How one signal is stored.

    Attributes:
        file: name of the signal file, not yet checked.
        format: one of ``BITS_PER_SAMPLE``.
        offset: bytes before the first sample.
        microvolts_per_step: from gain and unit.
        baseline: the sample value of 0 mV.
        states_unit: whether the unit was written; without it, WFDB means mV.
        checksum: modulo 2**16; None when the header has none.
        name: as written; empty when the header has none.
    """

    file: str
    format: str
    offset: int
    microvolts_per_step: float
    baseline: int
    states_unit: bool
    checksum: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Header:
    """One single-segment record; ``comments`` are the lines that begin with ``#``, without it."""

    sampling_rate_hz: float
    n_samples: int
    signals: tuple[SignalLine, ...]
    comments: tuple[str, ...]


def parse(text: str) -> Header:
    """Parse a header.

    Raises:
        Refused: the header is invalid or has a feature that is not supported.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    comments = tuple(line[1:].strip() for line in lines if line.startswith("#"))
    record, *signals = [line for line in lines if not line.startswith("#")] or [""]
    n_signals, sampling_rate_hz, n_samples = _parse_record(record)
    if len(signals) != n_signals:
        raise Refused(RefusalCode.SIGNAL_LINES, expected=n_signals, found=len(signals))
    parsed = tuple(_parse_signal(line, number) for number, line in enumerate(signals, start=1))
    return Header(sampling_rate_hz, n_samples, parsed, comments)


def looks_like_header(text: str) -> bool:
    """Return whether the first line that is not a comment could be a record line."""
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return _RECORD.fullmatch(first) is not None


def _parse_record(line: str) -> tuple[int, float, int]:
    match = _RECORD.fullmatch(line)
    if match is None:
        raise Refused(RefusalCode.RECORD_LINE, found=repr(line[:60]))
    if match["segments"]:
        raise Refused(RefusalCode.SEGMENTS)
    n_signals = int(match["n_signals"])
    if not 1 <= n_signals <= MAX_SIGNALS:
        raise Refused(RefusalCode.N_SIGNALS, most=MAX_SIGNALS, found=n_signals)
    sampling_rate_hz = _number(match["rate"], RefusalCode.SAMPLING_RATE_TEXT)
    check_rate(sampling_rate_hz)
    return n_signals, sampling_rate_hz, _parse_length(match["n_samples"])


def _parse_length(written: str | None) -> int:
    if written is None or not written.isdecimal() or len(written) > 15 or int(written) == 0:
        # WFDB allows omitting the length, but then truncation could not be detected.
        raise Refused(RefusalCode.N_SAMPLES, found=written or "")
    return int(written)


def _parse_signal(line: str, number: int) -> SignalLine:
    match = _SIGNAL.fullmatch(line)
    if match is None:
        raise Refused(RefusalCode.SIGNAL_LINE, number=number, found=repr(line[:80]))
    _check_layout(match)
    baseline = int(match["baseline"] or match["zero"] or 0)
    return SignalLine(
        file=match["file"],
        format=match["format"],
        offset=int(match["offset"] or 0),
        microvolts_per_step=_microvolts_per_step(match["gain"], match["unit"]),
        baseline=baseline,
        states_unit=match["unit"] is not None,
        checksum=None if match["checksum"] is None else int(match["checksum"]) % 2**16,
        name=(match["name"] or "").strip(),
    )


def _check_layout(match: re.Match[str]) -> None:
    if match["format"] not in BITS_PER_SAMPLE:
        formats = ", ".join(BITS_PER_SAMPLE)
        raise Refused(RefusalCode.SIGNAL_FORMAT, known=formats, found=match["format"])
    if int(match["per_frame"] or 1) != 1 or int(match["skew"] or 0) != 0:
        raise Refused(RefusalCode.FRAMES)


def _microvolts_per_step(gain: str | None, unit: str | None) -> float:
    if gain is None:
        raise Refused(RefusalCode.NO_GAIN)
    per_unit = _number(gain, RefusalCode.GAIN_TEXT)
    if per_unit <= 0:
        raise Refused(RefusalCode.GAIN, found=gain)
    microvolts = _MICROVOLTS.get((unit or "mV").lower())
    if microvolts is None:
        raise Refused(RefusalCode.UNIT, found=repr(str(unit)[:20]))
    return microvolts / per_unit


def _number(written: str | None, code: RefusalCode) -> float:
    if written is None or not re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,2})?", written):
        raise Refused(code, found="" if written is None else repr(written[:20]))
    return float(written)
