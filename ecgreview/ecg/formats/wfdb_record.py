"""WFDB records: a text header and one or more files of samples next to it.

This module first parses the header and checks the size of the signal files. The wfdb library then
decodes the samples from a newly written header, so that it never sees an unchecked line.
"""

from __future__ import annotations

import functools
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.ecg import leads
from ecgreview.ecg.audit import Remark, RemarkCode, audit

from . import assembly, wfdb_header
from .codes import Details, RefusalCode
from .recording import Recording, Refused, Sex, plain_labels
from .wfdb_header import BITS_PER_SAMPLE, Header, SignalLine

# Twenty minutes of twelve leads at 500 Hz and 16 bits; study exams last ten seconds.
MAX_SIGNAL_FILE_BYTES = 16 * 2**20

MAX_AGE_YEARS = 120

_NO_VALUE = {
    "16": -(2**15),
    "24": -(2**23),
    "32": -(2**31),
    "61": -(2**15),
    "80": -(2**7),
    "160": -(2**15),
    "212": -(2**11),
}
_AGE = re.compile(r"<?age>?\s*:\s*(\S+)", re.IGNORECASE)
_SEX = re.compile(r"<?sex>?\s*:\s*(\S+)", re.IGNORECASE)
_LABELS = re.compile(r"<?dx>?\s*:\s*(\S.*)", re.IGNORECASE)
_SEXES: dict[str, Sex] = {"female": "F", "f": "F", "male": "M", "m": "M"}
LFS = b"version https://git-lfs"


def read(path: Path, text: str, source_key: str) -> Iterator[Recording]:
    """Yield the one recording of the header ``text`` that was read from ``path``.

    Raises:
        Refused: the header or a signal file is invalid.
    """
    header = wfdb_header.parse(text)
    chosen, remarks = _choose_leads(header)
    files = {
        name: _signal_file(path, name) for name in dict.fromkeys(s.file for s in header.signals)
    }
    for name, file in files.items():
        remarks += _check_length(file, header, name)
    digital = _decode(header, files)
    remarks += _check_sums(header, digital)
    traces, microvolts_per_lsb = _traces(header, digital, chosen)
    signal = assembly.assemble(
        traces,
        sampling_rate_hz=header.sampling_rate_hz,
        microvolts_per_lsb=microvolts_per_lsb,
    )
    age_years, about_age = _age(header.comments)
    yield Recording(
        signal=signal,
        source_key=source_key,
        patient_key=None,
        age_years=age_years,
        sex=_sex(header.comments),
        warnings=(*remarks, *about_age, *audit(signal)),
        source_labels=plain_labels(_first(_LABELS, header.comments).split(",")),
    )


def _choose_leads(header: Header) -> tuple[dict[str, int], list[Remark]]:
    """Return the signal index of each standard lead, matched by name only, and remarks."""
    chosen: dict[str, int] = {}
    others: list[str] = []
    for index, signal in enumerate(header.signals):
        try:
            lead = leads.canonical(signal.name)
        except leads.UnknownLead:
            others.append(signal.name or f"signal {index + 1}")
            continue
        if lead in chosen:
            raise Refused(RefusalCode.DUPLICATE_LEAD, lead=lead)
        chosen[lead] = index
    if not chosen:
        # Never guess the order of the signals.
        raise Refused(RefusalCode.NO_LEAD_NAMES, found=", ".join(others)[:80])
    return chosen, _layout_remarks(header, others)


def _layout_remarks(header: Header, others: list[str]) -> list[Remark]:
    remarks = []
    if others:
        left_out = ", ".join(others)[:200]
        remarks.append(Remark(RemarkCode.OTHER_SIGNALS, details={"signals": left_out}))
    if not all(signal.states_unit for signal in header.signals):
        # WFDB prescribes millivolts where no unit is stated.
        remarks.append(Remark(RemarkCode.UNIT_NOT_STATED))
    return remarks


def _signal_file(header_path: Path, name: str) -> Path:
    """Return the path of signal file ``name``, which must be in the folder of its header."""
    # realpath and not Path.resolve: the latter raises RuntimeError on circular links.
    folder = Path(os.path.realpath(header_path)).parent
    is_plain = name not in {"", ".", "..", "~", "-"} and not set(name) & set("/\\:\0")
    file = Path(os.path.realpath(folder / name)) if is_plain else folder
    if file.parent != folder:
        raise Refused(RefusalCode.OUTSIDE, found=repr(name[:60]))
    if not file.is_file():
        raise Refused(RefusalCode.MISSING_FILE, file=name)
    return file


