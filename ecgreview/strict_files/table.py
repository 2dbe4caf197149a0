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
    """One row: its cells by column, trimmed; an absent cell is empty."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a CSV file.

    Attributes:
        columns: the names in the first row, in the order of the file.
        rows: those below that are not empty.
        problems: columns nobody knows or that are given twice, rows of the wrong length.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]

    def problem(self, row: Row, column: str, reason: str, hint: str = "") -> Problem:
        """Return a problem with the cell of ``row`` in ``column``."""
        number = self.columns.index(column) + 1 if column in self.columns else None
        return Problem(column, reason, hint, row.line, number)


def read_table(
    source: bytes | str,
    *,
    known: Collection[str],
    required: Collection[str],
    most_rows: int = MAX_ROWS,
    most_bytes: int = MAX_BYTES,
) -> Table:
    """Return the rows of a CSV file with a heading row.

    Cells are separated by commas, or by semicolons as spreadsheets in Portuguese do. The mark
    that Excel puts before UTF-8 is skipped.

    Args:
        source: the file; bytes must be UTF-8.
        known: the columns there may be.
        required: the columns there must be.
        most_rows: how many rows there may be below the heading.
        most_bytes: how large it may be.

    Raises:
        Unreadable: it is no UTF-8, larger than ``most_bytes``, without a heading row or with
            more than ``most_rows``, or it is broken as CSV.
    """
    text = decoded(source, most_bytes=most_bytes)
    heading = text.split("\n", 1)[0]
    separator = ";" if heading.count(";") > heading.count(",") else ","
    try:
        lines = list(_lines(text, separator))
    except csv.Error as error:
        reason = f"is not valid CSV ({error})"
        raise Unreadable(Problem("", reason, "Check the quotes in the file.")) from error
    if not lines:
        raise Unreadable(Problem("", "the file is empty", f"Columns: {', '.join(known)}."))
    if len(lines) - 1 > most_rows:
        reason = f"there are {len(lines) - 1} rows, more than {most_rows}"
        raise Unreadable(Problem("", reason, "Send what belongs here.", lines[most_rows + 1][0]))
    columns = tuple(cell.strip().lower() for cell in lines[0][1])
    problems = [*_heading_problems(columns, known, required)]
    rows = [_row(line, cells, columns, problems) for line, cells in lines[1:]]
    return Table(columns, tuple(rows), tuple(problems))


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
            yield Problem(name, "is a column nobody knows", closest(name, known), 1, number)
        elif name in columns[: number - 1]:
            yield Problem(name, "is a column that is there twice", "Remove one.", 1, number)
    for name in required:
        if name not in columns:
            yield Problem(name, "is a column that is missing", "Add it to the first row.", 1)


def _row(line: int, cells: list[str], columns: tuple[str, ...], problems: list[Problem]) -> Row:
    if len(cells) > len(columns):
        reason = f"the row has {len(cells)} cells, the heading {len(columns)}"
        hint = "Put cells that hold the separator between double quotes."
        problems.append(Problem("", reason, hint, line, len(columns) + 1))
    return Row(line, {name: cell.strip() for name, cell in zip(columns, cells, strict=False)})
