"""The GRRAS checklist: each item, where the report covers it, and what the author must add."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from . import sentences
from .conduct import POPULATION
from .context import Context
from .document import Column, Table
from .sentences import _


def table(context: Context) -> Table:
    say = context.say
    rows = []
    for number, (item, parts) in enumerate(zip(ITEMS, _answers(context), strict=True), start=1):
        rows.append((str(number), say(item), " ".join(filter(None, parts))))
    columns = (
        Column(say(ITEM_NUMBER), "left"),
        Column(say(ITEM), "left"),
        Column(say(WHERE), "left"),
    )
    return context.table(say(CAPTION), Table("", columns, tuple(rows)))


def _answers(context: Context) -> Iterator[tuple[str, ...]]:
    """Yield for each item where it is reported, a summary, and what is missing."""
    say, facts = context.say, context.facts
    exams, readers, design = facts.exams, facts.readers, facts.design
    missing = partial(_missing, context)
    sampling = missing(exams.sampling, POPULATION if exams.draws else sentences.SAMPLING)
    background = missing(readers.background or readers.levels, sentences.BACKGROUND)
    yield (say(IN_TITLE),)
    yield say(IN_DESIGN), _device(context), missing(facts.taxonomy, LIST_OF_CLASSES)
    has_sample = exams.sampling or exams.draws
    yield say(IN_SAMPLE) if has_sample or exams.datasets else "", sampling
    yield say(IN_READERS) if design.minimum_reader_level or not background else "", background
    yield (missing(None, RATIONALE),)
    yield say(IN_DESIGN), missing(facts.sample_size, sentences.SAMPLE_SIZE)
    yield say(IN_SAMPLE) if has_sample else "", sampling
    yield (
        say(IN_READING),
        missing(facts.display or facts.counts.displays, sentences.DISPLAYED),
    )
    yield (
        say(IN_READING) if design.is_blinded else "",
        missing(design.is_blinded, sentences.BLINDING),
    )
    yield (say(IN_STATISTICS),)
    yield say(IN_INCLUDED), _numbers(context)
    is_described = readers.levels and (exams.age_years or exams.sex)
    yield say(IN_INCLUDED), missing(is_described, CHARACTERISTICS)
    yield say(IN_RESULTS), _estimates(context)
    yield (missing(None, RELEVANCE),)
    yield (say(IN_APPENDICES),)


def _missing(context: Context, value: object, description: str) -> str:
    return "" if value else context.say(sentences.FILL_IN_WHAT, what=context.say(description))


def _device(context: Context) -> str:
    facts, n = context.facts, context.wording.integer(len(context.classes))
    if not facts.taxonomy:
        return ""
    taxonomy = f"{facts.taxonomy} {facts.taxonomy_version}".strip()
    return context.say(DEVICE, n=n, taxonomy=taxonomy)


def _numbers(context: Context) -> str:
    report, integer = context.report, context.wording.integer
    return context.say(
        NUMBERS,
        readers=integer(report["n_readers"]),
        exams=integer(report["n_exams_compared"]),
        readings=integer(report["n_readings"]),
        twice=integer(len(report["repeats"])),
    )


def _estimates(context: Context) -> str:
    macro, interval = context.report["overall"]["macro"], context.wording.interval
    positive, alpha = macro["positive_agreement"], macro["krippendorff_alpha"]
    if positive["estimate"] is None or alpha["estimate"] is None:
        return ""
    return context.say(
        sentences.MEAN_OVER_CLASSES, positive=interval(positive), alpha=interval(alpha)
    )


CAPTION = _("Checklist of the Guidelines for Reporting Reliability and Agreement Studies (GRRAS)")
ITEM_NUMBER = _("No.")
ITEM = _("Item")
WHERE = _("Where it is reported")

ITEMS = (
    _("Title or abstract: states that agreement between or within readers was investigated"),
    _("Introduction: the diagnostic or measurement device"),
    _("Introduction: the population of subjects"),
    _("Introduction: the population of raters"),
    _("Introduction: what is known about reliability and agreement; rationale for the study"),
    _("Methods: how the sample size was chosen; numbers of raters, subjects and replicates"),
    _("Methods: how subjects and raters were sampled"),
    _("Methods: the rating process (time between ratings, clinical information, blinding)"),
    _("Methods: whether ratings were made independently"),
    _("Methods: the statistical analysis"),
    _("Results: actual numbers of raters, subjects and replicate observations"),
    _("Results: characteristics of raters and subjects"),
    _("Results: estimates of reliability and agreement with their uncertainty"),
    _("Discussion: practical relevance of the results"),
    _("Auxiliary material: detailed results"),
)

IN_TITLE = _("Title.")
IN_DESIGN = _("Methods, Design.")
IN_SAMPLE = _("Methods, Exams.")
IN_READERS = _("Methods, Readers.")
IN_READING = _("Methods, Reading.")
IN_STATISTICS = _("Methods, Incomplete readings, Statistical analysis.")
IN_INCLUDED = _("Results, Exams, readers and readings.")
IN_RESULTS = _("Results, all tables and figures.")
IN_APPENDICES = _("Appendices; the CSV and JSON files of the report.")
DEVICE = _("12-lead electrocardiograms, read for {n} classes of {taxonomy}.")
NUMBERS = _(
    "Readers: {readers}; exams read by at least two readers: {exams}; readings: {readings}; "
    "readers who read exams twice: {twice}."
)
RATIONALE = _("what was already known, and why the study was done")
RELEVANCE = _("what the results mean in practice")
LIST_OF_CLASSES = _("the list of classes")
CHARACTERISTICS = _("age and sex of the patients, training and experience of the readers")
