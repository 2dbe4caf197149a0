"""WFDB records with the comments of CinC 2021 and annotations, as a folder for PhysioNet.

The files are written here instead of with the wfdb library, which stores gains with few digits and
needs pandas. The library reads them back in the tests.

Source:
    https://wfdb.io/spec/header-files.html, https://wfdb.io/spec/annotation-files.html
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ecgreview.ecg.leads import LEADS, N_LEADS
from ecgreview.ecg.signal import Signal
from ecgreview.release.content import Content, Facts, ReleasedExam, ReleasedReading

from . import files, prose, streams
from .about import About

# Sample, channel and text.
Mark: TypeAlias = tuple[int, int, str]

# Records per folder.
PER_FOLDER = 1000

OTHER_FILES = ("ANNOTATORS", "LICENSE.txt", "README.md", "RECORDS", "exams.csv", "labels.csv")

# Codes of the annotation format: a note, a long interval, the channel, an attached text.
NOTE, SKIP, CHANNEL, TEXT = 22, 59, 62, 63
MAX_INTERVAL = 1023
MAX_TEXT_BYTES = 255

ABOUT = About(
    title="WFDB records in a folder ready for PhysioNet",
    files={
        "records/NN/CODE.hea, .dat": (
            "one record per tracing (`CODE_2` is the second of an exam), format 16, with the "
            "comments `Age`, `Sex`, `Dx`, `Rx`, `Hx`, `Sx` of CinC 2021 and `Classes`"
        ),
        "records/NN/CODE.atr": (
            "areas that readers marked, one note at the start and one at the end in each lead: "
            "`(class reader` and `class reader)`"
        ),
        "exams.csv, labels.csv": "exams, and the state of each class of each exam",
        "RECORDS, ANNOTATORS, SHA256SUMS.txt, LICENSE.txt, README.md": "as PhysioNet asks for",
    },
    readers=("wfdb", "physionet"),
    limits=(
        (
            "`Dx` has only classes with a SNOMED CT code that is exact or broader; all present "
            "classes are in `Classes`"
        ),
        (
            "comments name present classes only; absent, undecided and not assessed are in "
            "`labels.csv`"
        ),
        "`Age: 90` means above 89",
        "readings are not included, apart from their areas",
    ),
)


class WfdbRecords:
    name = "wfdb"
    needs_signals = True
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        facts = content.facts
        with ExitStack() as stack:
            names = stack.enter_context(files.text_file(folder / "RECORDS"))
            sums = stack.enter_context(files.text_file(folder / "SHA256SUMS.txt"))

            def put(name: str, data: bytes) -> None:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                sums.write(f"{hashlib.sha256(data).hexdigest()} {name}\n")

            for exam, signals, readings in streams.signals_with_readings(content):
                for number, signal in enumerate(signals, start=1):
                    record = _record(exam, number)
                    names.write(f"{record}\n")
                    _put_record(put, record, signal, _comments(facts, exam))
                    marks = _marks(readings, number, signal)
                    if marks:
                        put(f"{record}.atr", annotation_file(marks))
            names.close()
            _write_tables(content, folder)
            for name in OTHER_FILES:
                sums.write(f"{files.sha256(folder / name)} {name}\n")


FORMAT = WfdbRecords()


def _record(exam: ReleasedExam, number: int) -> str:
    """Return the path of the record of a tracing."""
    suffix = f"_{number}" if number > 1 else ""
    return f"records/{(exam.number - 1) // PER_FOLDER:02d}/{streams.file_name(exam)}{suffix}"


def _put_record(
    put: Callable[[str, bytes], None], record: str, signal: Signal, comments: Iterable[str]
) -> None:
    name = record.rpartition("/")[2]
    put(f"{record}.hea", header(name, signal, comments).encode())
    put(f"{record}.dat", signal.samples.T.astype("<i2").tobytes())


def header(name: str, signal: Signal, comments: Iterable[str]) -> str:
    """Return the text of a .hea file. Samples divided by its gain are mV, exactly as read."""
    rate, gain = _decimal(signal.sampling_rate_hz), _decimal(1000 / signal.microvolts_per_lsb)
    sums = signal.samples.sum(axis=1, dtype=np.int64)
    lines = [f"{name} {N_LEADS} {rate} {signal.n_samples}"]
    for lead, samples, total in zip(LEADS, signal.samples, sums, strict=True):
        checksum = int(total.astype(np.int16))
        lines.append(f"{name}.dat 16 {gain}(0)/mV 16 0 {samples[0]} {checksum} 0 {lead}")
    return "".join(f"{line}\n" for line in [*lines, *(f"# {comment}" for comment in comments)])


def _decimal(value: float) -> str:
    """Return the shortest decimal number that is read back as ``value``, without exponent."""
    return np.format_float_positional(value, unique=True, trim="-")


def _comments(facts: Facts, exam: ReleasedExam) -> Iterator[str]:
    age = streams.age_years(exam)
    yield f"Age: {'NaN' if age is None else age}"
    yield f"Sex: {({'F': 'Female', 'M': 'Male'}).get(exam.sex, 'Unknown')}"
    yield f"Dx: {','.join(snomed_codes(facts, exam)) or 'Unknown'}"
    yield "Rx: Unknown"
    yield "Hx: Unknown"
    yield "Sx: Unknown"
    yield f"Classes: {'embargoed' if exam.is_embargoed else ','.join(exam.present) or 'none'}"


def snomed_codes(facts: Facts, exam: ReleasedExam) -> list[str]:
    """Return the SNOMED CT codes that the present classes justify, each once.

    These are the exact codes of a class, or else its broader ones. A narrower code would claim more
    than the readers said.
    """
    codes: dict[str, None] = {}
    for name in exam.present:
        listed = facts.taxonomy.by_code(name).codes.get("snomed_ct", ())
        for match in ("exact", "broader"):
            matching = [code.code for code in listed if code.match == match]
            codes.update(dict.fromkeys(matching))
            if matching:
                break
    return list(codes)


def _marks(readings: Iterable[ReleasedReading], tracing: int, signal: Signal) -> list[Mark]:
    """Return the marks of all areas in a tracing, in the order in which a file has them."""
    return sorted(
        mark
        for reading in readings
        for finding in reading.findings
        for area in finding.areas
        if area.tracing == tracing
        for channel in (LEADS.index(lead) for lead in area.leads)
        for mark in (
            (_sample(area.from_s, signal), channel, f"({finding.code} {reading.reader}"),
            (_sample(area.to_s, signal), channel, f"{finding.code} {reading.reader})"),
        )
    )


def _sample(seconds: float, signal: Signal) -> int:
    return min(max(round(seconds * signal.sampling_rate_hz), 0), signal.n_samples - 1)


def annotation_file(marks: Sequence[Mark]) -> bytes:
    """Return an annotation file in MIT format with a note for each mark."""
    result = bytearray()
    last = 0
    for sample, channel, text in marks:
        interval, last = sample - last, sample
        if interval > MAX_INTERVAL:
            # A 32-bit interval, its high half first.
            result += struct.pack("<HHH", SKIP << 10, interval >> 16, interval & 0xFFFF)
            interval = 0
        encoded = text.encode("ascii", "replace")[:MAX_TEXT_BYTES]
        result += struct.pack("<HH", NOTE << 10 | interval, CHANNEL << 10 | channel)
        result += struct.pack("<H", TEXT << 10 | len(encoded))
        result += encoded + b"\0" * (len(encoded) % 2)
    return bytes(result + b"\0\0")


def _write_tables(content: Content, folder: Path) -> None:
    facts = content.facts
    files.write_text(folder / "LICENSE.txt", prose.licence(facts))
    files.write_text(folder / "README.md", prose.readme(facts, "WFDB records", ABOUT))
    files.write_text(
        folder / "ANNOTATORS", "atr\tareas that readers marked, with their pseudonym\n"
    )
    columns = {name: value for name, value in _COLUMNS.items() if _is_used(content, value)}
    rows = ([value(exam) for value in columns.values()] for exam in content.exams())
    files.write_csv(folder / "exams.csv", list(columns), rows)
    codes = [item.code for item in facts.taxonomy.classes]
    states = (
        (exam.code, *(label.state.value for label in exam.labels.values()))
        for exam in content.exams()
    )
    files.write_csv(folder / "labels.csv", ["exam", *codes], states)


def _is_used(content: Content, value: Callable[[ReleasedExam], object]) -> bool:
    """Return whether a column is not empty throughout, which PhysioNet objects to."""
    return any(value(exam) not in ("", None) for exam in content.exams())


# Ages above 89 are empty, because 90 would be taken for a breach of privacy.
_COLUMNS: dict[str, Callable[[ReleasedExam], object]] = {
    "exam": lambda exam: exam.code,
    "record": lambda exam: _record(exam, 1) if exam.tracings else "",
    "n_tracings": lambda exam: exam.tracings,
    "source": lambda exam: exam.source,
    "source_key": lambda exam: exam.source_key,
    "patient": lambda exam: exam.patient,
    "age_years": lambda exam: exam.age_years,
    "is_over_89": lambda exam: int(exam.is_over_89),
    "sex": lambda exam: exam.sex,
    "fold": lambda exam: exam.fold,
    "split": lambda exam: exam.split,
    "outcome": lambda exam: exam.outcome,
    "n_readings": lambda exam: exam.n_readings,
    "n_unreadable": lambda exam: exam.n_unreadable,
}
