"""Matrix of readers: Cohen's kappa of each pair, for one class or all classes pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import kernels

from . import lettering, sentences
from .svg import BODY, FAINT, INK, LINE, PAPER, SMALL, SOFT, Drawing
from .wording import Wording


class UnknownClass(ValueError):
    """The report does not have this class."""


def svg(report: Mapping[str, Any], wording: Wording, *, class_name: str | None = None) -> str:
    """Return the matrix as an SVG document.

    Cells below the diagonal show kappa, and cells above it the number of exams in common. Cells on
    the diagonal show intra-reader kappa if the reader read exams twice. With more than
    ``MAX_WITH_NUMBERS`` readers, cells show only colors. Each cell has a tooltip with its numbers.

    Args:
        report: the agreement report, of a version in ``VERSIONS``.
        wording: language of headings and numbers.
        class_name: name of one class; None pools the answers to all classes.

    Raises:
        UnknownClass: the report does not have this class.
    """
    names = [line["class"] for line in report["classes"]]
    if class_name is not None and class_name not in names:
        raise UnknownClass(class_name)
    column = None if class_name is None else names.index(class_name)
    about = wording.say(sentences.POOLED_OF) if class_name is None else class_name
    title = wording.say(sentences.MATRIX_TITLE, name=about)
    return _Matrix(report["readers"], _fields(report, column), title, wording).draw()


@dataclass(frozen=True, slots=True)
class _Field:
    """Agreement of two readers; ``kappa`` is None if it is undefined."""

    kappa: float | None
    n_exams: int


_Fields = Mapping[tuple[int, int], _Field]


def _fields(report: Mapping[str, Any], column: int | None) -> _Fields:
    """Return the fields by the indices of two readers, the lower index first."""
    pairs = [(min(pair["readers"]), max(pair["readers"])) for pair in report["pairs"]]
    themselves = [(line["reader"], line["reader"]) for line in report["repeats"]]
    if not pairs and not themselves:
        return {}
    tables = _tables([*report["pairs"], *report["repeats"]], column)
    n_exams = tables.sum(axis=(-2, -1)).max(axis=1, initial=0)
    kappas = kernels.cohen_kappa(tables.sum(axis=1)).coefficients()
    return {
        readers: _Field(kappa.value, int(n))
        for readers, kappa, n in zip([*pairs, *themselves], kappas, n_exams, strict=True)
    }


def _tables(counts: Sequence[Mapping[str, Any]], column: int | None) -> NDArray[np.float64]:
    """Return one 2x2 table per line and class, shape (n_lines, n_classes, 2, 2).

    With ``column``, only the tables of that class are returned.
    """
    fields = [[line[name] for name in ("n00", "n01", "n10", "n11")] for line in counts]
    tables = np.array(fields, dtype=np.float64).reshape(len(counts), 4, -1)
    by_class = np.moveaxis(tables, 1, 2).reshape(len(counts), -1, 2, 2)
    return by_class if column is None else by_class[:, column : column + 1]


# Colors for kappa from 0 to 1, from light to dark so that they also differ in grayscale.
_SHADES = ("#f3f7fb", "#d6e6f4", "#abd0e6", "#6aaed6", "#2f78b3", "#105ba4", "#08306b")
_BELOW = "#f6c9a0"
_DARK = 4
_WIDTH = 760.0
_MIN_WIDTH = 300.0
_MAX_SIDE = 46.0
# With more readers, the cells show only colors, mirrored above the diagonal.
MAX_WITH_NUMBERS = 20
_NAME_ROOM = 150.0
_SCALE_ROOM = 80.0


class _Matrix:
    """State of a matrix while it is being drawn."""

    def __init__(self, readers: list[str], fields: _Fields, title: str, wording: Wording) -> None:
        self._readers, self._fields, self._wording = readers, fields, wording
        self._title = title
        n = max(1, len(readers))
        self._names = [lettering.shortened(name, BODY, _NAME_ROOM) for name in readers]
        self._left = max([40.0, *(lettering.width(name, BODY) for name in self._names)]) + 12
        room = _WIDTH - self._left - _SCALE_ROOM
        self._side = min(_MAX_SIDE, room / n)
        self._size = min(BODY, 0.78 * self._side)
        self._has_numbers = len(readers) <= MAX_WITH_NUMBERS
        min_width = max(_MIN_WIDTH, lettering.width(title, BODY) * 1.15)
        self._drawing = Drawing(max(min_width, self._left + n * self._side + _SCALE_ROOM), title)

    def draw(self) -> str:
        self._drawing.text(4, 14, self._title, bold=True)
        if not self._readers:
            self._drawing.text(4, 34, self._wording.say(sentences.NO_PAIRS), color=SOFT)
            return self._drawing.written(44)
        top = 28 + max(lettering.width(name, self._size) for name in self._names)
        for place, name in enumerate(self._names):
            middle = (place + 0.5) * self._side
            self._drawing.text(
                self._left - 6,
                top + middle + 0.35 * self._size,
                name,
                anchor="end",
                size=self._size,
            )
            x = self._left + middle + 0.35 * self._size
            self._drawing.text(x, top - 6, name, size=self._size, turned=True)
        for row in range(len(self._readers)):
            for column in range(len(self._readers)):
                self._cell(row, column, top)
        bottom = top + len(self._readers) * self._side
        self._scale(top)
        return self._drawing.written(max(self._legend(bottom + 18), top + 146))

    def _cell(self, row: int, column: int, top: float) -> None:
        x, y = self._left + column * self._side, top + row * self._side
        field = self._fields.get((min(row, column), max(row, column)))
        is_count = self._has_numbers and column > row
        fill = PAPER if is_count or field is None else _shade(field.kappa)
        tooltip = self._tooltip(row, column, field) if field else ""
        self._drawing.box(x, y, self._side, self._side, fill=fill, stroke=FAINT, tooltip=tooltip)
        if row == column:
            inset = self._side - 2
            self._drawing.box(x + 1, y + 1, inset, inset, fill=fill, stroke=LINE, tooltip=tooltip)
        if field is None:
            return
        if field.kappa is None and not is_count:
            self._cross(x, y)
        elif self._has_numbers:
            self._number(x, y, field, is_count=is_count)

    def _cross(self, x: float, y: float) -> None:
        inset = 0.35 * self._side
        end = self._side - inset
        self._drawing.line((x + inset, y + end), (x + end, y + inset), color=SOFT, width=0.8)

    def _number(self, x: float, y: float, field: _Field, *, is_count: bool) -> None:
        if is_count or field.kappa is None:
            text, color = self._wording.integer(field.n_exams), SOFT
        else:
            text = self._wording.decimal(field.kappa, 2)
            color = PAPER if _step(field.kappa) >= _DARK else INK
        room = self._side - 3
        size = min(BODY, BODY * room / max(1.0, lettering.width(text, BODY)))
        middle = self._side / 2
        self._drawing.text(
            x + middle, y + middle + 0.36 * size, text, anchor="middle", size=size, color=color
        )

    def _tooltip(self, row: int, column: int, field: _Field) -> str:
        say, wording = self._wording.say, self._wording
        undefined = say(sentences.TOO_FEW)
        kappa = undefined if field.kappa is None else wording.decimal(field.kappa)
        first, second = self._readers[row], self._readers[column]
        n = wording.integer(field.n_exams)
        if row == column:
            return say(sentences.SELF_EXAMS, first=first, kappa=kappa, n=n)
        return say(sentences.COMMON_EXAMS, first=first, second=second, kappa=kappa, n=n)

    def _scale(self, top: float) -> None:
        x = self._left + len(self._readers) * self._side + 20
        height = 16.0
        for place in range(len(_SHADES)):
            y = top + (len(_SHADES) - 1 - place) * height
            self._drawing.box(x, y, 14, height, fill=_SHADES[place], stroke=FAINT)
        below = top + len(_SHADES) * height
        self._drawing.box(x, below, 14, height, fill=_BELOW, stroke=FAINT)
        decimal = self._wording.decimal
        self._drawing.text(x + 19, top + 4, decimal(1, 1), size=SMALL, color=SOFT)
        self._drawing.text(x + 19, below + 3, decimal(0, 1), size=SMALL, color=SOFT)
        self._drawing.text(x + 19, below + height, "< 0", size=SMALL, color=SOFT)

    def _legend(self, y: float) -> float:
        say, drawing, x = self._wording.say, self._drawing, self._left
        n = len(self._readers)
        if len(self._fields) < n * (n - 1) // 2 + sum(
            row == column for row, column in self._fields
        ):
            drawing.box(x, y - 9, 11, 11, fill=PAPER, stroke=LINE)
            words = say(sentences.NOT_IN_COMMON)
            drawing.text(x + 17, y, words, size=SMALL, color=SOFT)
            x += 17 + lettering.width(words, SMALL) + 20
        if any(field.kappa is None for field in self._fields.values()):
            drawing.box(x, y - 9, 11, 11, fill=PAPER, stroke=LINE)
            drawing.line((x + 3.5, y - 1.5), (x + 7.5, y - 5.5), color=SOFT, width=0.8)
            drawing.text(x + 17, y, say(sentences.TOO_FEW), size=SMALL, color=SOFT)
        return y + 12


def _step(kappa: float) -> int:
    return min(len(_SHADES) - 1, int(kappa * len(_SHADES)))


def _shade(kappa: float | None) -> str:
    if kappa is None:
        return PAPER
    return _BELOW if kappa < 0 else _SHADES[_step(kappa)]
