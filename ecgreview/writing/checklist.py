"""The checklist of GRRAS: each item, where the report tells it, and what is left to the author."""

from __future__ import annotations

from collections.abc import Iterator

from . import sentences
from .context import Context
from .document import Column, Table
from .sentences import _


def table(context: Context) -> Table:
    """Return the checklist as a table."""
    say = context.say
    rows = []
    for number, (item, told, gap) in enumerate(_items(context), start=1):
        answer = say(told) if told else ""
        missing = say(sentences.FILL_IN_WHAT, what=say(gap)) if gap else ""
        rows.append((str(number), say(item), " ".join(filter(None, [answer, missing]))))
    columns = (
        Column(say(ITEM_NUMBER), "left"),
        Column(say(ITEM), "left"),
        Column(say(TOLD), "left"),
    )
    return context.table(say(CAPTION), Table("", columns, tuple(rows)))


def _items(context: Context) -> Iterator[tuple[str, str, str]]:
    """Return each item with where it is told and what is missing, either of which may be empty."""
    facts = context.facts
    exams, readers = facts.exams, facts.readers
    sampling = "" if exams.sampling else sentences.SAMPLING
    yield ITEMS[0], IN_TITLE, ""
    yield ITEMS[1], IN_DESIGN if facts.taxonomy else "", "" if facts.taxonomy else LIST_OF_CLASSES
    yield ITEMS[2], IN_SAMPLE if exams.sampling or exams.datasets else "", sampling
    has_readers = facts.design.minimum_reader_level is not None
    background = "" if readers.background or readers.levels else sentences.BACKGROUND
    yield ITEMS[3], IN_READERS if has_readers or not background else "", background
    yield ITEMS[4], "", RATIONALE
    has_numbers = facts.design.readers_per_exam is not None
    yield (
        ITEMS[5],
        IN_DESIGN if has_numbers or facts.sample_size else "",
        "" if facts.sample_size else sentences.SAMPLE_SIZE,
    )
    yield ITEMS[6], IN_SAMPLE if exams.sampling else "", sampling
    yield ITEMS[7], IN_READING, "" if facts.display else sentences.DISPLAYED
    is_blinded = facts.design.is_blinded
    yield ITEMS[8], IN_READING if is_blinded else "", "" if is_blinded else sentences.BLINDING
    yield ITEMS[9], IN_STATISTICS, ""
    yield ITEMS[10], IN_INCLUDED, ""
    described = bool(readers.levels and (exams.age_years or exams.sex))
    yield ITEMS[11], IN_INCLUDED, "" if described else CHARACTERISTICS
    yield ITEMS[12], IN_RESULTS, ""
    yield ITEMS[13], "", RELEVANCE
    yield ITEMS[14], IN_APPENDICES, ""


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
RATIONALE = _("what is known already, and why the study was made")
RELEVANCE = _("what the results mean in practice")
LIST_OF_CLASSES = _("the list of classes")
CHARACTERISTICS = _("age and sex of the patients, training and experience of the readers")
