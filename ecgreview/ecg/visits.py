"""Read a CSV file that states the patient and relative day of each exam."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecgreview.strict_files import Problem, Row, Table, Unreadable, read_table

COLUMNS = ("source_key", "patient", "day")
MAX_ROWS = 1_000_000
MAX_BYTES = 128 * 2**20
# More days than a lifetime. Larger numbers are dates written as a number, such as 20240131.
MAX_DAY = 50_000

_DAY = re.compile(r"[+-]?[0-9]{1,7}")


@dataclass(frozen=True, slots=True)
class Visit:
    """One exam of a patient.

    Attributes:
        source_key: name of the exam in its data set, such as ``records500/00001_hr.hea``.
        patient: pseudonym of the patient in the data set.
        day: days since an arbitrary reference day, which differs by patient; never a date.
        line: line in the file, counted from 1.
    """

    source_key: str
    patient: str
    day: int
    line: int


def read_visits(source: bytes | str) -> list[Visit]:
    """Return the visits of a CSV file with the columns ``source_key``, ``patient``, ``day``.

    Raises:
        Unreadable: the file is not a valid table; lists the problems with their lines.
    """
    table = read_table(
        source, known=COLUMNS, required=COLUMNS, max_rows=MAX_ROWS, max_bytes=MAX_BYTES
    )
    problems = [*table.problems]
    if not problems:
        problems += [problem for row in table.rows for problem in _problems(table, row)]
        problems += _repeated(table)
    if problems:
        raise Unreadable(*problems)
    return [
        Visit(row.cells["source_key"], row.cells["patient"], int(row.cells["day"]), row.line)
        for row in table.rows
    ]


def _problems(table: Table, row: Row) -> list[Problem]:
    missing = [column for column in COLUMNS if not row.cells.get(column)]
    if missing:
        return [table.problem(row, column, "is empty", "Fill it in.") for column in missing]
    day = row.cells["day"]
    if _DAY.fullmatch(day) and abs(int(day)) <= MAX_DAY:
        return []
    reason = f"{day[:40]!r} is not a number of days up to {MAX_DAY}"
    hint = "Write whole days since the patient's first exam; dates are never stored."
    return [table.problem(row, "day", reason, hint)]


def _repeated(table: Table) -> list[Problem]:
    lines: dict[str, int] = {}
    result = []
    for row in table.rows:
        key = row.cells.get("source_key", "")
        if (before := lines.setdefault(key, row.line)) != row.line:
            reason = f"{key[:80]!r} is also in line {before}"
            result.append(table.problem(row, "source_key", reason, "Keep one of them."))
    return result
