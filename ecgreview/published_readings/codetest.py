"""Readings in the form of CODE-test: a table of 0 and 1 for each reader, a row for each exam.

The rows of all tables are the same exams in the same order; nothing else tells which exam a row is.
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

CLASSES = ("1dAVb", "RBBB", "LBBB", "SB", "AF", "ST")
"""The columns, in the order of the array; in a file they may stand in any order."""

READERS = "annotations"
"""How CODE-test names the folder of the readers, beside which the patient table stands."""

INDEXES = ("", "Unnamed: 0")
"""How pandas names the column with the numbers of the rows: not at all, or so."""

MAX_READERS = 200
MAX_EXAMS = 100_000
MAX_BYTES = 20_000_000
MAX_NAME_LENGTH = 80
MAX_LISTED = 20
"""More problems are not told: after so many it is the wrong file."""

ANSWER = re.compile(r"([01])(\.0*)?")
COLUMNS = {name.lower(): name for name in (*INDEXES, *CLASSES)}
HINT = f"The columns are {', '.join(CLASSES)}, and for each exam a row of 0 and 1."


class BadReadings(ValueError):
    """The tables cannot be used; ``problems`` holds what is wrong, each with its file's name."""

    def __init__(self, problems: Iterable[tuple[str, Problem]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{file}: {problem}" for file, problem in self.problems))


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What every reader said of every exam.

    Attributes:
        readers: their names, which are those of their files, sorted.
        given: shape (n_readers, n_exams, n_classes), int8: 1 present, 0 absent; read-only.
        patients: the patient table that stood beside the readers; None without one.
    """

    readers: tuple[str, ...]
    given: NDArray[np.int8]
    patients: PatientTable | None = None

    @property
    def n_exams(self) -> int:
        """How many rows each table has."""
        return int(self.given.shape[1])


def read(folder: Path) -> Readings:
    """Return what the ``.csv`` files of ``folder`` say; each is a reader's, named for them.

    CODE-test was published with the readers in a folder ``annotations`` and a patient table beside
    it: either folder may be named. Files whose names begin with a point are passed over.

    Raises:
        BadReadings: there is no such folder, no file, one that cannot be read; or see ``parse``.
    """
    if not folder.is_dir():
        kind = "is a file, not a folder" if folder.exists() else "there is no such folder"
        hint = "Name the folder that holds a .csv file for each reader."
        raise BadReadings([(str(folder), Problem("", kind, hint))])
    files = sorted(one for one in _readers_of(folder).iterdir() if _is_csv(one))
    contents = {one.name: _content(one) for one in files}
    tables = [name for name in contents if is_patient_table(name, contents[name], CLASSES)]
    patients = [contents.pop(name) for name in tables]
    if not contents:
        hint = "Put a .csv file for each reader into it."
        raise BadReadings([(str(folder), Problem("", "the folder has no .csv file", hint))])
    if not patients and (beside := _patients_beside(folder)):
        patients = [_content(beside)]
    found = parse(contents)
    return replace(found, patients=parse_patients(patients[0])) if patients else found


def parse(files: Mapping[str, bytes]) -> Readings:
    """Return what the tables in ``files`` say, by the names of the files.

    Raises:
        BadReadings: a table has other columns or values, they differ in length, or two readers
            have one name; with everything that is wrong.
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
    given = np.stack([tables[file] for file in names])
    given.setflags(write=False)
    return Readings(tuple(map(_reader, names)), given)


def _readers_of(folder: Path) -> Path:
    """Return ``folder``, or the one within it that holds the readers beside a patient table."""
    within = folder / READERS
    own = [one for one in folder.iterdir() if _is_csv(one) and one.name.casefold() != FILE]
    return within if within.is_dir() and not own else folder


def _patients_beside(folder: Path) -> Path | None:
    """Return the patient table in ``folder``, or beside it where ``folder`` is that of readers."""
    places = [folder]
    if folder.resolve().name == READERS:
        places.append(folder.resolve().parent)
    found = (place / FILE for place in places)
    return next((one for one in found if one.is_file()), None)


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv" and not path.name.startswith(".")


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_BYTES:
            reason = f"the file is larger than {MAX_BYTES} bytes"
            raise BadReadings([(file.name, Problem("", reason, HINT))])
        return file.read_bytes()
    except IsADirectoryError as error:
        hint = "Take it out, or put the file itself there."
        raise BadReadings([(file.name, Problem("", "is a folder, not a file", hint))]) from error
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        hint = "Check its rights."
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
            reason = "its name is no reader's: it is empty, too long or has hidden characters"
            yield file, Problem("", reason, f"Rename it, to at most {MAX_NAME_LENGTH} characters.")
        other = first.setdefault(name.casefold(), file)
        if other != file:
            reason = f"names the same reader as {other}: they differ in case at most"
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
        Unreadable: it is none; with the first ``MAX_LISTED`` problems.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    if not content.strip():
        raise Unreadable(Problem("", "the file is empty", HINT))
    table = read_table(
        content,
        known=COLUMNS,
        required=[name.lower() for name in CLASSES],
        most_rows=MAX_EXAMS,
        most_bytes=MAX_BYTES,
    )
    found = table.problems or tuple(islice(_row_problems(table, content), MAX_LISTED))
    if found:
        told = (replace(one, key=COLUMNS.get(one.key, one.key)) for one in found[:MAX_LISTED])
        raise Unreadable(*told)
    columns = [name.lower() for name in CLASSES]
    rows = [[row.cells[name][0] == "1" for name in columns] for row in table.rows]
    return np.array(rows, dtype=np.int8)


def _row_problems(table: Table, content: bytes) -> Iterator[Problem]:
    if not table.rows:
        yield Problem("", "has no row below the names of its columns", HINT)
    yield from _left_out(table, content)
    for number, row in enumerate(table.rows, start=1):
        for name in CLASSES:
            if not ANSWER.fullmatch(told := row.cells.get(name.lower(), "")):
                reason = f"row {number} has {_shown(told)}, neither 0 nor 1"
                yield table.problem(row, name.lower(), reason, "Write 0 or 1.")
    for name in INDEXES:
        if name.lower() in table.columns:
            yield from _index_problem(table, name.lower())


def _left_out(table: Table, content: bytes) -> Iterator[Problem]:
    """Yield a problem for an empty row: without it, every later row would be another exam's."""
    hint = "Fill it in, or take the line out of every file."
    above = 1 + content[: -len(content.lstrip())].count(b"\n")  # the line of the heading
    for row in table.rows:
        if row.line != above + 1:
            yield Problem("", "the row is empty, but others follow", hint, above + 1)
        above = row.line
    last = content.rstrip().rsplit(b"\n", 1)[-1]
    if table.rows and not last.strip(b' ,;"\t\r'):
        yield Problem("", "the last row is empty", hint, table.rows[-1].line + 1)


def _index_problem(table: Table, name: str) -> Iterator[Problem]:
    """Yield the first row whose number in the column without a name is not that of its place."""
    start = 0 if table.rows and table.rows[0].cells.get(name) == "0" else 1
    for number, row in enumerate(table.rows, start=start):
        if (told := row.cells.get(name, "")) != str(number):
            reason = f"the column of row numbers has {_shown(told)} where {number} is due"
            hint = "The order of the rows tells which exam each is: restore it or drop the column."
            yield table.problem(row, name, reason, hint)
            return


def _shown(text: str) -> str:
    return "nothing" if not text else repr(text if len(text) <= 40 else f"{text[:40]}…")
