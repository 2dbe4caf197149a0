"""Estimate the width of text in figures, to wrap or shorten it without a font engine."""

from __future__ import annotations

import unicodedata

# The widths below are those of the first font. The other fonts are no wider.
FAMILY = "DejaVu Sans, Verdana, Bitstream Vera Sans, sans-serif"

_OF_WIDTH = {
    278: "'ijl",
    295: "IJ",
    318: " ,.\u00a0\u00b7",
    337: "/:;\\|",
    361: "-f",
    392: "()[]t",
    411: "!r",
    500: '"*_`\u2013',
    550: "szc?",
    579: "LFk",
    592: "vxy\u03ba",
    613: "aoTYPe",
    636: "$0123456789{}bdghnpquSE\u00df",
    686: "KABVXZ\u03b1",
    732: "CRU",
    787: "DGHNOQ&",
    838: "#+<=>^~\u2212w\u2264",
    989: "MmW%",
    1000: "@",
}
_WIDTH = {character: width for width, characters in _OF_WIDTH.items() for character in characters}
_OTHER = 1100
_PER_EM = 1000


def width(text: str, size: float) -> float:
    """Return an upper bound for the width of ``text``, in the unit of ``size``.

    Accents do not add to the width.
    """
    letters = [
        letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter)
    ]
    return sum(_WIDTH.get(letter, _OTHER) for letter in letters) * size / _PER_EM


def wrapped(text: str, size: float, room: float, max_lines: int = 2) -> list[str]:
    """Return ``text`` in at most ``max_lines`` lines of width ``room``, with an ellipsis if cut."""
    lines: list[str] = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, size) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > max_lines:
        lines = [*lines[: max_lines - 1], " ".join(lines[max_lines - 1 :])]
    return [shortened(line, size, room) for line in lines]


def shortened(text: str, size: float, room: float) -> str:
    """Return ``text``, cut with an ellipsis if it is wider than ``room``."""
    if width(text, size) <= room:
        return text
    kept = text
    while kept and width(kept + _ELLIPSIS, size) > room:
        kept = kept[:-1]
    return kept.rstrip() + _ELLIPSIS


_ELLIPSIS = "\u2026"
