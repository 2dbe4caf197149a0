"""A small release for tests of the domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ecgreview import taxonomy
from ecgreview.ecg.signal import Signal
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

TAXONOMY = taxonomy.load()
CODES = [item.code for item in TAXONOMY.classes]

FACTS = Facts(
    study="Morning list", slug="morning-list", version="1.0", released_on="2026-03",
    program_version="0.1.0", protocol_version=1, protocol_digest="0" * 64,
    rule="majority_per_class 2", rule_parameters={}, taxonomy=TAXONOMY, licence="CC-BY-4.0",
    authors=("Ana Lima",), sources=(Source("=Ward 3", "CC0-1.0", "", is_synthetic=False),),
    has_signals=False, folds=2, n_exams=3, n_readings=2, n_readers=2,
)  # fmt: skip

ABSENT = Label(LabelState.ABSENT, "unanimous", 0, 2)
PRESENT = Label(LabelState.PRESENT, "majority", 2, 3, 0.987654321)
DISPUTED = Label(LabelState.UNDECIDED, "tie", 1, 2)
NOT_ASSESSED = Label(LabelState.NOT_ASSESSED, "unreadable", 0, 0)


def exam(number: int, **labels: Label) -> ReleasedExam:
    return ReleasedExam(
        number=number, code=f"EXAM000{number}", source="=Ward 3", source_key="a1b2", patient="",
        age_years=61.5, is_over_89=False, sex="F", fold=1, split="", outcome="majority",
        labels={code: labels.get(code, ABSENT) for code in CODES}, n_readings=2, n_unreadable=0,
        tracings=0,
    )  # fmt: skip


EXAMS = (
    exam(1, artifact=PRESENT),
    exam(2, artifact=DISPUTED),
    replace(exam(3), labels=dict.fromkeys(CODES, NOT_ASSESSED), age_years=None, is_over_89=True),
)
READINGS = (
    ReleasedReading(
        "EXAM0001", "reader-1", "person", "data", "good",
        (Finding("artifact", "probable", (Area(1, ("V1", "V2"), 0.5, 1.25),)),),
        frozenset({"normal_ecg"}), 58_000,
    ),
    ReleasedReading("EXAM0001", "reader-2", "model", "data", "unreadable", (), frozenset(), 0),
)  # fmt: skip


class Example:
    """Content with three exams and two readings."""

    facts = FACTS

    def exams(self) -> Iterator[ReleasedExam]:
        return iter(EXAMS)

    def readings(self) -> Iterator[ReleasedReading]:
        return iter(READINGS)

    def signals(self) -> Iterator[tuple[ReleasedExam, Sequence[Signal]]]:
        return iter(())
