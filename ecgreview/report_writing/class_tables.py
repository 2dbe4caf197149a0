"""Tables with one row per class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import sentences
from .context import Context, has_posterior
from .document import Column, Paragraph, Table
from .wording import DASH

SECONDARY = ("percent_agreement", "negative_agreement", "gwet_ac1", "pabak")
# Coefficients whose leave-one-reader-out range is reported.
RANGED = ("positive_agreement", "fleiss_kappa", "krippendorff_alpha", "gwet_ac1")


def warnings(context: Context) -> Iterator[Paragraph]:
    """Warn about rare classes and undefined coefficients."""
    rare, integer = context.report["method"]["rare_below"], context.wording.integer
    n_rare = sum(line["n_exams"] > 0 and line["n_positive_any"] < rare for line in context.classes)
    if n_rare:
        text = context.say(sentences.RARE_WARNING, n=integer(n_rare), rare=integer(rare))
        yield Paragraph(text, "warning")
    n_undefined = sum(_is_undefined(line, _headlines(context)) for line in context.classes)
    if n_undefined:
        n = context.wording.integer(n_undefined)
        yield Paragraph(context.say(sentences.UNDEFINED_WARNING, n=n), "warning")


def headline(context: Context) -> Table:
    caption = context.captioned(sentences.CLASS_TABLE, sentences.CLASS_TABLE_PLAIN)
    return headline_of(context, context.classes, head=sentences.CLASS, caption=caption)


def headline_of(
    context: Context, lines: Sequence[Mapping[str, Any]], *, head: str, caption: str
) -> Table:
    """Return a table with the raw counts, positive agreement, kappa and alpha of each line.

    Args:
        context: the report being written.
        lines: lines of classes or groups, as in the report.
        head: sentence for the heading of the first column.
        caption: in the language of the report.
    """
    say, integer = context.say, context.wording.integer
    marks = Marks(context)
    rows = tuple(
        (
            _name(context, line),
            integer(line["n_exams"]),
            integer(line["n_positive_any"]),
            integer(line["n_positive_all"]),
            integer(line["n_positive_any"] - line["n_positive_all"]),
            *(marks.cell(line[measure]) for measure in _headlines(context)),
        )
        for line in lines
    )
    columns = (
        Column(say(head), "left"),
        Column(say(sentences.EXAMS)),
        Column(say(sentences.GIVEN_BY_ANY)),
        Column(say(sentences.GIVEN_BY_ALL)),
        Column(say(sentences.DISPUTED)),
        Column(say(sentences.MEASURES["positive_agreement"])),
        Column(context.kappa_name),
        Column(say(sentences.MEASURES["krippendorff_alpha"])),
    )
    notes = (say(sentences.COLUMNS_NOTE), *_posterior_note(context, lines), *marks.notes())
    return context.table(caption, Table("", columns, rows, notes))


def secondary(context: Context) -> Table:
    """Return a table of the coefficients that should not be interpreted alone."""
    marks = Marks(context)
    rows = tuple(
        (_name(context, line), *(marks.cell(line[measure]) for measure in SECONDARY))
        for line in context.classes
    )
    columns = (
        Column(context.say(sentences.CLASS), "left"),
        *(Column(context.say(sentences.MEASURES[measure])) for measure in SECONDARY),
    )
    notes = (*_posterior_note(context, context.classes), *marks.notes())
    caption = context.captioned(sentences.SECONDARY_TABLE, sentences.SECONDARY_PLAIN)
    return context.table(caption, Table("", columns, rows, notes))


def ranges(context: Context) -> Table:
    """Return a table of the ranges of coefficients when one reader at a time is left out."""
    rows = tuple(
        (
            line["class"],
            *(_range(context, line["without_one_reader"].get(measure)) for measure in RANGED),
        )
        for line in context.classes
    )
    columns = (
        Column(context.say(sentences.CLASS), "left"),
        *(Column(context.say(sentences.MEASURES[measure])) for measure in RANGED),
    )
    notes = (context.say(sentences.RANGE_NOTE),)
    return context.table(context.say(sentences.RANGE_TABLE), Table("", columns, rows, notes))


class Marks:
    """Footnote letters that link the cells of a table to the reasons below it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reasons: list[str] = []

    def cell(self, measure: Mapping[str, Any]) -> str:
        """Return a measure with its interval, and a footnote letter if it has a reason."""
        return self._marked(self._context.wording.interval(measure), measure)

    def probability(self, measure: Mapping[str, Any]) -> str:
        """Return a p value, with a footnote letter if it has a reason."""
        p, wording = measure["estimate"], self._context.wording
        return self._marked(DASH if p is None else wording.probability(p), measure)

    def _marked(self, text: str, measure: Mapping[str, Any]) -> str:
        if not measure["reason"]:
            return text
        if measure["reason"] not in self._reasons:
            self._reasons.append(measure["reason"])
        return f"{text}\u00a0{self._mark(measure['reason'])}"

    def notes(self) -> tuple[str, ...]:
        """Return the reasons, each with its footnote letter."""
        say, sentence = self._context.say, self._context.wording.sentence
        return tuple(
            say(sentences.REASON_NOTE, mark=self._mark(reason), reason=sentence(reason))
            for reason in self._reasons
        )

    def _mark(self, reason: str) -> str:
        return chr(ord("a") + self._reasons.index(reason))


def _headlines(context: Context) -> Sequence[str]:
    return "positive_agreement", context.kappa, "krippendorff_alpha"


def _is_undefined(line: Mapping[str, Any], measures: Sequence[str]) -> bool:
    return any(line[measure]["estimate"] is None for measure in measures)


def _name(context: Context, line: Mapping[str, Any]) -> str:
    name: str = line["class"]
    return context.say(sentences.POSTERIOR_MARK, name=name) if has_posterior(line) else name


def _posterior_note(context: Context, lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if any(map(has_posterior, lines)):
        rare = context.wording.integer(context.report["method"]["rare_below"])
        yield context.say(sentences.POSTERIOR_NOTE, rare=rare)


def _range(context: Context, ends: Sequence[float] | None) -> str:
    if ends is None:
        return DASH
    low, high = map(context.wording.decimal, ends)
    return context.say(sentences.RANGE, low=low, high=high)
