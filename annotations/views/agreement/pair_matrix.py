"""Reader by reader: how far each two of them agree, from the counts that the report holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.views.agreement import numbers
from annotations.views.agreement.numbers import Number
from ecgreview.agreement.coefficients import kernels

N_SHADES = 5
"""Steps of colour from a kappa of 0 to 1; what is below 0 has one of its own."""

FIELDS = (("n00", "n01"), ("n10", "n11"))
"""Of a pair of readers, as the 2 x 2 table they make."""


@dataclass(frozen=True, slots=True)
class Field:
    """What stands where the row of one reader meets the column of another.

    Attributes:
        first: the place of the one among the readers, from 0.
        second: the place of the other.
        kappa: Cohen's.
        n: exams (or exams by class) that both have read.
        n_both: in which both gave it.
        n_one: in which one of the two did.
        shade: the name of its colour; empty where there is no kappa.
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
    """One reader.

    Attributes:
        place: among the readers, from 0.
        name: as this person is told it.
        fields: towards each reader in their order; None: themselves, or nothing in common.
        mean: of the kappas with the others.
        n_pairs: so many of them there are.
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
        results: what ``ecgreview.agreement.report`` returned.
        names: of readers, by their names in the report.
        code: of a class; empty: all classes together, as if they were one.
        is_sorted: put whoever agrees least with the others first.
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
        ReaderRow(one.place, one.name, [one.fields[at] for at in order], one.mean, one.n_pairs)
        for one in (rows[at] for at in order)
    ]


def _tables(results: Mapping[str, Any], code: str) -> NDArray[np.float64]:
    """Return the 2 x 2 tables of all pairs, shape (n_pairs, 2, 2)."""
    codes = [one["class"] for one in results["classes"]]
    columns = [codes.index(code)] if code else range(len(codes))
    tables = np.zeros((len(results["pairs"]), 2, 2))
    for row, names in enumerate(FIELDS):
        for column, name in enumerate(names):
            counts = np.array([one[name] for one in results["pairs"]], dtype=np.float64)
            tables[:, row, column] = counts[:, list(columns)].sum(axis=1)
    return tables


def _fields(
    pairs: Sequence[Mapping[str, Any]], tables: NDArray[np.float64]
) -> dict[tuple[int, int], Field]:
    """Return the field of each pair of readers, both ways round."""
    found = {}
    kappas = kernels.cohen_kappa(tables).coefficients()
    for pair, table, kappa in zip(pairs, tables, kappas, strict=True):
        first, second = pair["readers"]
        if not table.sum():
            continue
        said = numbers.number({"estimate": kappa.value, "reason": kappa.reason})
        one = Field(
            first=first,
            second=second,
            kappa=said,
            n=int(table.sum()),
            n_both=int(table[1, 1]),
            n_one=int(table[0, 1] + table[1, 0]),
            shade=_shade(kappa.value),
        )
        found[first, second] = found[second, first] = one
    return found


def _row(
    place: int, name: str, places: Sequence[int], fields: Mapping[tuple[int, int], Field]
) -> ReaderRow:
    own = [fields.get((place, other)) for other in places]
    values = [one.kappa.value for one in own if one and one.kappa.value is not None]
    mean = numbers.number({"estimate": sum(values) / len(values) if values else None, "reason": ""})
    return ReaderRow(place, name, own, mean, len(values))


def _least_first(row: ReaderRow) -> tuple[bool, float]:
    return row.mean.value is None, row.mean.value or 0.0


def _shade(kappa: float | None) -> str:
    if kappa is None:
        return ""
    return "below" if kappa < 0 else f"s{min(int(kappa * N_SHADES), N_SHADES - 1)}"
