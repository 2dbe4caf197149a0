"""Describe how the study was conducted, from its records, next to what the protocol planned."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from . import sentences
from .context import Context
from .document import Block, Paragraph
from .facts import Display, Draw, Selection, Spread, Tally
from .sentences import _


def readings_per_exam(context: Context) -> Iterator[str]:
    planned, integer = context.facts.design.readers_per_exam, context.wording.integer
    read_by = context.facts.exams.read_by
    if planned == 1:
        yield context.say(ONE_READER_PER_EXAM)
    elif planned is not None:
        yield context.say(READERS_PER_EXAM, n=integer(planned))
    if not read_by:
        return
    if planned is not None and [tally.name for tally in read_by] == [str(planned)]:
        yield context.say(READ_AS_PLANNED, n=integer(read_by[0].n))
    else:
        yield context.say(READ_BY, tally=tallied(context, read_by))


def repeats(context: Context) -> Iterator[str]:
    """Report the hidden repeats that were planned and those that were read."""
    design, counts, wording = context.facts.design, context.facts.counts, context.wording
    read = counts.repeats
    if not design.repeat_fraction:
        if read:
            yield context.say(REPEATS_UNPLANNED, n=wording.integer(read))
        elif design.repeat_fraction is not None:
            yield context.say(NO_REPEATS)
        return
    yield context.say(
        REPEATS_PLANNED,
        share=wording.percent(design.repeat_fraction),
        days=wording.integer(design.washout_days),
        exams=wording.integer(design.washout_exams),
    )
    if read is not None:
        yield from _repeats_read(context, read)


def _repeats_read(context: Context, read: int) -> Iterator[str]:
    counts, integer = context.facts.counts, context.wording.integer
    if not read:
        yield context.say(REPEATS_NONE if context.facts.dates.closed else REPEATS_NOT_YET)
        return
    planned = counts.repeats_planned
    if planned is None or planned < read:
        yield context.say(REPEATS_READ, n=integer(read))
    else:
        yield context.say(REPEATS_OF, n=integer(read), planned=integer(planned))
    if counts.repeat_days:
        yield context.say(REPEAT_DAYS, spread=spread_text(context, counts.repeat_days))


def sample(context: Context) -> Iterator[Block]:
    """Report how exams were chosen; leave a gap for what the author must add."""
    exams = context.facts.exams
    if exams.sampling:
        yield Paragraph(exams.sampling)
    elif exams.draws:
        yield Paragraph(" ".join(_draws(context)))
        yield context.gap(POPULATION)
    else:
        yield context.gap(sentences.SAMPLING)
    if exams.datasets:
        yield context.paragraph(DATASETS, datasets=tallied(context, exams.datasets))


def _draws(context: Context) -> Iterator[str]:
    integer, exams = context.wording.integer, context.facts.exams
    if context.facts.scope:
        yield context.say(OF_STUDY)
    for draw in exams.draws or ():
        if draw.selection is Selection.DRAWN:
            yield from _draw_sentences(context, draw)
        else:
            yield context.say(SELECTIONS[draw.selection], n=integer(draw.n))
    if exams.n_removed:
        yield context.say(REMOVED, n=integer(exams.n_removed))


def _draw_sentences(context: Context, draw: Draw) -> Iterator[str]:
    integer = context.wording.integer
    available = "?" if draw.n_available is None else integer(draw.n_available)
    yield context.say(DRAWN, n=integer(draw.n), dataset=draw.dataset, available=available)
    if draw.stratified_by in STRATIFIED:
        yield context.say(STRATIFIED[draw.stratified_by])
        if draw.quota in QUOTAS:
            yield context.say(QUOTAS[draw.quota])
    if draw.per_patient:
        yield context.say(PER_PATIENT, n=integer(draw.per_patient))


def readers(context: Context) -> Iterator[Block]:
    design, facts = context.facts.design, context.facts.readers
    level, integer = design.minimum_reader_level, context.wording.integer
    parts = [context.say(LEVELS[level])] if level else []
    if len(facts.levels) == 1:
        (level_tally,) = facts.levels
        parts.append(context.say(ONE_LEVEL, level=level_tally.name, n=integer(level_tally.n)))
    elif facts.levels:
        parts.append(context.say(WHO_READ, levels=tallied(context, facts.levels)))
    parts += _qualification(context)
    if facts.n_saw_results:
        parts.append(context.say(SAW_RESULTS, n=integer(facts.n_saw_results)))
    if facts.others:
        parts.append(context.say(OTHERS, others=tallied(context, facts.others)))
    if parts:
        yield Paragraph(" ".join(parts))
    if facts.background:
        yield Paragraph(facts.background)
    elif not facts.levels:
        yield context.gap(sentences.BACKGROUND)


def _qualification(context: Context) -> Iterator[str]:
    design, facts, integer = context.facts.design, context.facts.readers, context.wording.integer
    if design.pass_mark is not None:
        yield context.say(QUALIFICATION, share=context.wording.percent(design.pass_mark))
        if facts.n_qualified is not None and facts.n is not None:
            yield context.say(QUALIFIED, n=integer(facts.n_qualified), total=integer(facts.n))
    elif design.minimum_reader_level is not None:
        yield context.say(NO_QUALIFICATION)


def suggestions(context: Context) -> Iterator[str]:
    """Report when suggestions could be shown, and for how many readings they were shown."""
    policy, n_shown = context.facts.design.suggestion_policy, context.facts.counts.suggestions_shown
    if policy not in SUGGESTIONS:
        return
    yield context.say(SUGGESTIONS[policy])
    if n_shown:
        yield context.say(SUGGESTIONS_SHOWN, n=context.wording.integer(n_shown))
    elif n_shown == 0 and policy != "none":
        yield context.say(NONE_SHOWN)


def display(context: Context) -> Iterator[Block]:
    """Report how tracings were displayed, from the settings stored with each reading."""
    counts, integer = context.facts.counts, context.wording.integer
    if context.facts.display:  # Reports stored before ``counts.displays`` existed have only this.
        parts = [context.say(DISPLAY, display=tallied(context, context.facts.display))]
    elif counts.displays:
        ways = "; ".join(_way(context, display) for display in counts.displays)
        parts = [context.say(DISPLAY, display=ways)]
    else:
        yield context.gap(sentences.DISPLAYED)
        return
    if counts.display_other:
        parts.append(context.say(DISPLAY_OTHER, n=integer(counts.display_other)))
    if counts.display_unknown:
        parts.append(context.say(DISPLAY_UNKNOWN, n=integer(counts.display_unknown)))
    yield Paragraph(" ".join(parts))


def _way(context: Context, display: Display) -> str:
    wording = context.wording
    parts = [
        "+".join((display.arrangement, *display.rhythm)),
        f"{_number(context, display.speed_mm_per_s)} mm/s",
        f"{_number(context, display.gain_mm_per_mv)} mm/mV",
    ]
    if display.filter:
        filter_name = FILTERS.get(display.filter)
        parts.append(context.say(filter_name) if filter_name else display.filter)
    return f"{', '.join(parts)} (n = {wording.integer(display.n)})"


def spread_text(context: Context, spread: Spread) -> str:
    """Format the median and quartiles."""
    low, median, high = (
        _number(context, value) for value in (spread.low, spread.median, spread.high)
    )
    n = context.wording.integer(spread.n_known)
    return context.say(sentences.MEDIAN, median=median, low=low, high=high, n=n)


def _number(context: Context, value: float) -> str:
    return context.wording.decimal(value, 0 if float(value).is_integer() else 1)


def tallied(context: Context, tallies: tuple[Tally, ...]) -> str:
    """Format names with their counts, separated by semicolons."""
    integer = context.wording.integer
    return "; ".join(f"{tally.name} (n = {integer(tally.n)})" for tally in tallies)


READERS_PER_EXAM = _("According to the protocol, each exam is read by {n} different readers.")
ONE_READER_PER_EXAM = _("According to the protocol, each exam is read by one reader.")
READ_AS_PLANNED = _("All exams (n = {n}) were read by this number of readers.")
READ_BY = _("Exams by the number of readers who read them: {tally}.")

REPEATS_PLANNED = _(
    "To measure intra-reader agreement, the protocol planned to repeat {share} of each reader's "
    "exams unannounced, at least {days} days and {exams} other exams later."
)
REPEATS_NONE = _("None of these repeats was read before reading was closed.")
REPEATS_NOT_YET = _("None of these repeats has been read yet.")
REPEATS_OF = _("Of the {planned} repeats planned, {n} were read.")
REPEATS_READ = _("Repeats read: {n}.")
REPEATS_UNPLANNED = _("The protocol planned no repeats, but readers read {n} exams a second time.")
REPEAT_DAYS = _("Days between the two readings: {spread}.")
NO_REPEATS = _("No reader was given an exam a second time.")

OF_STUDY = _(
    "The exams of the batch come from the exams of the study, which were chosen as follows."
)
DRAWN = _(
    "{n} exams were drawn at random from the {available} available in {dataset}, using a secret "
    "seed fixed before the first reading."
)
SELECTIONS = MappingProxyType(
    {
        Selection.NAMED: _("Exams selected one by one by the study's coordinators: {n}."),
        Selection.UNKNOWN: _("Exams whose method of selection was not recorded: {n}."),
    }
)
STRATIFIED = MappingProxyType(
    {
        "source": _("The draw was stratified by source labels."),
        "suggested": _("The draw was stratified by computer suggestions."),
    }
)
QUOTAS = MappingProxyType(
    {
        "equal": _("Every stratum contributed the same number of exams, except for rounding."),
        "proportional": _("Strata contributed in proportion to their size."),
        "listed": _("The number of exams of each stratum was set in advance."),
    }
)
PER_PATIENT = _("Maximum number of exams drawn from one patient: {n}.")
REMOVED = _("Exams removed before being assigned to any reader: {n}.")
POPULATION = _("the population that the data sets represent")
DATASETS = _("Exams came from: {datasets}.")

LEVELS = MappingProxyType(
    {
        1: _("The protocol admitted trainees, cardiologists and senior cardiologists as readers."),
        2: _("The protocol admitted cardiologists and senior cardiologists as readers."),
        3: _("The protocol admitted senior cardiologists as readers."),
    }
)
WHO_READ = _("Levels of the readers who read at least one exam: {levels}.")
ONE_LEVEL = _("All readers who read at least one exam were of the same level: {level} (n = {n}).")
OTHERS = _(
    "The readers are people. Also compared: {others}. These have no vote in the consensus and are"
    " not included in the coefficients of all readers together or in the latent model."
)
QUALIFICATION = _(
    "Before reading for the study, each reader had to read a set of exams with reference answers "
    "and reach a micro F1 of at least {share}."
)
QUALIFIED = _("Of the {total} readers, {n} had passed.")
NO_QUALIFICATION = _("No qualification was required.")
SAW_RESULTS = _("Readers who viewed results and were given no further exams after that: {n}.")

SUGGESTIONS = MappingProxyType(
    {
        "none": _("No computer suggestions were shown."),
        "after_commit": _(
            "Under the protocol, computer suggestions may be shown only after the reader has "
            "submitted a blind reading. Agreement is computed from the blind readings."
        ),
        "concurrent": _("Under the protocol, computer suggestions may be shown during reading."),
        "randomised": _(
            "For each exam and reader, it was randomized whether and when computer suggestions "
            "could be shown."
        ),
    }
)
SUGGESTIONS_SHOWN = _("Readings for which suggestions were shown: {n}.")
NONE_SHOWN = _("No suggestion was shown for any of these readings.")

DISPLAY = _("Tracings were displayed as follows when readings were submitted: {display}.")
DISPLAY_OTHER = _("Readings made with other settings: {n}.")
DISPLAY_UNKNOWN = _("Readings for which no display settings were recorded: {n}.")
FILTERS = MappingProxyType(
    {
        "off": _("no filter"),
        "150hz": _("150 Hz low-pass filter"),
        "40hz": _("40 Hz low-pass filter"),
        "baseline": _("baseline filter"),
        "mains": _("mains filter"),
    }
)
