"""The results section: what was included, and how well readers agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import class_tables, forest, inclusion, matrix, sentences
from .context import Context
from .document import Block, Column, Figure, Paragraph, Section, Table
from .wording import DASH

CERTAINTY_LEVELS = ("n_possible", "n_probable", "n_definite")
CERTAINTY_MEASURES = ("same_certainty", "ordinal_alpha", "gwet_ac2")


def results(context: Context) -> Iterator[Section]:
    say = context.say
    yield Section(say(sentences.RESULTS), 1)
    yield Section(say(sentences.INCLUDED), 2, tuple(inclusion.blocks(context)))
    yield Section(say(sentences.TOGETHER), 2, tuple(_together(context)))
    yield Section(say(sentences.BY_CLASS), 2, tuple(_by_class(context)))
    yield Section(say(sentences.SECONDARY), 2, tuple(_secondary(context)))
    yield from _groups_and_certainty(context)
    yield Section(say(sentences.PAIRS), 2, tuple(_pairs(context)))
    yield Section(say(sentences.REPEATED), 2, (_repeated(context),))


def _together(context: Context) -> Iterator[Block]:
    overall, interval = context.report["overall"], context.wording.interval
    if overall["exact_set"]["estimate"] is None:
        yield context.empty(context.wording.sentence(overall["exact_set"]["reason"]))
        return
    yield context.paragraph(
        sentences.EXAMS_AS_A_WHOLE,
        same=interval(overall["exact_set"]),
        overlap=interval(overall["mean_jaccard"]),
    )
    macro = overall["macro"]
    means = (macro["positive_agreement"], macro["krippendorff_alpha"])
    if all(mean["estimate"] is not None for mean in means):
        yield context.paragraph(
            sentences.MEAN_OVER_CLASSES,
            positive=interval(macro["positive_agreement"]),
            alpha=interval(macro["krippendorff_alpha"]),
        )
    yield _together_table(context)


def _together_table(context: Context) -> Table:
    say, integer, interval = context.say, context.wording.integer, context.wording.interval
    overall = context.report["overall"]
    rows = [
        (say(sentences.SETS_SAME), DASH, DASH, interval(overall["exact_set"])),
        (say(sentences.JACCARD), DASH, DASH, interval(overall["mean_jaccard"])),
    ]
    macros = overall["macro"]
    # Use a fixed order, because a report from the database has its keys in a different one.
    for name in (key for key in sentences.MEASURES if key in macros):
        macro = macros[name]
        defined = say(
            sentences.OF, n=integer(macro["n_defined"]), total=integer(macro["n_classes"])
        )
        pooled = interval(overall["micro"][name])
        rows.append((say(sentences.MEASURES[name]), interval(macro), defined, pooled))
    columns = (
        Column(say(sentences.MEASURE), "left"),
        Column(say(sentences.MEAN)),
        Column(say(sentences.DEFINED)),
        Column(say(sentences.POOLED)),
    )
    caption = context.captioned(sentences.TOGETHER_TABLE, sentences.TOGETHER_PLAIN)
    return context.table(caption, Table("", columns, tuple(rows)))


def _by_class(context: Context) -> Iterator[Block]:
    if not context.classes:
        yield context.empty(context.say(sentences.NO_CLASSES))
        return
    yield from class_tables.warnings(context)
    yield class_tables.headline(context)
    yield _forest(context, "positive_agreement")
    yield _forest(context, "krippendorff_alpha")


def _forest(context: Context, measure: str) -> Figure:
    name = context.say(sentences.MEASURES[measure])
    without, with_intervals = sentences.CAPTION_FOREST_PLAIN, sentences.CAPTION_FOREST
    n = context.wording.integer(len(context.classes))
    return context.figure(
        context.say(with_intervals if context.has_intervals else without, measure=name),
        forest.svg(context.report, measure, context.wording),
        context.say(sentences.ALT_FOREST, measure=name, n=n),
    )


def _secondary(context: Context) -> Iterator[Block]:
    if context.classes:
        yield class_tables.secondary(context)
    else:
        yield context.empty(context.say(sentences.NO_CLASSES))


def _groups_and_certainty(context: Context) -> Iterator[Section]:
    """Yield the sections on groups and certainty, if the version of the report has them."""
    say = context.say
    if context.report.get("groups"):
        yield Section(say(sentences.BY_GROUP), 2, tuple(_by_group(context)))
    lines = [line for line in _certainty_lines(context) if line["n_both"]]
    if lines:
        yield Section(say(sentences.CERTAINTY), 2, tuple(_certainty_blocks(context, lines)))


def _by_group(context: Context) -> Iterator[Block]:
    yield context.paragraph(sentences.GROUPS_MEANING)
    caption = context.captioned(sentences.GROUP_TABLE, sentences.GROUP_TABLE_PLAIN)
    yield class_tables.headline_of(
        context, context.report["groups"], head=sentences.GROUP, caption=caption
    )


def _certainty_lines(context: Context) -> Sequence[Mapping[str, Any]]:
    lines: Sequence[Mapping[str, Any]] = context.report.get("certainty", {}).get("classes", [])
    return lines


def _certainty_blocks(context: Context, lines: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    if not any(
        line[level] for line in _certainty_lines(context) for level in CERTAINTY_LEVELS[:-1]
    ):
        yield context.paragraph(sentences.ALL_DEFINITE)
        return
    cite = context.citations.cite
    yield context.paragraph(
        sentences.CERTAINTY_MEANING, alpha=cite("ordinal"), gwet=cite("gwet_handbook")
    )
    yield _certainty_table(context, lines)


def _certainty_table(context: Context, lines: Sequence[Mapping[str, Any]]) -> Table:
    say, integer = context.say, context.wording.integer
    marks = class_tables.Marks(context)
    rows = tuple(
        (
            line["class"],
            integer(line["n_both"]),
            *(integer(line[level]) for level in CERTAINTY_LEVELS),
            *(marks.cell(line[measure]) for measure in CERTAINTY_MEASURES),
        )
        for line in lines
    )
    heads = (
        sentences.GIVEN_BY_TWO, sentences.POSSIBLE, sentences.PROBABLE, sentences.DEFINITE,
        sentences.SAME_CERTAINTY, sentences.ORDINAL_ALPHA, sentences.GWET_AC2,
    )  # fmt: skip
    columns = (Column(say(sentences.CLASS), "left"), *(Column(say(head)) for head in heads))
    caption = context.captioned(sentences.CERTAINTY_TABLE, sentences.CERTAINTY_PLAIN)
    notes = (say(sentences.CERTAINTY_NOTE), *marks.notes())
    return context.table(caption, Table("", columns, rows, notes))


def _pairs(context: Context) -> Iterator[Block]:
    pairs, repeats = context.report["pairs"], context.report["repeats"]
    integer, n_readers = context.wording.integer, len(context.report["readers"])
    if pairs:
        low, high = _exams(pairs)
        n = integer(len(pairs))
        yield context.paragraph(sentences.COMMON, n=n, low=integer(low), high=integer(high))
    else:
        yield context.empty(context.say(sentences.NO_PAIRS))
    if pairs or repeats:
        is_large = n_readers > matrix.MAX_WITH_NUMBERS
        yield context.figure(
            context.say(sentences.CAPTION_MATRIX_LARGE if is_large else sentences.CAPTION_MATRIX),
            matrix.svg(context.report, context.wording),
            context.say(sentences.ALT_MATRIX, n=integer(n_readers)),
        )


def _repeated(context: Context) -> Paragraph:
    repeats, integer = context.report["repeats"], context.wording.integer
    if not repeats:
        return context.paragraph(sentences.NOBODY_TWICE)
    low, high = _exams(repeats)
    n = integer(len(repeats))
    return context.paragraph(sentences.TWICE_READ, n=n, low=integer(low), high=integer(high))


def _exams(counts: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return the lowest and the highest number of exams among the lines in ``counts``.

    The number of exams of a line differs by class; its largest number is used.
    """
    exams = [
        max(map(sum, zip(*(line[field] for field in ("n11", "n10", "n01", "n00")), strict=True)))
        for line in counts
    ]
    return min(exams), max(exams)