def _check_length(file: Path, header: Header, name: str) -> list[Remark]:
    """Compare the length of ``file`` with the header, before reading it."""
    stored = [signal for signal in header.signals if signal.file == name]
    if len({(signal.format, signal.offset) for signal in stored}) > 1:
        raise Refused(RefusalCode.MIXED_FORMATS, file=name)
    bits = header.n_samples * len(stored) * BITS_PER_SAMPLE[stored[0].format]
    expected = stored[0].offset + -(-bits // 8)
    result = file.stat().st_size
    if expected > MAX_SIGNAL_FILE_BYTES:
        raise Refused(
            RefusalCode.TOO_LONG,
            most=MAX_SIGNAL_FILE_BYTES,
            found=expected,
            n_samples=header.n_samples,
        )
    if result < expected:
        raise _too_small(file, expected, result, header.n_samples)
    # Format 212 stores pairs of samples; some writers pad the last one.
    padding = 1 if stored[0].format == "212" else 0
    if result > expected + padding:
        ignored: Details = {"n_bytes": result - expected, "file": name}
        return [Remark(RemarkCode.TRAILING_BYTES, details=ignored)]
    return []


def _too_small(file: Path, expected: int, found: int, n_samples: int) -> Refused:
    with file.open("rb") as stream:
        start = stream.read(200).lstrip()
    if start.startswith(LFS):
        return lfs_pointer(file.name)
    if start[:1] == b"<":
        return Refused(RefusalCode.HTML_PAGE, file=file.name)
    return Refused(
        RefusalCode.TRUNCATED, expected=expected, n_samples=n_samples, file=file.name, found=found
    )


def lfs_pointer(name: str) -> Refused:
    """Return the refusal of a Git LFS pointer in place of a file."""
    return Refused(RefusalCode.LFS_POINTER, file=name)


def _decode(header: Header, files: dict[str, Path]) -> NDArray[np.int64]:
    """Return the raw sample values, shape (n_signals, n_samples)."""
    names = {name: f"s{number}.dat" for number, name in enumerate(files)}
    with tempfile.TemporaryDirectory(prefix="ecgreview-") as folder:
        for name, file in files.items():
            Path(folder, names[name]).symlink_to(file)
        Path(folder, "record.hea").write_text(_clean_header(header, names), encoding="ascii")
        try:
            record: Any = load_library().rdrecord(str(Path(folder, "record")), physical=False)
        except (ValueError, IndexError, OSError) as error:
            raise Refused(
                RefusalCode.UNDECODABLE, format=header.signals[0].format, error=str(error)
            ) from error
    digital: NDArray[np.int64] = np.ascontiguousarray(record.d_signal.T, dtype=np.int64)
    return digital


def _clean_header(header: Header, names: dict[str, str]) -> str:
    def line(signal: SignalLine) -> str:
        offset = f"+{signal.offset}" if signal.offset else ""
        return f"{names[signal.file]} {signal.format}{offset} 1(0)/mV 16 0 0 0 0 lead"

    rate = f"{header.sampling_rate_hz:.10g}"
    lines = [f"record {len(header.signals)} {rate} {header.n_samples}"]
    return "\n".join([*lines, *map(line, header.signals)]) + "\n"


@functools.cache
def load_library() -> ModuleType:
    """Return the wfdb library, imported the first time."""
    # Imported late, because wfdb imports pandas and matplotlib, which takes a second that
    # only importers should pay. Silenced, because its use of pandas triggers deprecation
    # warnings that are not ours to fix.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb
    module: ModuleType = wfdb
    return module


def _check_sums(header: Header, digital: NDArray[np.int64]) -> list[Remark]:
    wrong = [
        signal.name or f"signal {number}"
        for number, (signal, values) in enumerate(zip(header.signals, digital, strict=True), 1)
        if signal.checksum is not None and int(values.sum()) % 2**16 != signal.checksum
    ]
    if not wrong:
        return []
    details = {"signals": ", ".join(wrong)[:200]}
    return [Remark(RemarkCode.CHECKSUM, leads.standard(wrong), details)]


def _traces(
    header: Header, digital: NDArray[np.int64], chosen: dict[str, int]
) -> tuple[dict[str, NDArray[np.float64]], float]:
    """Return lead -> steps, and the size of a step in microvolts.

    When all leads share a gain and have no baseline, the stored integers are kept; otherwise
    they are converted to a common step of 1 microvolt.
    """
    used = [header.signals[index] for index in chosen.values()]
    is_uniform = len({s.microvolts_per_step for s in used}) == 1 and not any(
        s.baseline for s in used
    )
    traces = {}
    for lead, index in chosen.items():
        signal = header.signals[index]
        steps = digital[index].astype(np.float64)
        steps[digital[index] == _NO_VALUE[signal.format]] = np.nan
        scale = 1.0 if is_uniform else signal.microvolts_per_step
        traces[lead] = (steps - signal.baseline) * scale
    return traces, used[0].microvolts_per_step if is_uniform else 1.0


def _age(comments: tuple[str, ...]) -> tuple[float | None, list[Remark]]:
    written = _first(_AGE, comments)
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", written):
        return None, []
    age_years = float(written)
    if age_years > MAX_AGE_YEARS:
        # Some releases write 300 for "over 89", so the age is unknown.
        return None, [Remark(RemarkCode.AGE, details={"age_years": age_years})]
    return age_years, []


def _sex(comments: tuple[str, ...]) -> Sex | None:
    return _SEXES.get(_first(_SEX, comments).lower())


def _first(pattern: re.Pattern[str], comments: tuple[str, ...]) -> str:
    matches = (pattern.match(comment) for comment in comments)
    return next((match[1] for match in matches if match), "")
