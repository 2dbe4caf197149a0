"""The labels of a release in a compact form, kept to compare it with later releases."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ecgreview.release.content import LabelState, ReleasedExam

LETTERS = {
    LabelState.PRESENT: "P",
    LabelState.ABSENT: "A",
    LabelState.UNDECIDED: "U",
    LabelState.INCOMPLETE: "I",
    LabelState.NOT_ASSESSED: "N",
}
STATES = {letter: state for state, letter in LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One exam of a release.

    Attributes:
        group: name of the group of exams that must be in one fold, such as those of a patient.
        fold: 0 if it has none.
        states: a letter of ``LETTERS`` for each class of the index.
    """

    exam: str
    group: str
    fold: int
    outcome: str
    states: str


def line(exam: ReleasedExam, group: str) -> Line:
    """Return the line of an exam."""
    states = "".join(LETTERS[label.state] for label in exam.labels.values())
    return Line(exam.code, group, exam.fold or 0, exam.outcome, states)


def pack(codes: Sequence[str], lines: Iterable[Line]) -> bytes:
    """Return an index as bytes; ``codes`` are the classes in the order of ``Line.states``."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        file.write(f"{' '.join(codes)}\n".encode())
        for item in lines:
            cells = (item.exam, item.group, str(item.fold), item.outcome, item.states)
            file.write(("\t".join(cells) + "\n").encode())
    return buffer.getvalue()


def codes(packed: bytes) -> list[str]:
    """Return the codes of the classes of an index."""
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
        return file.readline().decode().split()


def lines(packed: bytes) -> Iterator[Line]:
    """Yield the exams of an index in the order of their codes."""
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
        file.readline()
        for row in file:
            exam, group, fold, outcome, states = row.decode().rstrip("\n").split("\t")
            yield Line(exam, group, int(fold), outcome, states)
