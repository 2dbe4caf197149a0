"""Forest plot: a coefficient of each class with its interval and the counts behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from . import lettering, sentences
from .context import POSTERIOR
from .svg import ACCENT, BAND, BODY, FAINT, INK, PAPER, SMALL, SOFT, WARM, Drawing
from .wording import Wording

# ``estimate``: highest first, undefined last; ``n``: most exams with the class first; ``report``:
# as in the report.
Order: TypeAlias = Literal["estimate", "name", "n", "report"]


class UnknownMeasure(ValueError):
    """There is no such coefficient, or a class of the report does not have it."""


def svg(
    report: Mapping[str, Any],
    measure: str,
    wording: Wording,
    *,
    order: Order = "estimate",
) -> str:
    """Return the forest plot of ``measure`` as an SVG document.

    Args:
        report: the agreement report, of a version in ``VERSIONS``.
        measure: name of a coefficient of classes, such as ``krippendorff_alpha``.
        wording: language of headings and numbers.
        order: order of the rows.

    Raises:
        UnknownMeasure: there is no such coefficient, or a class of the report does not have it.
    """
    if measure not in sentences.MEASURES or any(measure not in line for line in report["classes"]):
        raise UnknownMeasure(measure)
    rows = [_class_row(line, measure, wording) for line in report["classes"]]
    return _Plot(_ordered(rows, order), _mean(report, measure, wording), measure, wording).draw()


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    estimate: float | None
    low: float | None
    high: float | None
    is_posterior: bool
    text: str
    chance: float | None
    n_marked: int = 0
    counts: tuple[str, ...] = ()


def _class_row(line: Mapping[str, Any], measure: str, wording: Wording) -> _Row:
    value = line[measure]
    counts = tuple(
        wording.integer(line[key]) for key in ("n_exams", "n_positive_any", "n_positive_all")
    )
    return _Row(
        name=line["class"],
        estimate=value["estimate"],
        low=value["low"],
        high=value["high"],
        is_posterior=value["method"] == POSTERIOR,
        text=wording.interval(value),
        chance=_chance(line, measure),
        n_marked=line["n_positive_any"],
        counts=counts,
    )


def _mean(report: Mapping[str, Any], measure: str, wording: Wording) -> _Row | None:
    mean = report["overall"]["macro"].get(measure)
    if mean is None or mean["estimate"] is None:
        return None
    n, total = wording.integer(mean["n_defined"]), wording.integer(mean["n_classes"])
    name = wording.say(sentences.MEAN_OF, n=n, total=total)
    text = wording.interval(mean)
    return _Row(name, mean["estimate"], mean["low"], mean["high"], False, text, None)


def _chance(line: Mapping[str, Any], measure: str) -> float | None:
    """Return the value expected if readers marked the class by chance at its observed rate.

    Returns None for prevalence, and if the rate is unknown.
    """
    if measure in _BEYOND_CHANCE:
        return 0.0
    share = line["prevalence"]["estimate"]
    if share is None or measure == "prevalence":
        return None
    if measure == "positive_agreement":
        return float(share)
    if measure == "negative_agreement":
        return float(1 - share)
    return float(1 - 2 * share * (1 - share))


_BEYOND_CHANCE = {
    "light_kappa",
    "conger_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "gwet_ac1",
    "pabak",
}


def _ordered(rows: Sequence[_Row], order: Order) -> list[_Row]:
    if order == "name":
        return sorted(rows, key=lambda row: row.name.casefold())
    if order == "n":
        return sorted(rows, key=lambda row: -row.n_marked)
    if order == "estimate":
        return sorted(rows, key=_falling)
    return list(rows)


def _falling(row: _Row) -> float:
    return math.inf if row.estimate is None else -row.estimate


_WIDTH = 760.0
_MARGIN = 4.0
_EDGE = _WIDTH - _MARGIN
_NAME_ROOM, _DENSE_NAME_ROOM = 206.0, 280.0
_LINE, _DENSE_LINE = 12.0, 11.0
_PAD, _DENSE_PAD = 2.5, 1.2
_MANY_ROWS = 40
_COUNT_ROOM = 44.0
_GAP = 12.0
_LOWEST = -0.4
_BOLD = 1.1
_RADIUS = 3.0


class _Plot:
    """State of a forest plot while it is being drawn."""

    def __init__(
        self, rows: Sequence[_Row], mean: _Row | None, measure: str, wording: Wording
    ) -> None:
        self._rows, self._mean, self._wording = rows, mean, wording
        self._title = wording.say(sentences.MEASURES[measure])
        is_dense = len(rows) > _MANY_ROWS  # so that all rows fit on one journal page
        room = _DENSE_NAME_ROOM if is_dense else _NAME_ROOM
        self._line = _DENSE_LINE if is_dense else _LINE
        self._pad = _DENSE_PAD if is_dense else _PAD
        self._names = {id(row): lettering.wrapped(row.name, BODY, room) for row in self._all_rows}
        widest = [lettering.width(line, BODY) for lines in self._names.values() for line in lines]
        self._counts_at = _MARGIN + min(room, max([80.0, *widest])) + _GAP
        texts = [lettering.width(row.text, BODY) for row in self._all_rows]
        self._text_room = max([110.0, *texts]) * _BOLD
        self._left = self._counts_at + 3 * _COUNT_ROOM + 1.5 * _GAP
        self._right = _EDGE - self._text_room - _GAP
        lows = [end for row in rows for end in (row.low, row.estimate) if end is not None]
        self._floor = max(_LOWEST, min(0.0, math.floor(5 * min([0.0, *lows])) / 5))
        self._drawing = Drawing(_WIDTH, self._title)

    @property
    def _all_rows(self) -> list[_Row]:
        return [*self._rows, *([self._mean] if self._mean else [])]

    def draw(self) -> str:
        top = self._heading()
        bottom = top + sum(map(self._height, self._rows)) + max(0.0, 24.0 * (not self._rows))
        self._bands(top)
        self._grid(top, bottom)
        y = top
        for row in self._rows:
            y = self._row(row, y)
        self._chance_line(top)
        if not self._rows:
            words = self._wording.say(sentences.NO_CLASSES)
            self._drawing.text(_MARGIN, top + 16, words, color=SOFT)
        self._drawing.line((0, bottom), (_WIDTH, bottom), color=INK, width=0.8)
        if self._mean:
            bottom = self._row(self._mean, bottom + 2, is_mean=True) + 2
        return self._drawing.written(self._foot(bottom))

    def _heading(self) -> float:
        say, drawing = self._wording.say, self._drawing
        drawing.text(_MARGIN, 32, say(sentences.CLASS), size=SMALL, bold=True)
        headings = (sentences.EXAMS, sentences.GIVEN_BY_ANY, sentences.GIVEN_BY_ALL)
        for place, heading in enumerate(headings, start=1):
            lines = lettering.wrapped(say(heading), SMALL * 1.12, _COUNT_ROOM - 2, 3)
            for up, line in enumerate(reversed(lines)):
                x = self._counts_at + place * _COUNT_ROOM
                drawing.text(x, 32 - 10 * up, line, size=SMALL, bold=True, anchor="end")
        middle = (self._left + self._right) / 2
        drawing.text(middle, 32, self._title, size=SMALL, bold=True, anchor="middle")
        room = self._text_room
        lines = lettering.wrapped(say(sentences.INTERVAL), SMALL * 1.12, room)
        for up, line in enumerate(reversed(lines)):
            drawing.text(_EDGE, 32 - 10 * up, line, size=SMALL, bold=True, anchor="end")
        drawing.line((0, 38), (_WIDTH, 38), color=INK, width=0.8)
        return 39.0

    def _bands(self, top: float) -> None:
        y = top
        for place, row in enumerate(self._rows):
            if place % 2:
                self._drawing.box(0, y, _WIDTH, self._height(row), fill=BAND)
            y += self._height(row)

    def _grid(self, top: float, bottom: float) -> None:
        for tick in self._ticks():
            x = self._x(tick)
            self._drawing.line((x, top), (x, bottom), color=FAINT, width=0.8)

    def _chance_line(self, top: float) -> None:
        """Draw the agreement expected by chance in each row; for kappas, one straight line."""
        y = top
        for row in self._rows:
            below = y + self._height(row)
            if row.chance is not None:
                x = self._x(row.chance)
                self._drawing.line((x, y), (x, below), color=WARM, width=1.1, dashes="3 2")
            y = below

    def _row(self, row: _Row, y: float, *, is_mean: bool = False) -> float:
        drawing, height = self._drawing, self._height(row)
        lines = self._names[id(row)]
        foot = y + self._pad + 9.0
        for place, line in enumerate(lines):
            drawing.text(_MARGIN, foot + place * self._line, line, bold=is_mean)
        middle = y + height / 2
        level = middle + 3.6
        for place, count in enumerate(row.counts, start=1):
            x = self._counts_at + place * _COUNT_ROOM
            drawing.text(x, level, count, anchor="end")
        drawing.text(_EDGE, level, row.text, anchor="end", bold=is_mean)
        if row.estimate is None:
            words = self._wording.say(sentences.NOT_DEFINED)
            drawing.text(self._x(0) + 6, level, words, size=SMALL, color=SOFT)
        else:
            self._mark(row, row.estimate, middle, is_mean=is_mean)
        return y + height

    def _mark(self, row: _Row, estimate: float, y: float, *, is_mean: bool) -> None:
        drawing, x = self._drawing, self._x(estimate)
        if row.low is not None and row.high is not None:
            low, high = self._x(row.low), self._x(row.high)
            if is_mean:
                corners = [(low, y), (x, y - 5), (high, y), (x, y + 5)]
                drawing.shape(corners, fill=INK, stroke=INK)
                return
            drawing.line((low, y), (high, y), color=ACCENT, width=1.4)
            if row.low < self._floor:
                corners = [(low, y), (low + 6, y - 3.5), (low + 6, y + 3.5)]
                drawing.shape(corners, fill=ACCENT, stroke=ACCENT)
        fill = PAPER if row.is_posterior else ACCENT
        drawing.dot(x, y, _RADIUS, fill=fill, stroke=ACCENT)

    def _foot(self, bottom: float) -> float:
        y = bottom + 4
        self._drawing.line((self._left, y), (self._right, y), color=INK, width=0.8)
        for tick in self._ticks():
            x = self._x(tick)
            self._drawing.line((x, y), (x, y + 4), color=INK, width=0.8)
            label = self._wording.decimal(tick, 1)
            self._drawing.text(x, y + 14, label, size=SMALL, anchor="middle")
        return self._legend(y + 32) + 8

    def _legend(self, y: float) -> float:
        say, drawing, x = self._wording.say, self._drawing, 4.0
        entries: list[tuple[str, str]] = []
        if any(row.low is not None and not row.is_posterior for row in self._rows):
            entries.append((ACCENT, sentences.BY_BOOTSTRAP))
        if any(row.low is not None and row.is_posterior for row in self._rows):
            entries.append((PAPER, sentences.BY_POSTERIOR))
        if any(row.low is None and row.estimate is not None for row in self._rows):
            entries.append(("", sentences.WITHOUT_INTERVAL))
        if any(row.chance is not None for row in self._rows):
            entries.append((WARM, sentences.CHANCE))
        for kind, sentence in entries:
            words = say(sentence)
            if kind == WARM:
                drawing.line((x + 8, y - 9), (x + 8, y + 3), color=WARM, width=1.1, dashes="3 2")
            else:
                if kind:
                    drawing.line((x - 4, y - 3), (x + 20, y - 3), color=ACCENT, width=1.4)
                drawing.dot(x + 8, y - 3, _RADIUS, fill=kind or ACCENT, stroke=ACCENT)
            drawing.text(x + 26, y, words, size=SMALL, color=SOFT)
            x += 26 + lettering.width(words, SMALL) + 24
        return y

    def _height(self, row: _Row) -> float:
        return self._line * len(self._names[id(row)]) + 2 * self._pad

    def _ticks(self) -> list[float]:
        n = round((1 - self._floor) / 0.2)
        return [round(self._floor + 0.2 * place, 1) for place in range(n + 1)]

    def _x(self, value: float) -> float:
        share = (max(value, self._floor) - self._floor) / (1 - self._floor)
        return self._left + share * (self._right - self._left)
