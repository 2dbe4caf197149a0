"""Chart data for the agreement pages, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one series; ``low`` and ``high`` are the ends of their intervals.

    Attributes:
        name: in the legend.
        look: "main", "other" or "faint".
        x: numbers, or row names.
        y: likewise.
        low: None for points without an interval; empty when no point has one.
        high: likewise.
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
    """An axis.

    Attributes:
        title: with its unit.
        is_share: from 0 to 1, shown in percent.
        is_points: a difference of shares, shown in percentage points.
        is_log: logarithmic.
        from_zero: whether it begins at 0.
        lowest: where an axis of shares begins.
        names: of the rows or columns of the chart, in order; empty for numbers.
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
        across: whether intervals are horizontal.
        line: position of a dashed reference line on the axis of the intervals, or None.
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
    """Return measures as points with intervals, without undefined estimates."""
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
