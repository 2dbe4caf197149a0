"""Predictions as a CSV file: a row per exam, a probability per class."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ecgreview.strict_files import Problem, Unreadable, closest
from ecgreview.strict_files.table import separator_of
from ecgreview.strict_files.text import decoded

EXAM = "exam"

MAX_BYTES = 32_000_000
MAX_PROBLEMS = 20

GZIP = b"\x1f\x8b"

# A decimal point, no thousands separators, none of the other spellings that ``float`` accepts.
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


class UnreadablePredictions(Unreadable):
    """The file cannot be scored."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Probabilities of a model.

    Attributes:
        codes: the predicted classes, in the order of the columns.
        values: shape (n_exams, n_codes), from 0 to 1; rows in the order of the expected exams.
    """

    codes: tuple[str, ...]
    values: NDArray[np.float64]


def read(
    source: bytes, *, exams: Sequence[str], codes: Collection[str], max_bytes: int = MAX_BYTES
) -> Predictions:
    """Return the predictions in a CSV file, which may be compressed with gzip.

    The first row names the columns: ``exam``, then classes. Every expected exam has one row, in any
    order, and every cell a number from 0 to 1.

    Args:
        source: the file; CSV is in UTF-8.
        exams: codes of the exams to predict.
        codes: codes of the classes that may be predicted.
        max_bytes: maximum size of the CSV.

    Raises:
        UnreadablePredictions: with at most ``MAX_PROBLEMS`` problems and their lines.
    """
    try:
        rows = _rows(decoded(_unpacked(source, max_bytes), max_bytes=max_bytes))
        _, heading = next(rows, (1, []))
        columns = [cell.strip() for cell in heading]
        _refuse(_heading_problems(columns, codes))
        return _predictions(rows, columns, exams)
    except Unreadable as error:
        raise UnreadablePredictions(*error.problems) from error


def _unpacked(source: bytes, max_bytes: int) -> bytes:
    """Return the content, of which at most one byte too many is decompressed."""
    if not source.startswith(GZIP):
        return source
    try:
        with gzip.open(io.BytesIO(source)) as unpacking:
            return unpacking.read(max_bytes + 1)
    except EOFError as error:
        problem = Problem(
            "", "is incomplete: its end is missing", "Send it again.", code="incomplete"
        )
        raise Unreadable(problem) from error
    except (OSError, zlib.error) as error:
        problem = Problem(
            "", "is damaged: gzip cannot unpack it", "Compress it again.", code="damaged"
        )
        raise Unreadable(problem) from error


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with the number of their last line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text), strict=True)
    try:
        for cells in reader:
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        reason = f"is not valid CSV ({error})"
        problem = Problem(
            "", reason, "Check the quotes in the file.", reader.line_num, code="not_csv"
        )
        raise Unreadable(problem) from error


def _predictions(
    rows: Iterable[tuple[int, list[str]]], columns: Sequence[str], exams: Sequence[str]
) -> Predictions:
    places = {exam: place for place, exam in enumerate(exams)}
    values = np.full((len(exams), len(columns) - 1), np.nan)
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for line, cells in rows:
        exam = cells[0].strip()
        of_exam = list(_exam_problems(exam, line, places, lines))
        of_row = list(_row_problems(cells, columns, line)) or of_exam
        problems += of_row
        if len(problems) >= MAX_PROBLEMS:
            break
        if not of_exam:
            # Also if a cell is wrong: the exam is not missing.
            lines[exam] = line
        if not of_row:
            values[places[exam]] = [float(cell) for cell in cells[1:]]
    else:
        problems += _missing(exams, lines)
    _refuse(problems)
    return Predictions(tuple(columns[1:]), values)


def _heading_problems(columns: Sequence[str], codes: Collection[str]) -> Iterator[Problem]:
    if not columns:
        yield Problem("", "the file is empty", "Fill the template of the release.", code="empty")
        return
    if columns[0] != EXAM:
        yield Problem(
            columns[0], "the first column is not exam", "Put it first.", 1, 1, "first_column"
        )
    if len(columns) == 1:
        yield Problem(
            "", "no class is predicted", "Add a column for each class.", 1, code="no_class"
        )
    for number, name in enumerate(columns[1:], start=2):
        if name not in codes:
            hint = closest(name, codes)
            yield Problem(
                name, "is not a class of the release", hint, 1, number, "unknown_class",
                {"name": name[:80]},
            )  # fmt: skip
        elif name in columns[: number - 1]:
            yield Problem(name, "appears twice", "Remove one.", 1, number, "twice", {"name": name})


def _row_problems(cells: Sequence[str], columns: Sequence[str], line: int) -> Iterator[Problem]:
    if len(cells) != len(columns):
        reason = f"the row has {len(cells)} cells, the header has {len(columns)}"
        yield Problem(
            "", reason, "Give a number for every class.", line, code="cells",
            details={"n": len(cells), "expected": len(columns)},
        )  # fmt: skip
        return
    for number, cell in enumerate(cells[1:], start=2):
        if not _is_probability(cell):
            reason = f"{cell[:40]!r} is not a number from 0 to 1"
            hint = "Write it with a decimal point, such as 0.25."
            yield Problem(
                columns[number - 1], reason, hint, line, number, "no_probability",
                {"cell": cell[:40]},
            )  # fmt: skip


def _is_probability(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None and float(cell) <= 1


def _exam_problems(
    exam: str, line: int, places: Collection[str], lines: dict[str, int]
) -> Iterator[Problem]:
    if exam not in places:
        hint = "Predict only exams whose labels are embargoed in this release."
        yield Problem(
            EXAM, f"{exam[:40]!r} is not an exam to predict", hint, line, 1, "unknown_exam",
            {"exam": exam[:40]},
        )  # fmt: skip
    elif exam in lines:
        reason = f"{exam} is already in line {lines[exam]}"
        yield Problem(
            EXAM, reason, "Remove one of the rows.", line, 1, "exam_twice",
            {"exam": exam, "first": lines[exam]},
        )  # fmt: skip


def _missing(exams: Sequence[str], found: Collection[str]) -> Iterator[Problem]:
    missing = [exam for exam in exams if exam not in found]
    if missing:
        listed = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        reason = f"{len(missing)} of {len(exams)} exams are missing: {listed}"
        yield Problem(
            "", reason, "Predict every exam of the template.", code="exams_missing",
            details={"n": len(missing), "total": len(exams), "exams": listed},
        )  # fmt: skip


def _refuse(problems: Iterable[Problem]) -> None:
    listed = list(islice(problems, MAX_PROBLEMS))
    if listed:
        raise Unreadable(*listed)
