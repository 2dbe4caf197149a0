"""Results beyond single classes: groups of them, and how sure readers are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import class_tables
from . import further_sentences as sentences
from .context import Context
from .document import Block, Column, Section, Table
from .sentences import CLASS

LEVELS = ("n_possible", "n_probable", "n_definite")
MEASURES = ("same_certainty", "ordinal_alpha", "gwet_ac2")


def sections(context: Context) -> Iterator[Section]:
    """Return the sections that the report has numbers for; none of one of before they were."""
    say = context.say
    if context.report.get("groups"):
        yield Section(say(sentences.BY_GROUP), 2, tuple(_by_group(context)))
    lines = [line for line in _certainty(context) if line["n_both"]]
    if lines:
        yield Section(say(sentences.SURE), 2, tuple(_sure(context, lines)))


def _by_group(context: Context) -> Iterator[Block]:
    yield context.told(sentences.GROUPS_MEANT)
    caption = context.captioned(sentences.GROUP_TABLE, sentences.GROUP_TABLE_PLAIN)
    yield class_tables.headline_of(
        context, context.report["groups"], head=sentences.GROUP, caption=caption
    )


def _certainty(context: Context) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = context.report.get("certainty", {}).get("classes", [])
    return found


def _sure(context: Context, lines: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    if not any(line[level] for line in _certainty(context) for level in LEVELS[:-1]):
        yield context.told(sentences.ALL_DEFINITE)
        return
    cite = context.citations.cite
    yield context.told(sentences.SURE_MEANT, alpha=cite("ordinal"), gwet=cite("gwet_handbook"))
    yield _sure_table(context, lines)


def _sure_table(context: Context, lines: Sequence[Mapping[str, Any]]) -> Table:
    say, whole = context.say, context.wording.whole
    marks = class_tables.Marks(context)
    rows = tuple(
        (
            line["class"],
            whole(line["n_both"]),
            *(whole(line[level]) for level in LEVELS),
            *(marks.cell(line[measure]) for measure in MEASURES),
        )
        for line in lines
    )
    heads = (
        sentences.GIVEN_BY_TWO, sentences.POSSIBLE, sentences.PROBABLE, sentences.DEFINITE,
        sentences.AS_SURE, sentences.ORDINAL_ALPHA, sentences.GWET_AC2,
    )  # fmt: skip
    columns = (Column(say(CLASS), "left"), *(Column(say(head)) for head in heads))
    caption = context.captioned(sentences.SURE_TABLE, sentences.SURE_PLAIN)
    notes = (say(sentences.SURE_NOTE), *marks.notes())
    return context.table(caption, Table("", columns, rows, notes))
