"""The results section: who and what was included, and how far readers agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import class_tables, forest, further_results, inclusion, matrix, sentences
from .context import Context
from .document import Block, Column, Figure, Paragraph, Section, Table
from .wording import DASH


def results(context: Context) -> Iterator[Section]:
    """Return the sections on results."""
    say = context.say
    yield Section(say(sentences.RESULTS), 1)
    yield Section(say(sentences.INCLUDED), 2, tuple(inclusion.blocks(context)))
    yield Section(say(sentences.TOGETHER), 2, tuple(_together(context)))
    yield Section(say(sentences.BY_CLASS), 2, tuple(_by_class(context)))
    yield Section(say(sentences.SECONDARY), 2, tuple(_secondary(context)))
    yield from further_results.sections(context)
    yield Section(say(sentences.PAIRS), 2, tuple(_pairs(context)))
    yield Section(say(sentences.REPEATED), 2, (_repeated(context),))


def _together(context: Context) -> Iterator[Block]:
    overall, interval = context.report["overall"], context.wording.interval
    if overall["exact_set"]["estimate"] is None:
        yield context.empty(context.wording.sentence(overall["exact_set"]["reason"]))
        return
    yield context.told(
        sentences.EXAMS_AS_A_WHOLE,
        same=interval(overall["exact_set"]),
        overlap=interval(overall["mean_jaccard"]),
    )
    macro = overall["macro"]
    means = (macro["positive_agreement"], macro["krippendorff_alpha"])
    if all(one["estimate"] is not None for one in means):
        yield context.told(
            sentences.MEAN_OVER_CLASSES,
            positive=interval(macro["positive_agreement"]),
            alpha=interval(macro["krippendorff_alpha"]),
        )
    yield _together_table(context)


def _together_table(context: Context) -> Table:
    say, whole, interval = context.say, context.wording.whole, context.wording.interval
    overall = context.report["overall"]
    rows = [
        (say(sentences.SETS_SAME), DASH, DASH, interval(overall["exact_set"])),
        (say(sentences.JACCARD), DASH, DASH, interval(overall["mean_jaccard"])),
    ]
    macros = overall["macro"]
    # In an order of our own: a report that was stored has its keys in that of the database.
    for name in (one for one in sentences.MEASURES if one in macros):
        macro = macros[name]
        defined = say(sentences.OF, n=whole(macro["n_defined"]), total=whole(macro["n_classes"]))
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
    plain, whole = sentences.CAPTION_FOREST_PLAIN, sentences.CAPTION_FOREST
    n = context.wording.whole(len(context.classes))
    return context.figure(
        context.say(whole if context.has_intervals else plain, measure=name),
        forest.svg(context.report, measure, context.wording),
        context.say(sentences.ALT_FOREST, measure=name, n=n),
    )


def _secondary(context: Context) -> Iterator[Block]:
    if context.classes:
        yield class_tables.secondary(context)
    else:
        yield context.empty(context.say(sentences.NO_CLASSES))


def _pairs(context: Context) -> Iterator[Block]:
    pairs, repeats = context.report["pairs"], context.report["repeats"]
    whole, n_readers = context.wording.whole, len(context.report["readers"])
    if pairs:
        low, high = _exams(pairs)
        n = whole(len(pairs))
        yield context.told(sentences.COMMON, n=n, low=whole(low), high=whole(high))
    else:
        yield context.empty(context.say(sentences.NO_PAIRS))
    if pairs or repeats:
        is_large = n_readers > matrix.MAX_WITH_NUMBERS
        yield context.figure(
            context.say(sentences.CAPTION_MATRIX_LARGE if is_large else sentences.CAPTION_MATRIX),
            matrix.svg(context.report, context.wording),
            context.say(sentences.ALT_MATRIX, n=whole(n_readers)),
        )


def _repeated(context: Context) -> Paragraph:
    repeats, whole = context.report["repeats"], context.wording.whole
    if not repeats:
        return context.told(sentences.NOBODY_TWICE)
    low, high = _exams(repeats)
    n = whole(len(repeats))
    return context.told(sentences.TWICE_READ, n=n, low=whole(low), high=whole(high))


def _exams(counts: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return the fewest and the most exams, counted in the class that was assessed most often."""
    exams = [
        max(map(sum, zip(*(one[field] for field in ("n11", "n10", "n01", "n00")), strict=True)))
        for one in counts
    ]
    return min(exams), max(exams)
