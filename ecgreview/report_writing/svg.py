"""Draw figures as SVG: text stays text, names are escaped, equal drawings give equal bytes."""

from __future__ import annotations

from typing import Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from .document import plain
from .lettering import FAMILY

Anchor: TypeAlias = Literal["start", "middle", "end"]

INK = "#182226"
SOFT = "#5d6b70"
LINE = "#b4bfbd"
FAINT = "#e4e9e7"
BAND = "#f4f6f5"
PAPER = "#ffffff"
ACCENT = "#0b5a8a"
# Vermilion, which differs from the blue of ACCENT in every kind of color vision.
WARM = "#b8560f"

BODY = 10.0
SMALL = 8.5


class Drawing:
    """A drawing ``width`` units wide. Its height is passed to ``written`` at the end."""

    def __init__(self, width: float, title: str) -> None:
        self.width = width
        self._title = plain(title)
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: Anchor = "start",
        size: float = BODY,
        color: str = INK,
        bold: bool = False,
        turned: bool = False,
    ) -> None:
        """Write one line of text with its baseline at ``y``; ``turned`` text runs upward."""
        marks = {
            "x": _number(x),
            "y": _number(y),
            "font-size": _number(size),
            "fill": color,
        }
        if anchor != "start":
            marks["text-anchor"] = anchor
        if bold:
            marks["font-weight"] = "bold"
        if turned:
            marks["transform"] = f"rotate(-90 {_number(x)} {_number(y)})"
        self._parts.append(f"<text{_written(marks)}>{escape(plain(text))}</text>")

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        color: str = INK,
        width: float = 1.0,
        dashes: str = "",
    ) -> None:
        marks = {
            "x1": _number(start[0]),
            "y1": _number(start[1]),
            "x2": _number(end[0]),
            "y2": _number(end[1]),
            "stroke": color,
            "stroke-width": _number(width),
        }
        if dashes:
            marks["stroke-dasharray"] = dashes
        self._parts.append(f"<line{_written(marks)}/>")

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str,
        stroke: str = "none",
        tooltip: str = "",
    ) -> None:
        """Draw a rectangle with its upper left corner at ``x`` and ``y``."""
        marks = {
            "x": _number(x),
            "y": _number(y),
            "width": _number(width),
            "height": _number(height),
            "fill": fill,
        }
        if stroke != "none":
            marks["stroke"] = stroke
        inside = f"<title>{escape(plain(tooltip))}</title>" if tooltip else ""
        self._parts.append(f"<rect{_written(marks)}>{inside}</rect>")

    def dot(self, x: float, y: float, radius: float, *, fill: str, stroke: str) -> None:
        marks = {
            "cx": _number(x),
            "cy": _number(y),
            "r": _number(radius),
            "fill": fill,
            "stroke": stroke,
            "stroke-width": "1.4",
        }
        self._parts.append(f"<circle{_written(marks)}/>")

    def shape(self, corners: list[tuple[float, float]], *, fill: str, stroke: str) -> None:
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
        marks = {"points": points, "fill": fill, "stroke": stroke, "stroke-width": "1.4"}
        self._parts.append(f"<polygon{_written(marks)}/>")

    def written(self, height: float) -> str:
        """Return the SVG document, ``height`` units high."""
        size = f"{_number(self.width)} {_number(height)}"
        marks = {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {size}",
            "width": _number(self.width),
            "height": _number(height),
            "role": "img",
            "aria-label": self._title,
            "font-family": FAMILY,
        }
        paper = f'<rect width="100%" height="100%" fill="{PAPER}"/>'
        title = f"<title>{escape(self._title)}</title>"
        return "\n".join([f"<svg{_written(marks)}>", title, paper, *self._parts, "</svg>", ""])


def _written(marks: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in marks.items())


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
