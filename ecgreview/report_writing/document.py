"""A report as a value: sections of paragraphs, tables and figures whose words are final.

What writes Markdown, HTML and PDF from it adds no word and no number, so the three say the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["plain", "warning", "gap"]
"""A warning is to be seen before the numbers below it; a gap is for the author to fill in."""

Align: TypeAlias = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of plain text, without markup."""

    text: str
    kind: Kind = "plain"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, and on which side its cells stand."""

    title: str
    align: Align = "right"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has a cell for each column.

    Attributes:
        caption: with its number, above the table.
        notes: below it.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def body(self) -> Iterator[tuple[str, list[tuple[Column, str]]]]:
        """What each row is about, and its further cells, each with its column."""
        for about, *cells in self.rows:
            yield about, list(zip(self.columns[1:], cells, strict=True))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Attributes:
        name: of its file, without an ending.
        caption: with its number, below the figure.
        svg: a complete SVG document.
        alt: what it shows, for who cannot see it.
    """

    name: str
    caption: str
    svg: str
    alt: str


Block: TypeAlias = Paragraph | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its number, and what stands below it until the next one.

    Attributes:
        level: 1 for a chapter, 2 for a part of one.
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
        references: each with its number; the last section, under ``references_title``.
    """

    language: str
    title: str
    byline: tuple[str, ...]
    sections: tuple[Section, ...]
    references_title: str
    references: tuple[str, ...]

    def figures(self) -> Iterator[Figure]:
        """Return the figures in order."""
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Figure))


def plain(text: str) -> str:
    """Return ``text`` on one line, without characters that no document may hold.

    These are controls, lone halves of characters, noncharacters, those that only one font knows
    (word processors paste their bullets so), and the marks that turn the direction of writing, by
    which a name could make a line read otherwise.
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
