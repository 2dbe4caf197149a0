"""A report as Markdown (CommonMark with tables), with its figures in separate files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .document import Block, Document, Figure, Paragraph, Table, plain


def markdown(document: Document, *, figure_path: str = "{name}.svg") -> str:
    """Return the report as Markdown.

    Args:
        document: the report.
        figure_path: path of a figure's file, in which ``{name}`` is replaced by the figure's name.
    """
    parts = [f"# {_escaped(document.title)}", "  \n".join(map(_escaped, document.byline))]
    for section in document.sections:
        parts.append(f"{'#' * (section.level + 1)} {_escaped(section.title)}")
        for block in section.blocks:
            parts += _block(block, figure_path)
    if document.references:
        parts.append(f"## {_escaped(document.references_title)}")
        parts.append("\n".join(map(_reference, document.references)))
    return "\n\n".join(filter(None, parts)) + "\n"


def _block(block: Block, figure_path: str) -> Iterator[str]:
    match block:
        case Paragraph(text, "plain"):
            yield _escaped(text)
        case Paragraph(text, "gap"):
            yield f"**[{_escaped(text)}]**"
        case Paragraph(text):
            yield f"> **{_escaped(text)}**"
        case Figure(name, caption, _, alt):
            yield f"![{_escaped(alt)}]({figure_path.format(name=name)})"
            yield f"*{_escaped(caption)}*"
        case Table():
            yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    yield f"**{_escaped(table.caption)}**"
    ruler = [":---" if column.align == "left" else "---:" for column in table.columns]
    titles = [_escaped(column.title) for column in table.columns]
    rows = [[_escaped(cell) for cell in row] for row in table.rows]
    yield "\n".join(f"| {' | '.join(row)} |" for row in [titles, ruler, *rows])
    if table.notes:
        yield "  \n".join(map(_escaped, table.notes))


def _reference(line: str) -> str:
    """Return a reference as a list item; its leading number stays unescaped."""
    number, _, work = line.partition(" ")
    return f"{number} {_escaped(work)}"


def _escaped(text: str) -> str:
    r"""Return ``text`` with all markup escaped, including markup at the start of a line."""
    safe = _MARKUP.sub(r"\\\g<0>", plain(text))
    safe = safe.replace("://", r"\://")
    return _BEGINNING.sub(r"\g<1>\\\g<2>", safe)


_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~&!]")
_BEGINNING = re.compile(r"^(\d*)([-+.)=:])")
