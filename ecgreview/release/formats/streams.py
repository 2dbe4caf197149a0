"""Exams, readings and signals side by side, without holding more than one exam."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import TypeVar

from ecgreview.ecg.signal import Signal
from ecgreview.release.content import Content, ReleasedExam, ReleasedReading

Item = TypeVar("Item")

# Stands for all ages above 89, which releases do not tell apart.
OVER_89 = 90


def exams_with_readings(
    content: Content,
) -> Iterator[tuple[ReleasedExam, Sequence[ReleasedReading]]]:
    """Yield every exam with its readings, which may be none."""
    groups = groupby(content.readings(), key=attrgetter("exam"))
    code, group = next(groups, ("", iter(())))
    for exam in content.exams():
        readings: list[ReleasedReading] = []
        if exam.code == code:
            readings = list(group)
            code, group = next(groups, ("", iter(())))
        yield exam, readings


def signals_with_readings(
    content: Content,
) -> Iterator[tuple[ReleasedExam, Sequence[Signal], Sequence[ReleasedReading]]]:
    """Yield every exam that has tracings with its signals and readings."""
    both = exams_with_readings(content)
    for exam, signals in content.signals():
        readings = next(readings for other, readings in both if other.number == exam.number)
        yield exam, signals, readings


def file_name(exam: ReleasedExam) -> str:
    """Return a name of letters, digits, ``-`` and ``_`` that no other exam has."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", exam.code)
    return name if name == exam.code else f"{name}-{exam.number}"


def age_years(exam: ReleasedExam) -> int | None:
    """Return the age in whole years, ``OVER_89`` above 89, or None if unknown."""
    if exam.is_over_89:
        return OVER_89
    return None if exam.age_years is None else int(exam.age_years)


def batches(items: Iterable[Item], n: int) -> Iterator[list[Item]]:
    """Yield lists of ``n`` items; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, n)):
        yield batch
