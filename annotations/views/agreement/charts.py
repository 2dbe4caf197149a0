"""What the charts of the agreement draw: points with intervals, and curves, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together; ``low`` and ``high`` are the ends of their intervals.

    Attributes:
        name: in the legend.
        look: "main", "other" or "faint".
        x: numbers, or names of rows.
        y: likewise.
        low: None at points without an interval; empty when none has one.
        high: likewise.
        is_line: whether the points are joined, and none of them drawn.
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
    """An axis: what it tells, and how.

    Attributes:
        title: with its unit.
        is_share: from 0 to 1, written in percent.
        is_points: a difference of shares, written in points of percent.
        is_log: so that ten times as much is as far everywhere.
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
    """A chart; the same numbers stand in a table.

    Attributes:
        series: the last one is drawn above the others.
        x: the axis below.
        y: the axis at the left.
        across: whether intervals lie along x.
        line: where a dashed line crosses the axis of the intervals; None: nowhere.
    """

    series: Sequence[Series]
    x: Axis
    y: Axis
    across: bool = False
    line: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the chart as plain values."""
        return asdict(self)


def with_intervals(
    name: str, look: str, rows: Iterable[tuple[str | float, Mapping[str, Any]]], *, across: bool
) -> Series:
    """Return measures as points with intervals; those without an estimate are left out."""
    told = [(at, one) for at, one in rows if one["estimate"] is not None]
    places = [at for at, _ in told]
    values = [one["estimate"] for _, one in told]
    return Series(
        name, look,
        x=values if across else places,
        y=places if across else values,
        low=[one["low"] for _, one in told],
        high=[one["high"] for _, one in told],
    )  # fmt: skip
