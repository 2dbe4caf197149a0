"""Typeset a report, or one figure, as PDF with Typst.

The template receives text as JSON, so text is never interpreted as markup. Only fonts that come
with Typst and matplotlib are used, never those of the machine, and the timestamp is the report's
own. So the same report gives the same bytes everywhere.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from .document import Block, Document, Figure, Paragraph, Table, plain

_REPORT = Path(__file__).with_name("report.typ")
_FIGURE = Path(__file__).with_name("figure.typ")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FontsMissing(RuntimeError):
    """The fonts of the figures are missing, because matplotlib is not installed."""


def pdf(document: Document, *, written_at: datetime | None = None) -> bytes:
    """Return the report as a tagged PDF.

    It conforms to PDF/UA-1 unless its text has a character that none of the fonts has.

    Args:
        document: the report.
        written_at: creation date of the file, with a time zone; 1970-01-01 if None.

    Raises:
        FontsMissing: matplotlib is not installed.
    """
    described = {
        "language": document.language.partition("-")[0],
        "region": document.language.partition("-")[2] or None,
        "title": plain(document.title),
        "byline": [plain(line) for line in document.byline],
        "sections": [
            {
                "title": plain(section.title),
                "level": section.level,
                "blocks": [_described(block) for block in section.blocks],
            }
            for section in document.sections
        ],
        "references_title": plain(document.references_title),
        "references": [plain(line.partition(" ")[2]) for line in document.references],
    }
    try:
        return _set(_REPORT, described, written_at, ["ua-1"])
    except typst.TypstError:
        return _set(_REPORT, described, written_at, [])


def figure_pdf(svg: str) -> bytes:
    """Return one figure as a PDF page of the figure's size, with vector graphics and real text.

    Raises:
        FontsMissing: matplotlib is not installed.
    """
    return _set(_FIGURE, {"svg": svg, "width": _size(svg)[0]}, None, [])


def _described(block: Block) -> Mapping[str, Any]:
    match block:
        case Paragraph(text, kind):
            return {"kind": kind, "text": plain(text)}
        case Figure():
            width, height = _size(block.svg)
            texts = {"caption": plain(block.caption), "alt": plain(block.alt), "svg": block.svg}
            return {"kind": "figure", "width": width, "height": height, **texts}
        case Table():
            return {
                "kind": "table",
                "caption": plain(block.caption),
                "columns": [asdict(column) for column in block.columns],
                "rows": [[plain(cell) for cell in row] for row in block.rows],
                "notes": [plain(note) for note in block.notes],
            }


def _set(
    template: Path, values: Mapping[str, Any], written_at: datetime | None, standards: list[Any]
) -> bytes:
    compiled = typst.compile(
        template.read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"values": json.dumps(values, ensure_ascii=False)},
        timestamp=round((written_at or _EPOCH).timestamp()),
        pdf_standards=standards,
    )
    if not isinstance(compiled, bytes):
        raise TypeError(compiled)
    return compiled


@cache
def _fonts() -> typst.Fonts:
    # Importing matplotlib to find its fonts would take longer than all other steps here.
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib is None or matplotlib.origin is None:
        raise FontsMissing
    letters = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, font_paths=[str(letters)])


def _size(svg: str) -> tuple[float, float]:
    width, height = re.findall(r'<svg[^>]* width="([\d.]+)" height="([\d.]+)"', svg)[0]
    return float(width), float(height)
