"""Collects the texts of a written report, so that tests can search them."""

from __future__ import annotations

from collections.abc import Iterator

from ecgreview.report_writing.document import Block, Document, Figure, Paragraph, Table


def texts(document: Document) -> Iterator[str]:
    """Yield every text of the report except its references."""
    yield document.title
    yield from document.byline
    for section in document.sections:
        yield section.title
        for block in section.blocks:
            yield from texts_of(block)


def texts_of(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield text
        case Figure(_, caption, _, alt):
            yield from (caption, alt)
        case Table(caption, columns, rows, notes):
            yield caption
            yield from (column.title for column in columns)
            yield from (cell for row in rows for cell in row)
            yield from notes
