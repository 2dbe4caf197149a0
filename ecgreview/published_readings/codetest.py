"""Readings in the format of CODE-test: a table of 0 and 1 per reader, with one row per exam.

The rows of all tables are the same exams in the same order; nothing else identifies a row's exam.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgreview.strict_files import Problem, Table, Unreadable, has_hidden, read_table

from .patients import FILE, PatientTable, is_patient_table, parse_patients

# The columns, in the order of the array; files may have them in any order.
CLASSES = ("1dAVb", "RBBB", "LBBB", "SB", "AF", "ST")

# CODE-test's folder of readers; the patient table is next to it.
READERS = "annotations"

# How pandas names the column of row numbers.
INDEXES = ("", "Unnamed: 0")

MAX_READERS = 200
MAX_EXAMS = 100_000
MAX_BYTES = 20_000_000
MAX_NAME_LENGTH = 80
# Maximum number of problems to list. A file with more is probably the wrong file.
MAX_LISTED = 20

ANSWER = re.compile(r"([01])(\.0*)?")
COLUMNS = {name.lower(): name for name in (*INDEXES, *CLASSES)}
HINT = f"The columns are {', '.join(CLASSES)}, and for each exam a row of 0 and 1."


class BadReadings(ValueError):
    """The tables cannot be used; ``problems`` lists what is wrong, each with its file's name."""

    def __init__(self, problems: Iterable[tuple[str, Problem]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{file}: {problem}" for file, problem in self.problems))


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """The answers of all readers for all exams.

    Attributes:
        readers: names of the readers, which are those of their files, sorted.
        states: shape (n_readers, n_exams, n_classes), int8: 1 present, 0 absent; read-only.
        patients: the patient table next to the readers; None if there is none.
    """

    readers: tuple[str, ...]
    states: NDArray[np.int8]
    patients: PatientTable | None = None

    @property
    def n_exams(self) -> int:
        """The number of rows of each table."""
        return int(self.states.shape[1])


def read(folder: Path) -> Readings:
    """Return the readings in the ``.csv`` files of ``folder``, one file per reader.

    CODE-test was published with the readers in a folder ``annotations`` and a patient table
    next to it; either folder may be given. Hidden files are ignored.

    Raises:
        BadReadings: the folder does not exist or has no such file, or a file cannot be read; or as
            in ``parse``.
    """
    if not folder.is_dir():
        kind = "is a file, not a folder" if folder.exists() else "there is no such folder"
        hint = "Name the folder that holds a .csv file for each reader."
        raise BadReadings([(str(folder), Problem("", kind, hint))])
    files = sorted(path for path in _readers_of(folder).iterdir() if _is_csv(path))
    contents = {path.name: _content(path) for path in files}
    tables = [name for name in contents if is_patient_table(name, contents[name], CLASSES)]
    patients = [contents.pop(name) for name in tables]
    if not contents:
        hint = "Put a .csv file for each reader into it."
        raise BadReadings([(str(folder), Problem("", "the folder has no .csv file", hint))])
    if not patients and (beside := _patients_beside(folder)):
        patients = [_content(beside)]
    readings = parse(contents)
    return replace(readings, patients=parse_patients(patients[0])) if patients else readings


def parse(files: Mapping[str, bytes]) -> Readings:
    """Return the readings in ``files``, tables by file name.

    Raises:
        BadReadings: a table has other columns or values, tables differ in length, or two readers
            have the same name; lists at most ``MAX_LISTED`` problems of a table.
    """
    problems = [*_name_problems(list(files))]
    tables: dict[str, NDArray[np.int8]] = {}
    for file, content in files.items():
        try:
            tables[file] = _table(content)
        except Unreadable as refusal:
            problems += [(file, problem) for problem in refusal.problems]
    if not problems:
        problems += _length_problems({file: len(table) for file, table in tables.items()})
    if problems:
        raise BadReadings(problems)
    names = sorted(tables, key=_reader)
    states = np.stack([tables[file] for file in names])
    states.setflags(write=False)
    return Readings(tuple(map(_reader, names)), states)


def _readers_of(folder: Path) -> Path:
    """Return ``folder``, or its subfolder ``annotations`` if only that has readers' files."""
    within = folder / READERS
    own = [path for path in folder.iterdir() if _is_csv(path) and path.name.casefold() != FILE]
    return within if within.is_dir() and not own else folder


def _patients_beside(folder: Path) -> Path | None:
    """Return the patient table in ``folder``, or next to it if ``folder`` is that of readers.

    Returns None if there is none.
    """
    places = [folder]
    if folder.resolve().name == READERS:
        places.append(folder.resolve().parent)
    candidates = (place / FILE for place in places)
    return next((path for path in candidates if path.is_file()), None)


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv" and not path.name.startswith(".")


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_BYTES:
            reason = f"the file is larger than {MAX_BYTES} bytes"
            raise BadReadings([(file.name, Problem("", reason, HINT))])
        return file.read_bytes()
    except IsADirectoryError as error:
        hint = "Remove it, or copy the file itself there."
        raise BadReadings([(file.name, Problem("", "is a folder, not a file", hint))]) from error
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        hint = "Check its permissions."
        raise BadReadings([(file.name, Problem("", reason, hint))]) from error


def _reader(file: str) -> str:
    return unicodedata.normalize("NFKC", Path(file).stem.strip())


def _name_problems(files: Sequence[str]) -> Iterator[tuple[str, Problem]]:
    if len(files) > MAX_READERS:
        reason = f"is one of {len(files)} files, more than {MAX_READERS} readers"
        yield files[MAX_READERS], Problem("", reason, "Import them into several studies.")
    first: dict[str, str] = {}
    for file in files:
        name = _reader(file)
        if not name or len(name) > MAX_NAME_LENGTH or has_hidden(name):
            reason = (
                "its name is not valid for a reader: it is empty, too long or has hidden characters"
            )
            yield file, Problem("", reason, f"Rename it, to at most {MAX_NAME_LENGTH} characters.")
        other = first.setdefault(name.casefold(), file)
        if other != file:
            reason = f"has the same reader name as {other} (case is ignored)"
            yield file, Problem("", reason, "Rename one of them.")


def _length_problems(lengths: Mapping[str, int]) -> Iterator[tuple[str, Problem]]:
    if not lengths:
        return
    ((usual, _),) = Counter(lengths.values()).most_common(1)
    model = next(file for file, length in lengths.items() if length == usual)
    for file, length in lengths.items():
        if length != usual:
            reason = f"has {length} rows, but {model} has {usual}"
            hint = "Every file holds the same exams, in the same order."
            yield file, Problem("", reason, hint)


def _table(content: bytes) -> NDArray[np.int8]:
    """Return the table of one file, of shape (n_exams, n_classes).

    Raises:
        Unreadable: the table is malformed; lists the first ``MAX_LISTED`` problems.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    if not content.strip():
        raise Unreadable(Problem("", "the file is empty", HINT))
    table = read_table(
        content,
        known=COLUMNS,
        required=[name.lower() for name in CLASSES],
        max_rows=MAX_EXAMS,
        max_bytes=MAX_BYTES,
    )
    problems = table.problems or tuple(islice(_row_problems(table, content), MAX_LISTED))
    if problems:
        listed = (
            replace(problem, key=COLUMNS.get(problem.key, problem.key))
            for problem in problems[:MAX_LISTED]
        )
        raise Unreadable(*listed)
    columns = [name.lower() for name in CLASSES]
    rows = [[row.cells[name][0] == "1" for name in columns] for row in table.rows]
    return np.array(rows, dtype=np.int8)


def _row_problems(table: Table, content: bytes) -> Iterator[Problem]:
    if not table.rows:
        yield Problem("", "has no rows below the header", HINT)
    yield from _left_out(table, content)
    for number, row in enumerate(table.rows, start=1):
        for name in CLASSES:
            if not ANSWER.fullmatch(text := row.cells.get(name.lower(), "")):
                reason = f"row {number} has {_quoted(text)}, neither 0 nor 1"
                yield table.problem(row, name.lower(), reason, "Write 0 or 1.")
    for name in INDEXES:
        if name.lower() in table.columns:
            yield from _index_problem(table, name.lower())


def _left_out(table: Table, content: bytes) -> Iterator[Problem]:
    """Yield a problem for each gap of empty rows, which would shift later rows to other exams."""
    hint = "Fill it in, or delete the line in every file."
    above = 1 + content[: -len(content.lstrip())].count(b"\n")  # the line of the header
    for row in table.rows:
        if row.line != above + 1:
            yield Problem("", "the row is empty, but others follow", hint, above + 1)
        above = row.line
    last = content.rstrip().rsplit(b"\n", 1)[-1]
    if table.rows and not last.strip(b' ,;"\t\r'):
        yield Problem("", "the last row is empty", hint, table.rows[-1].line + 1)


def _index_problem(table: Table, name: str) -> Iterator[Problem]:
    """Yield a problem for the first row whose number in column ``name`` is not its position."""
    start = 0 if table.rows and table.rows[0].cells.get(name) == "0" else 1
    for number, row in enumerate(table.rows, start=start):
        if (text := row.cells.get(name, "")) != str(number):
            reason = f"the column of row numbers has {_quoted(text)} where {number} is expected"
            hint = "Rows are matched to exams by order. Restore the order, or remove the column."
            yield table.problem(row, name, reason, hint)
            return


def _quoted(text: str) -> str:
    return "nothing" if not text else repr(text if len(text) <= 40 else f"{text[:40]}…")
