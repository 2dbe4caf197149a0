"""A report as one self-contained HTML file with embedded figures and style.

It is meant to be downloaded and opened from disk. It runs no script and loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from .document import Block, Document, Figure, Paragraph, Table, plain

_STYLE = Path(__file__).with_name("webpage.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(document: Document) -> str:
    title = _escaped(document.title)
    head = [
        "<!doctype html>",
        f'<html lang="{_escaped(document.language)}">',
        '<head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f"<style>\n{_STYLE.read_text(encoding='utf-8')}</style></head>",
        f"<body><main><header><h1>{title}</h1>",
        *(f'<p class="byline">{_escaped(line)}</p>' for line in document.byline),
        "</header>",
    ]
    return "\n".join([*head, *_sections(document), "</main></body></html>", ""])


def _sections(document: Document) -> Iterator[str]:
    for section in document.sections:
        level = section.level + 1
        yield f"<h{level}>{_escaped(section.title)}</h{level}>"
        for block in section.blocks:
            yield from _block(block)
    if document.references:
        yield f"<h2>{_escaped(document.references_title)}</h2>"
        yield '<ol class="references">'
        for line in document.references:
            yield f"<li>{_escaped(line.partition(' ')[2])}</li>"
        yield "</ol>"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text, kind):
            yield f'<p class="{kind}">{_escaped(text)}</p>'
        case Figure(_, caption, svg, _):
            yield f"<figure>{_inline(svg)}<figcaption>{_escaped(caption)}</figcaption></figure>"
        case Table():
            yield from _table(block)


def _inline(svg: str) -> str:
    """Return an SVG from ``svg.Drawing`` as it is, because its text is escaped already."""
    return svg.strip()


def _table(table: Table) -> Iterator[str]:
    yield f'<div class="wide"><table><caption>{_escaped(table.caption)}</caption>'
    titles = (
        f'<th scope="col" class="{column.align}">{_escaped(column.title)}</th>'
        for column in table.columns
    )
    yield f"<thead><tr>{''.join(titles)}</tr></thead><tbody>"
    for about, cells in table.body:
        other_cells = (
            f'<td class="{column.align}">{_escaped(cell)}</td>' for column, cell in cells
        )
        yield f'<tr><th scope="row" class="left">{_escaped(about)}</th>{"".join(other_cells)}</tr>'
    yield "</tbody></table></div>"
    for note in table.notes:
        yield f'<p class="note">{_escaped(note)}</p>'


def _escaped(text: str) -> str:
    return escape(plain(text))
