"""The matrix of pairwise kappas, computed from the counts in a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.views.agreement import numbers
from annotations.views.agreement.numbers import Number
from ecgreview.agreement.coefficients import kernels

# Color steps for kappas from 0 to 1; negative kappas have a color of their own.
N_SHADES = 5

# The cells of the 2 x 2 table of a pair, by their names in reports.
FIELDS = (("n00", "n01"), ("n10", "n11"))


@dataclass(frozen=True, slots=True)
class Field:
    """A cell of the matrix.

    Attributes:
        first: index of one reader, from 0.
        second: index of the other.
        kappa: Cohen's kappa.
        n: exams (or exam-class combinations) that both have read.
        n_both: those that both marked.
        n_one: those that only one of them marked.
        shade: name of the color; empty without a kappa.
    """

    first: int
    second: int
    kappa: Number
    n: int
    n_both: int
    n_one: int
    shade: str


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A row of the matrix: the kappas of one reader.

    Attributes:
        place: index of the reader, from 0.
        name: the name that the user may see.
        fields: a cell per reader, in the order of the rows; None on the diagonal and for pairs
            without common exams.
        mean: mean of the kappas with the other readers.
        n_pairs: number of these kappas.
    """

    place: int
    name: str
    fields: Sequence[Field | None]
    mean: Number
    n_pairs: int


def matrix(
    results: Mapping[str, Any], names: Mapping[str, str], code: str, *, is_sorted: bool
) -> list[ReaderRow]:
    """Return a row for each reader who shares an exam with another.

    Args:
        results: the results of ``ecgreview.agreement.report``.
        names: display names by reader ID.
        code: the code of a class; empty to pool all classes.
        is_sorted: sort by mean kappa, lowest first.
    """
    pairs = results["pairs"]
    if not pairs:
        return []
    tables = _tables(results, code)
    fields = _fields(pairs, tables)
    places = [
        place for place in range(len(results["readers"])) if any(place in at for at in fields)
    ]
    rows = [_row(place, names[results["readers"][place]], places, fields) for place in places]
    if not is_sorted:
        return rows
    order = sorted(range(len(rows)), key=lambda row: _least_first(rows[row]))
    return [
        ReaderRow(
            reader_row.place,
            reader_row.name,
            [reader_row.fields[at] for at in order],
            reader_row.mean,
            reader_row.n_pairs,
        )
        for reader_row in (rows[at] for at in order)
    ]


def _tables(results: Mapping[str, Any], code: str) -> NDArray[np.float64]:
    """Return the 2 x 2 tables of all pairs, shape (n_pairs, 2, 2)."""
    codes = [row["class"] for row in results["classes"]]
    columns = [codes.index(code)] if code else range(len(codes))
    tables = np.zeros((len(results["pairs"]), 2, 2))
    for row, names in enumerate(FIELDS):
        for column, name in enumerate(names):
            counts = np.array([pair[name] for pair in results["pairs"]], dtype=np.float64)
            tables[:, row, column] = counts[:, list(columns)].sum(axis=1)
    return tables


def _fields(
    pairs: Sequence[Mapping[str, Any]], tables: NDArray[np.float64]
) -> dict[tuple[int, int], Field]:
    """Return the cell of each pair, under both orders of its readers."""
    fields = {}
    kappas = kernels.cohen_kappa(tables).coefficients()
    for pair, table, kappa in zip(pairs, tables, kappas, strict=True):
        first, second = pair["readers"]
        if not table.sum():
            continue
        kappa_text = numbers.number({"estimate": kappa.value, "reason": kappa.reason})
        field = Field(
            first=first,
            second=second,
            kappa=kappa_text,
            n=int(table.sum()),
            n_both=int(table[1, 1]),
            n_one=int(table[0, 1] + table[1, 0]),
            shade=_shade(kappa.value),
        )
        fields[first, second] = fields[second, first] = field
    return fields


def _row(
    place: int, name: str, places: Sequence[int], fields: Mapping[tuple[int, int], Field]
) -> ReaderRow:
    own = [fields.get((place, other)) for other in places]
    values = [field.kappa.value for field in own if field and field.kappa.value is not None]
    mean = numbers.number({"estimate": sum(values) / len(values) if values else None, "reason": ""})
    return ReaderRow(place, name, own, mean, len(values))


def _least_first(row: ReaderRow) -> tuple[bool, float]:
    return row.mean.value is None, row.mean.value or 0.0


def _shade(kappa: float | None) -> str:
    if kappa is None:
        return ""
    return "below" if kappa < 0 else f"s{min(int(kappa * N_SHADES), N_SHADES - 1)}"
