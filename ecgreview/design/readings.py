"""Planned and past readings of a design, stored as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .refusals import BadDesign

Ids = NDArray[np.int64]

# Patient id of an exam whose patient is unknown; no two such exams share a patient.
UNKNOWN = -1


class Row(NamedTuple):
    reader: int
    exam: int
    patient: int
    occurrence: int
    position: int
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Past or planned readings, one per row.

    Attributes:
        readers, exams, patients: shape (n,), ids; ``UNKNOWN`` for an unknown patient.
        occurrences: shape (n,); 1 for a first reading, 2 for its hidden repeat.
        positions: shape (n,); position in the reader's own order, from 1.
    """

    readers: Ids
    exams: Ids
    patients: Ids
    occurrences: Ids
    positions: Ids

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int, int, int]]) -> Readings:
        """Build readings from ``rows`` of (reader, exam, patient, occurrence, position)."""
        table = np.array(list(rows), dtype=np.int64).reshape(-1, 5)
        return cls(*np.ascontiguousarray(table.T))

    @classmethod
    def none(cls) -> Readings:
        return cls.of([])

    def __post_init__(self) -> None:
        shapes = {np.shape(getattr(self, column.name)) for column in fields(self)}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            raise BadDesign("readings", "the columns differ in length")

    def __len__(self) -> int:
        return len(self.readers)

    def chosen(self, where: NDArray[np.bool_] | NDArray[np.intp]) -> Readings:
        """Return the rows selected by a mask or by indices."""
        return Readings(*(getattr(self, column.name)[where] for column in fields(self)))

    def joined(self, later: Readings) -> Readings:
        """Return these rows followed by those of ``later``."""
        return Readings(
            *(
                np.concatenate([getattr(self, column.name), getattr(later, column.name)])
                for column in fields(self)
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A generated design: its new readings, sorted by reader and position.

    Attributes:
        readings: the new rows, without the history.
        digests: shape (n, 32), uint8; the order key of each row as bytes.
    """

    readings: Readings
    digests: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.readings)

    @property
    def keys(self) -> list[str]:
        """The order key of each row in 64 hex digits, as ``ordering.key`` returns it."""
        text = self.digests.tobytes().hex()
        return [text[start : start + 64] for start in range(0, len(text), 64)]

    def rows(self) -> Iterator[Row]:
        columns = [getattr(self.readings, column.name).tolist() for column in fields(Readings)]
        return map(Row, *columns, self.keys)
