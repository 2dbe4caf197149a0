"""The patient table published with readings: one row per exam, in the order of the readings."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

# Its file name in CODE-test.
FILE = "attributes.csv"

AGES = ("age", "age_years")
SEXES = ("sex", "gender")
PATIENTS = ("patient_id", "patient", "id_patient")
WORDS = {"m": "M", "male": "M", "f": "F", "female": "F"}
MAX_AGE = 130
MAX_ID = 120


@dataclass(frozen=True, slots=True)
class PatientTable:
    """The contents of a patient table.

    Attributes:
        columns: the names in its first row.
        used: the names that are recognized.
        ages: age at each exam, in years; None where missing.
        sexes: M or F for each exam; None where missing.
        patients: the patient of each exam; None where missing.
    """

    columns: tuple[str, ...]
    used: tuple[str, ...]
    ages: tuple[float | None, ...]
    sexes: tuple[str | None, ...]
    patients: tuple[str | None, ...]

    @property
    def n_exams(self) -> int:
        return len(self.ages)


def is_patient_table(file: str, content: bytes, classes: Sequence[str]) -> bool:
    """Return whether a file is a patient table rather than a reader's, by its name or columns."""
    if file.casefold() == FILE:
        return True
    columns = set(_columns(content))
    return bool(columns & {*AGES, *SEXES, *PATIENTS}) and not columns & {
        name.casefold() for name in classes
    }


def parse_patients(content: bytes) -> PatientTable:
    """Parse a patient table; cells that cannot be understood are treated as missing."""
    rows = list(_rows(content))
    columns = tuple(cell.strip() for cell in rows[0]) if rows else ()
    at = {name.casefold(): place for place, name in enumerate(columns)}
    recognized = {
        column: next((at[name] for name in names if name in at), None)
        for column, names in (("age", AGES), ("sex", SEXES), ("patient", PATIENTS))
    }

    def cells(column: str) -> list[str]:
        if (place := recognized[column]) is None:
            return [""] * len(rows[1:])
        return [row[place].strip() if place < len(row) else "" for row in rows[1:]]

    return PatientTable(
        columns=columns,
        used=tuple(columns[place] for place in recognized.values() if place is not None),
        ages=tuple(_age(cell) for cell in cells("age")),
        sexes=tuple(WORDS.get(cell.casefold()) for cell in cells("sex")),
        patients=tuple(cell if 0 < len(cell) <= MAX_ID else None for cell in cells("patient")),
    )


def _columns(content: bytes) -> list[str]:
    rows = _rows(content.partition(b"\n")[0])
    return [cell.strip().casefold() for cell in rows[0]] if rows else []


def _rows(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8-sig", errors="replace").replace("\0", "")
    heading = text.split("\n", 1)[0]
    separator = ";" if heading.count(";") > heading.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        return []
    return [row for row in rows if any(cell.strip() for cell in row)]


def _age(cell: str) -> float | None:
    try:
        age = float(cell)
    except ValueError:
        return None
    return age if math.isfinite(age) and 0 <= age <= MAX_AGE else None
