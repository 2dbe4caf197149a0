"""Synthetic readings in the format of CODE-test, with known agreement: a CSV file per reader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgreview.published_readings import CLASSES

N_EXAMS = 827
"""The number of exams in CODE-test."""

PAIRS: Mapping[str, tuple[int, int, int, int]] = {
    "1dAVb": (20, 5, 10, 792),
    "RBBB": (30, 4, 1, 792),
    "LBBB": (30, 0, 0, 797),
    "SB": (15, 1, 2, 809),
    "AF": (0, 13, 13, 801),
    "ST": (0, 0, 0, 827),
}
"""Per class, the number of exams in which both readers, only the first, only the second, or
neither marked it.
"""


def table(cells: NDArray[np.int8], *, has_index: bool = False) -> str:
    """Return the CSV file of one reader from ``cells`` of shape (n_exams, n_classes)."""
    lines = [",".join(CLASSES), *(",".join(map(str, row)) for row in cells.tolist())]
    if has_index:
        lines = [f"{'' if line == 0 else line - 1},{text}" for line, text in enumerate(lines)]
    return "\n".join(lines) + "\n"


def pair() -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return the cells of two readers who agree as in ``PAIRS``, each of shape (827, 6)."""
    first = np.zeros((N_EXAMS, len(CLASSES)), dtype=np.int8)
    second = first.copy()
    for column, code in enumerate(CLASSES):
        both, only_first, only_second, _ = PAIRS[code]
        first[: both + only_first, column] = 1
        second[:both, column] = 1
        second[both + only_first : both + only_first + only_second, column] = 1
    return first, second


def kappa(code: str) -> float:
    """Return Cohen's kappa of the two readers of ``pair``, from its definition."""
    both, only_first, only_second, neither = PAIRS[code]
    first, second = both + only_first, both + only_second
    observed = (both + neither) / N_EXAMS
    chance = (first * second + (N_EXAMS - first) * (N_EXAMS - second)) / N_EXAMS**2
    return (observed - chance) / (1 - chance)


def two_cardiologists(shared_data: Path, folder: Path) -> Path:
    """Copy the published readings of 100 exams by two cardiologists into ``folder``; return it."""
    for number in (1, 2):
        name = f"code_test_cardiologist{number}_first100.csv"
        (folder / name).write_bytes((shared_data / "readers" / name).read_bytes())
    return folder


def write(folder: Path, tables: Mapping[str, NDArray[np.int8]]) -> Path:
    """Write a file for each reader, and return the folder."""
    folder.mkdir(exist_ok=True)
    for reader, cells in tables.items():
        (folder / f"{reader}.csv").write_text(table(cells), encoding="utf-8")
    return folder
