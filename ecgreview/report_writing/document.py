"""The structure of a report: sections of paragraphs, tables and figures in their final text.

The Markdown, HTML and PDF renderers add no words or numbers, so the three formats agree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

# A warning precedes the numbers it is about. A gap asks the author to fill something in.
Kind: TypeAlias = Literal["plain", "warning", "gap"]

Align: TypeAlias = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text without markup."""

    text: str
    kind: Kind = "plain"


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    align: Align = "right"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has one cell per column.

    Attributes:
        caption: with the table's number; shown above the table.
        notes: shown below the table.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def body(self) -> Iterator[tuple[str, list[tuple[Column, str]]]]:
        """Each row as its first cell and the other cells with their columns."""
        for about, *cells in self.rows:
            yield about, list(zip(self.columns[1:], cells, strict=True))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Attributes:
        name: file name without extension.
        caption: with the figure's number; shown below the figure.
        svg: a complete SVG document.
        alt: text alternative for people who cannot see the figure.
    """

    name: str
    caption: str
    svg: str
    alt: str


Block: TypeAlias = Paragraph | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered heading and the blocks below it.

    Attributes:
        level: 1 for a chapter, 2 for a section of a chapter.
    """

    title: str
    level: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A report.

    Attributes:
        language: a language tag such as ``en`` or ``pt-BR``.
        byline: lines below the title.
        references: numbered; rendered last, under ``references_title``.
    """

    language: str
    title: str
    byline: tuple[str, ...]
    sections: tuple[Section, ...]
    references_title: str
    references: tuple[str, ...]

    def figures(self) -> Iterator[Figure]:
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Figure))


def plain(text: str) -> str:
    """Return ``text`` on one line, without characters that a document cannot hold.

    Removes control characters, lone surrogates, noncharacters, private-use characters (word
    processors paste bullets as these) and bidirectional controls, which could make a name
    reorder the line.
    """
    visible = "".join(
        " " if character in _BREAKS or unicodedata.category(character) in _UNWANTED else character
        for character in text
        if not _TURNS.match(character)
    )
    return re.sub(r"[ \t]{2,}", " ", visible).strip()


_UNWANTED = {"Cc", "Cs", "Cn", "Co"}
_BREAKS = {"\u2028", "\u2029"}
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
