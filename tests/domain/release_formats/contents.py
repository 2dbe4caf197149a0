"""A small release: real recordings and labels made by hand that cover every state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecgreview import taxonomy
from ecgreview.ecg import formats
from ecgreview.ecg.formats import Recording
from ecgreview.ecg.signal import INVALID, LeadStatus, Signal
from ecgreview.release.content import (
    Area,
    Facts,
    Finding,
    Label,
    LabelState,
    ReleasedExam,
    ReleasedReading,
    Source,
)

CLASSES = taxonomy.load()
CODES = [item.code for item in CLASSES.classes]
UNREADABLE_EXAM, TWO_TRACINGS_EXAM, NO_SIGNAL_EXAM, EMBARGOED_EXAM = "E3", "E1", "E7", "E6"

# Folder, file: 400 Hz and 2934 samples; 8500 samples; flat leads; 100 Hz; unequal gains.
RECORDINGS = (
    ("code15", "exams_part_a.hdf5"),
    ("cinc2021", "A1041.hea"),
    ("cinc2021", "JS11438.hea"),
    ("ptbxl", "records100/00000/00004_lr.hea"),
    ("ludb", "data/1.hea"),
)

FACTS = Facts(
    study="Bundle branch blocks – São Paulo",
    slug="bundle-branch-blocks",
    version="1.0",
    released_on="2026-11",
    program_version="0.1.0",
    protocol_version=2,
    protocol_digest="ab" * 32,
    rule="k_of_n",
    rule_parameters={"k": 2},
    taxonomy=CLASSES,
    licence="CC-BY-4.0",
    authors=("Ana Souza", "Bruno Lima"),
    sources=(
        Source("CODE-15%", "CC-BY-4.0", "Ribeiro et al., zenodo.4916206", is_synthetic=False),
        Source("PTB-XL", "CC-BY-4.0", 'Wagner et al.: "PTB-XL", 2020', is_synthetic=False),
    ),
    has_signals=True,
    folds=5,
    n_exams=7,
    n_readings=20,
    n_readers=3,
    n_embargoed=1,
)


@dataclass(frozen=True)
class Rows:
    """A ``Content`` in memory."""

    facts: Facts
    all_exams: Sequence[ReleasedExam]
    all_readings: Sequence[ReleasedReading]
    all_signals: Sequence[Sequence[Signal]]

    def exams(self) -> Iterator[ReleasedExam]:
        return iter(self.all_exams)

    def readings(self) -> Iterator[ReleasedReading]:
        return iter(self.all_readings)

    def signals(self) -> Iterator[tuple[ReleasedExam, Sequence[Signal]]]:
        pairs = zip(self.all_exams, self.all_signals, strict=True)
        return ((exam, signals) for exam, signals in pairs if signals)


def content(shared_data: Path) -> Rows:
    """Return seven exams: one has two tracings, one none; one is unreadable, one embargoed."""
    first, *others = [recording(shared_data, *where) for where in RECORDINGS]
    signals = [(first.signal, gappy(first.signal)), *((other.signal,) for other in others)]
    signals += [(scaled(others[0].signal),), ()]
    exams = [exam(number, signals=len(own)) for number, own in enumerate(signals, start=1)]
    public = [exam.embargoed() if exam.code == EMBARGOED_EXAM else exam for exam in exams]
    read = [item for exam in public if not exam.is_embargoed for item in readings(exam)]
    return Rows(FACTS, public, read, signals)


def recording(shared_data: Path, folder: str, name: str) -> Recording:
    root = shared_data / folder
    found = next(formats.read(root / name, root))
    assert isinstance(found, Recording)
    return found


def gappy(signal: Signal) -> Signal:
    """Return ``signal`` without V6 and with a gap in lead I."""
    samples = signal.samples.copy()
    samples[11], samples[0, 100:120] = INVALID, INVALID
    status = (*signal.lead_status[:11], LeadStatus.MISSING)
    return replace(signal, samples=samples, lead_status=status)


def scaled(signal: Signal) -> Signal:
    """Return ``signal`` upside down with a unit that has no short decimal gain."""
    return replace(signal, samples=-signal.samples, microvolts_per_lsb=1 / 0.6144)


def exam(number: int, *, signals: int) -> ReleasedExam:
    is_unreadable = f"E{number}" == UNREADABLE_EXAM
    return ReleasedExam(
        number=number,
        code=f"E{number}",
        source="CODE-15%" if number < 3 else "PTB-XL",
        source_key=f"{number:032x}",
        patient=f"P{(number + 1) // 2}" if number < 7 else "",
        age_years=None if number in (2, 7) else 40.0 + number,
        is_over_89=number == 2,
        sex=("F", "M", "")[number % 3],
        fold=1 + number % 5 if number < 7 else None,
        split="test" if number == 4 else "",
        outcome="unreadable" if is_unreadable else ("majority" if number % 2 else "disputed"),
        labels={code: label(number, place) for place, code in enumerate(CODES)},
        n_readings=3,
        n_unreadable=2 if is_unreadable else 0,
        tracings=signals,
    )


def label(number: int, place: int) -> Label:
    """Return labels that cover every state, with and without posterior."""
    if f"E{number}" == UNREADABLE_EXAM:
        return Label(LabelState.NOT_ASSESSED, "unreadable", 0, 0)
    kind = (number * 7 + place) % 11
    if kind == 0:
        return Label(LabelState.PRESENT, "majority", 2, 3, posterior=0.97)
    if kind == 1:
        return Label(LabelState.UNDECIDED, "tie", 1, 2)
    if kind == 2 and number == 5:
        return Label(LabelState.INCOMPLETE, "readings_missing", 0, 1)
    return Label(LabelState.ABSENT, "unanimous", 0, 3)


def readings(exam: ReleasedExam) -> Iterator[ReleasedReading]:
    """Yield the readings of three people, and of a model and an adjudicator for the first exam."""
    for place, reader in enumerate(("R1", "R2", "R3")):
        if reader == "R3" and exam.number > 4:
            continue
        yield reading(exam, reader, place)
    if exam.number == 1:
        yield replace(reading(exam, "R4", 0), purpose="adjudication")
        yield replace(reading(exam, "model-1", 1), kind="model", active_ms=0)


def reading(exam: ReleasedExam, reader: str, place: int) -> ReleasedReading:
    rng = np.random.default_rng(exam.number * 10 + place)
    marked = [code for code in CODES if rng.random() < (0.3 if code in CODES[:8] else 0.05)]
    unassessed = frozenset(set(CODES[10:12]) - set(marked)) if place == 1 else frozenset()
    is_unreadable = exam.code == UNREADABLE_EXAM and place < 2
    areas = (Area(1, ("II", "V1"), 0.5, 0.9), Area(1, ("V6",), 5.0, 99.0)) if exam.tracings else ()
    return ReleasedReading(
        exam=exam.code,
        reader=reader,
        kind="person",
        purpose="data",
        quality="unreadable" if is_unreadable else "good",
        findings=()
        if is_unreadable
        else tuple(
            Finding(code, ("definite", "probable", "possible")[n % 3], areas if n == 0 else ())
            for n, code in enumerate(marked)
        ),
        unassessed=frozenset() if is_unreadable else unassessed,
        active_ms=30_000 + place,
    )
