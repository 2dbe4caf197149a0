"""How wide text is in figures, so that it is broken where it has to be."""

from __future__ import annotations

import unicodedata

FAMILY = "DejaVu Sans, Verdana, Bitstream Vera Sans, sans-serif"
"""Letters of one width each: what the first is not there for, the others set no wider."""

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
    """Return at most how wide ``text`` is, in the unit of ``size``; accents add nothing."""
    letters = [
        letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter)
    ]
    return sum(_WIDTH.get(letter, _OTHER) for letter in letters) * size / _PER_EM


def wrapped(text: str, size: float, room: float, most_lines: int = 2) -> list[str]:
    """Return ``text`` in lines no wider than ``room``; what does not fit ends in an ellipsis."""
    lines: list[str] = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, size) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], " ".join(lines[most_lines - 1 :])]
    return [shortened(line, size, room) for line in lines]


def shortened(text: str, size: float, room: float) -> str:
    """Return ``text``, or as much of it as fits into ``room`` with an ellipsis."""
    if width(text, size) <= room:
        return text
    kept = text
    while kept and width(kept + _ELLIPSIS, size) > room:
        kept = kept[:-1]
    return kept.rstrip() + _ELLIPSIS


_ELLIPSIS = "\u2026"
