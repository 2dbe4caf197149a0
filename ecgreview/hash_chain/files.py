"""The rows of exported audit trails, and a reader of the CSV and JSON Lines files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from .entry import Entry, Event, Link

# Columns of both formats; the first four belong to the link.
COLUMNS = (
    *("seq", "chained_at", "previous", "digest", "event", "at", "actor", "actor_name"),
    *("action", "study", "object_type", "object_id", "before", "after", "reason"),
)

# Columns in which an empty CSV cell means null, because their values are never empty.
NULLABLE = frozenset({"chained_at", "at", "actor", "study"})

# Characters that make a spreadsheet treat a cell as a formula.
FORMULA_STARTS = frozenset("=+-@\t\r")

QUOTE = "'"
MAX_CELL = 100_000_000
N_LINK = 4


class MalformedFile(ValueError):
    """The file is not an export of an audit trail."""


def cell(text: str | None) -> str:
    """Escape ``text`` so that spreadsheets do not run it as a formula; see ``text_of``."""
    if text is None:
        return ""
    return QUOTE + text if text[:1] in FORMULA_STARTS or text[:1] == QUOTE else text


def text_of(written: str) -> str:
    """Reverse the escaping of ``cell``."""
    return written[1:] if written[:1] == QUOTE else written


def row(entry: Entry) -> list[str | None]:
    """Return the values of ``COLUMNS`` for ``entry``.

    Raises:
        MalformedFile: the link or the event is missing.
    """
    link, event = entry
    if link is None or event is None:
        raise MalformedFile(entry)
    return [str(link.seq), link.chained_at, link.previous, link.digest, *event]


def read(path: Path) -> Iterator[Entry]:
    """Yield the rows of an exported file, in constant memory.

    Raises:
        MalformedFile: the file is not an export of an audit trail.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            for number, values in enumerate(_rows(file), start=1):
                yield _entry(values, number)
        except (csv.Error, UnicodeDecodeError) as error:
            raise MalformedFile(str(error)) from error


def _rows(file: TextIO) -> Iterator[dict[str, Any]]:
    is_json = file.read(1) == "{"
    file.seek(0)
    return _json_rows(file) if is_json else _csv_rows(file)


def _json_rows(file: TextIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, start=1):
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            message = f"line {number} is not JSON"
            raise MalformedFile(message) from error
        if not isinstance(values, dict):
            message = f"line {number} is not an object"
            raise MalformedFile(message)
        yield values


def _csv_rows(file: TextIO) -> Iterator[dict[str, Any]]:
    before = csv.field_size_limit(MAX_CELL)  # a process-wide setting, restored below
    try:
        for values in csv.DictReader(file):
            yield {
                name: None if not written and name in NULLABLE else text_of(written or "")
                for name, written in values.items()
                if isinstance(name, str)
            }
    finally:
        csv.field_size_limit(before)


def _entry(values: dict[str, Any], number: int) -> Entry:
    """Convert a row to an entry.

    Raises:
        MalformedFile: the columns differ from ``COLUMNS``, or a value has the wrong type.
    """
    cells = [values.get(name) for name in COLUMNS]
    seq = str(cells[0])
    are_texts = all(value is None or isinstance(value, str | int) for value in cells)
    if set(values) != set(COLUMNS) or not are_texts or not (seq.isascii() and seq.isdigit()):
        message = f"row {number} does not belong to an exported audit trail"
        raise MalformedFile(message)
    texts = [None if value is None else str(value) for value in cells]
    link = Link(int(seq[:18]), texts[1], texts[2] or "", texts[3] or "")
    return Entry(link, Event(*texts[N_LINK:]))
