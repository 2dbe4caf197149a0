"""Appendices of the report: GRRAS checklist, detailed tables and reproduction settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import checklist, class_tables, sentences
from .context import Context, has_posterior
from .document import Block, Column, Paragraph, Section, Table
from .methods import has_ranges

# Longer tables are left out of the document; the CSV and JSON files of the report have them.
MAX_LINES = 400

_PAIR_MEASURES = ("cohen_kappa", "cohen_kappa_max", "positive_agreement", "mcnemar_p")
_REPEAT_MEASURES = ("cohen_kappa", "positive_agreement", "percent_agreement")


def appendices(context: Context) -> Iterator[Section]:
    say = context.say
    yield Section(say(sentences.APPENDIX_GRRAS), 1, (checklist.table(context),))
    yield Section(say(sentences.APPENDIX_READERS), 1, (_ranges(context),))
    yield Section(say(sentences.APPENDIX_PAIRS), 1, (*_pairs(context), *_again_table(context)))
    yield Section(say(sentences.APPENDIX_AGAIN), 1, (_again(context),))


def _ranges(context: Context) -> Block:
    if has_ranges(context):
        return class_tables.ranges(context)
    return context.empty(
        context.say(sentences.FEW_READERS if context.classes else sentences.NO_CLASSES)
    )


def _pairs(context: Context) -> Iterator[Block]:
    lines = [line for line in context.pairs if line["n11"] + line["n10"] + line["n01"]]
    if not context.report["pairs"]:
        yield context.empty(context.say(sentences.NO_PAIRS))
    elif not context.pairs:
        yield context.paragraph(sentences.PAIRS_ELSEWHERE)
    elif not lines:
        yield context.empty(context.say(sentences.NEVER_TOGETHER))
    elif len(lines) > MAX_LINES:
        yield _too_many(context, lines)
    else:
        yield _pair_table(context, lines)


def _pair_table(context: Context, lines: Sequence[Mapping[str, Any]]) -> Table:
    say = context.say
    names = [
        say(sentences.PAIR_NAMES, first=line["readers"][0], second=line["readers"][1])
        for line in lines
    ]
    counts = (sentences.BOTH, sentences.FIRST_ONLY, sentences.SECOND_ONLY, sentences.NEITHER)
    caption = context.captioned(sentences.PAIRS_TABLE, sentences.PAIRS_TABLE_PLAIN)
    table = _lines(context, lines, (say(sentences.PAIR), names), counts, _PAIR_MEASURES)
    notes = (say(sentences.PAIRS_NOTE), *table.notes)
    return context.table(caption, Table("", table.columns, table.rows, notes))


def _again_table(context: Context) -> Iterator[Block]:
    lines = [line for line in context.repeats if line["n11"] + line["n10"] + line["n01"]]
    if not lines:
        return
    if len(lines) > MAX_LINES:
        yield _too_many(context, lines)
        return
    say = context.say
    names = [line["reader"] for line in lines]
    counts = (
        sentences.TWICE,
        sentences.FIRST_TIME,
        sentences.SECOND_TIME_ONLY,
        sentences.NO_TIME,
    )
    table = _lines(context, lines, (say(sentences.READER), names), counts, _REPEAT_MEASURES)
    caption = context.captioned(sentences.REPEATS_TABLE, sentences.REPEATS_PLAIN)
    notes = (say(sentences.REPEATS_NOTE), *table.notes)
    yield context.table(caption, Table("", table.columns, table.rows, notes))


def _lines(
    context: Context,
    lines: Sequence[Mapping[str, Any]],
    row_heading: tuple[str, Sequence[str]],
    counts: Sequence[str],
    measures: Sequence[str],
) -> Table:
    """Return a table with the counts n11, n10, n01, n00 and the ``measures`` of each line.

    Footnotes give the reasons for missing values.
    """
    say, integer = context.say, context.wording.integer
    marks = class_tables.Marks(context)
    rows = tuple(
        (
            say(sentences.POSTERIOR_MARK, name=line["class"])
            if has_posterior(line)
            else line["class"],
            name,
            *(integer(line[field]) for field in ("n11", "n10", "n01", "n00")),
            *(_cell(marks, line, measure) for measure in measures),
        )
        for line, name in zip(lines, row_heading[1], strict=True)
    )
    columns = (
        Column(say(sentences.CLASS), "left"),
        Column(row_heading[0], "left"),
        *(Column(say(count)) for count in counts),
        *(Column(say(sentences.MEASURES[measure])) for measure in measures),
    )
    rare = integer(context.report["method"]["rare_below"])
    is_marked = any(map(has_posterior, lines))
    notes = (say(sentences.POSTERIOR_NOTE, rare=rare),) if is_marked else ()
    return Table("", columns, rows, (*notes, *marks.notes()))


def _cell(marks: class_tables.Marks, line: Mapping[str, Any], measure: str) -> str:
    value: Mapping[str, Any] = line[measure]
    if measure == "mcnemar_p":
        return marks.probability(value)
    if measure == "cohen_kappa_max":
        # An upper bound of kappa, whose interval is in the column to the left.
        return marks.cell({**value, "low": None, "high": None})
    return marks.cell(value)


def _too_many(context: Context, lines: Sequence[object]) -> Paragraph:
    return context.paragraph(sentences.TOO_MANY_LINES, n=context.wording.integer(len(lines)))


def _again(context: Context) -> Table:
    facts, method, integer = context.facts, context.report["method"], context.wording.integer
    provenance = facts.provenance
    version = provenance.protocol_version
    settings = (
        (sentences.SOFTWARE_NAME, provenance.software),
        (sentences.REPORT_VERSION, str(context.report["version"])),
        (sentences.DIGEST_NAME, provenance.digest),
        (sentences.PROTOCOL_NAME, "" if version is None else integer(version)),
        (sentences.PROTOCOL_DIGEST, provenance.protocol_digest),
        (sentences.TAXONOMY_NAME, f"{facts.taxonomy} {facts.taxonomy_version}".strip()),
        (sentences.CONFIDENCE_NAME, context.confidence if context.has_intervals else ""),
        (sentences.REPLICATES_NAME, integer(method["n_replicates"])),
        (sentences.SEED_NAME, str(method["seed"])),
        (sentences.UNIT_NAME, context.say(sentences.UNITS[method["unit"]])),
    )
    rows = tuple((context.say(name), value) for name, value in settings if value)
    columns = (
        Column(context.say(sentences.SETTING), "left"),
        Column(context.say(sentences.VALUE), "left"),
    )
    return context.table(context.say(sentences.AGAIN_TABLE), Table("", columns, rows))
