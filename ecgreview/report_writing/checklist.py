"""The checklist of GRRAS: each item, where the report tells it, and what is left to the author."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from . import sentences
from .conduct import POPULATION
from .context import Context
from .document import Column, Table
from .sentences import _


def table(context: Context) -> Table:
    """Return the checklist as a table."""
    say = context.say
    rows = []
    for number, (item, parts) in enumerate(zip(ITEMS, _answers(context), strict=True), start=1):
        rows.append((str(number), say(item), " ".join(filter(None, parts))))
    columns = (
        Column(say(ITEM_NUMBER), "left"),
        Column(say(ITEM), "left"),
        Column(say(TOLD), "left"),
    )
    return context.table(say(CAPTION), Table("", columns, tuple(rows)))


def _answers(context: Context) -> Iterator[tuple[str, ...]]:
    """Return for each item where it is told, what is told there in short, and what is missing."""
    say, facts = context.say, context.facts
    exams, readers, design = facts.exams, facts.readers, facts.design
    missing = partial(_missing, context)
    sampling = missing(exams.sampling, POPULATION if exams.draws else sentences.SAMPLING)
    background = missing(readers.background or readers.levels, sentences.BACKGROUND)
    yield (say(IN_TITLE),)
    yield say(IN_DESIGN), _device(context), missing(facts.taxonomy, LIST_OF_CLASSES)
    is_told = exams.sampling or exams.draws
    yield say(IN_SAMPLE) if is_told or exams.datasets else "", sampling
    yield say(IN_READERS) if design.minimum_reader_level or not background else "", background
    yield (missing(None, RATIONALE),)
    yield say(IN_DESIGN), missing(facts.sample_size, sentences.SAMPLE_SIZE)
    yield say(IN_SAMPLE) if is_told else "", sampling
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


def _missing(context: Context, known: object, what: str) -> str:
    return "" if known else context.say(sentences.FILL_IN_WHAT, what=context.say(what))


def _device(context: Context) -> str:
    facts, n = context.facts, context.wording.whole(len(context.classes))
    if not facts.taxonomy:
        return ""
    taxonomy = f"{facts.taxonomy} {facts.taxonomy_version}".strip()
    return context.say(DEVICE, n=n, taxonomy=taxonomy)


def _numbers(context: Context) -> str:
    report, whole = context.report, context.wording.whole
    return context.say(
        NUMBERS,
        readers=whole(report["n_readers"]),
        exams=whole(report["n_exams_compared"]),
        readings=whole(report["n_readings"]),
        twice=whole(len(report["repeats"])),
    )


def _estimates(context: Context) -> str:
    macro, interval = context.report["overall"]["macro"], context.wording.interval
    positive, alpha = macro["positive_agreement"], macro["krippendorff_alpha"]
    if positive["estimate"] is None or alpha["estimate"] is None:
        return ""
    return context.say(
        sentences.MEAN_OVER_CLASSES, positive=interval(positive), alpha=interval(alpha)
    )


CAPTION = _("Checklist of the guidelines for reporting reliability and agreement studies (GRRAS)")
ITEM_NUMBER = _("No.")
ITEM = _("Item")
TOLD = _("Where it is told")

ITEMS = (
    _("Title or abstract: that agreement between or within readers was investigated"),
    _("Introduction: the diagnostic or measurement device"),
    _("Introduction: the population of subjects"),
    _("Introduction: the population of raters"),
    _("Introduction: what is known of reliability and agreement; rationale of the study"),
    _("Methods: how the sample size was chosen; numbers of raters, subjects and replicates"),
    _("Methods: how subjects and raters were sampled"),
    _("Methods: the rating process: intervals of time, clinical information, blinding"),
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
    "Readers: {readers}; exams that two readers or more have read: {exams}; readings: {readings}; "
    "readers who read exams twice: {twice}."
)
RATIONALE = _("what is known already, and why the study was made")
RELEVANCE = _("what the results mean in practice")
LIST_OF_CLASSES = _("the list of classes")
CHARACTERISTICS = _("age and sex of the patients, training and experience of the readers")
