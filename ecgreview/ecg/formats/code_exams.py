"""``exams.csv`` of the CODE datasets: patient, age, sex and labels of each exam.

Labels are kept separate and used only for sampling: readers must not see them. Outcomes are not
read at all.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from .codes import RefusalCode
from .recording import Refused, Sex, plain_labels

NAME = "exams.csv"
MAX_BYTES = 256 * 2**20
MAX_AGE_YEARS = 120

_YES = frozenset({"true", "1"})

# Label columns. Column names are compared in lower case.
LABELS = ("1davb", "rbbb", "lbbb", "sb", "st", "af", "normal_ecg")

_SEXES: dict[str, Sex] = {"true": "M", "1": "M", "false": "F", "0": "F"}


@dataclass(frozen=True, slots=True)
class Patient:
    """Facts in ``exams.csv`` about one exam and its patient; None where missing."""

    key: str | None = None
    age_years: float | None = None
    sex: Sex | None = None
    labels: tuple[str, ...] = ()


def load(folder: Path, exam_ids: Collection[int]) -> dict[int, Patient]:
    """Return exam id -> patient, for those of ``exam_ids`` that ``exams.csv`` in ``folder``
    lists.

    Columns are found by name; a byte order mark and semicolons are tolerated. Empty when there
    is no such file. An id listed twice with different facts is omitted.

    Raises:
        Refused: the file is too large or a symbolic link, is not text, or has no ``exam_id``
            column.
    """
    path = folder / NAME
    if not path.is_file():
        return {}
    if path.is_symlink() or path.stat().st_size > MAX_BYTES:
        raise Refused(RefusalCode.EXAMS_CSV_SIZE, file=NAME, most=MAX_BYTES)
    ids = frozenset(exam_ids)
    patients: dict[int, Patient] = {}
    contradictory = set()
    for exam_id, patient in _rows(path):
        if exam_id in ids and patients.setdefault(exam_id, patient) != patient:
            contradictory.add(exam_id)
    return {key: patient for key, patient in patients.items() if key not in contradictory}


def _rows(path: Path) -> Iterator[tuple[int, Patient]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            delimiter = ";" if first.count(";") > first.count(",") else ","
            stream.seek(0)
            lines = csv.reader(stream, delimiter=delimiter)
            columns = [name.strip().lower() for name in next(lines, [])]
            if "exam_id" not in columns:
                raise _no_ids(columns)
            for cells in lines:
                row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
                with contextlib.suppress(ValueError):  # skip rows without an exam id
                    yield int(row.get("exam_id", "")), _patient(row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(RefusalCode.EXAMS_CSV_TEXT, file=NAME, error=str(error)) from error


def _no_ids(columns: list[str]) -> Refused:
    result = ", ".join(columns)[:80]
    return Refused(RefusalCode.EXAMS_CSV_COLUMN, file=NAME, found=result)


def _patient(row: dict[str, str]) -> Patient:
    return Patient(
        key=row.get("patient_id") or None,
        age_years=_age(row.get("age", "")),
        sex=_SEXES.get(row.get("is_male", "").lower()),
        labels=plain_labels(name for name in LABELS if row.get(name, "").lower() in _YES),
    )


def _age(written: str) -> float | None:
    try:
        age_years = float(written)
    except ValueError:
        return None
    return age_years if 0 <= age_years <= MAX_AGE_YEARS else None
