"""Chart data for the agreement pages, as plain values that can be dumped to JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Series:
    """A named set of points, with or without intervals.

    Attributes:
        name: text in the legend.
        look: "main", "other", "faint" or "curve".
        x: numbers, or row names.
        y: numbers, or row names.
        low: lower ends of the intervals; None where a point has none, empty if no point has one.
        high: upper ends of the intervals, in the same form as ``low``.
        is_line: draw a line without markers.
    """

    name: str
    look: str
    x: Sequence[float | str]
    y: Sequence[float | str | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    is_line: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """How an axis is labeled and scaled.

    Attributes:
        title: label, including the unit.
        is_share: values are shares from 0 to 1, shown in percent.
        is_points: values are differences of shares, shown in percentage points.
        is_log: use a logarithmic scale.
        from_zero: start at 0.
        lowest: lower end of an axis of shares.
        names: labels of the chart's rows or columns, in order; empty for a numeric axis.
    """

    title: str
    is_share: bool = False
    is_points: bool = False
    is_log: bool = False
    from_zero: bool = False
    lowest: float = 0.0
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. The page also shows its numbers in a table.

    Attributes:
        series: the last one is drawn on top.
        x: horizontal axis.
        y: vertical axis.
        across: draw intervals horizontally.
        line: value of a dashed reference line on the axis of the intervals, or None.
    """

    series: Sequence[Series]
    x: Axis
    y: Axis
    across: bool = False
    line: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def with_intervals(
    name: str, look: str, rows: Iterable[tuple[str | float, Mapping[str, Any]]], *, across: bool
) -> Series:
    """Return a series of measures with their intervals. Undefined estimates are left out."""
    defined = [(at, measure) for at, measure in rows if measure["estimate"] is not None]
    places = [at for at, _ in defined]
    values = [measure["estimate"] for _, measure in defined]
    return Series(
        name, look,
        x=values if across else places,
        y=places if across else values,
        low=[measure["low"] for _, measure in defined],
        high=[measure["high"] for _, measure in defined],
    )  # fmt: skip
