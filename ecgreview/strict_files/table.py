"""CSV as rows of named cells that remember their lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from .problem import Problem, Unreadable, closest
from .text import MAX_BYTES, decoded

MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, trimmed. A short row lacks the last columns."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a CSV file.

    Attributes:
        columns: the names in the first row, in the order of the file.
        rows: the rows below that are not empty.
        problems: unknown, repeated or missing columns, and rows with too many cells.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]

    def problem(self, row: Row, column: str, reason: str, hint: str = "") -> Problem:
        number = self.columns.index(column) + 1 if column in self.columns else None
        return Problem(column, reason, hint, row.line, number)


def read_table(
    source: bytes | str,
    *,
    known: Collection[str],
    required: Collection[str],
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
) -> Table:
    """Return the rows of a CSV file with a header row.

    Cells are separated by commas, or by semicolons as in Portuguese spreadsheets. The byte
    order mark that Excel writes is skipped.

    Args:
        source: the file; bytes must be UTF-8.
        known: allowed columns.
        required: required columns.
        max_rows: maximum number of rows below the header.
        max_bytes: maximum size.

    Raises:
        Unreadable: not UTF-8, larger than ``max_bytes``, without a header row, with more than
            ``max_rows`` rows, or malformed CSV.
    """
    text = decoded(source, max_bytes=max_bytes)
    try:
        lines = list(_lines(text, separator_of(text)))
    except csv.Error as error:
        reason = f"is not valid CSV ({error})"
        raise Unreadable(Problem("", reason, "Check the quotes in the file.")) from error
    if not lines:
        raise Unreadable(Problem("", "the file is empty", f"Columns: {', '.join(known)}."))
    if len(lines) - 1 > max_rows:
        reason = f"there are {len(lines) - 1} rows, more than {max_rows}"
        raise Unreadable(
            Problem("", reason, "Check that this is the right file.", lines[max_rows + 1][0])
        )
    columns = tuple(cell.strip().lower() for cell in lines[0][1])
    problems = [*_heading_problems(columns, known, required)]
    rows = [_row(line, cells, columns, problems) for line, cells in lines[1:]]
    return Table(columns, tuple(rows), tuple(problems))


def separator_of(text: str) -> str:
    """Return the separator of a CSV file: a semicolon if its first row has more of them."""
    heading = text.split("\n", 1)[0]
    return ";" if heading.count(";") > heading.count(",") else ","


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield start, cells
        start = reader.line_num + 1


def _heading_problems(
    columns: tuple[str, ...], known: Collection[str], required: Collection[str]
) -> Iterator[Problem]:
    for number, name in enumerate(columns, start=1):
        if name not in known:
            yield Problem(name, "is not a known column", closest(name, known), 1, number)
        elif name in columns[: number - 1]:
            yield Problem(name, "appears twice", "Remove one.", 1, number)
    for name in required:
        if name not in columns:
            yield Problem(name, "is missing", "Add it to the first row.", 1)


def _row(line: int, cells: list[str], columns: tuple[str, ...], problems: list[Problem]) -> Row:
    if len(cells) > len(columns):
        reason = f"the row has {len(cells)} cells, the header has {len(columns)}"
        hint = "Put cells that contain the separator in double quotes."
        problems.append(Problem("", reason, hint, line, len(columns) + 1))
    return Row(line, {name: cell.strip() for name, cell in zip(columns, cells, strict=False)})
