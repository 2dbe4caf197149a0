"""What happened in a study, from its rows, beside what its protocol planned."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from . import sentences
from .context import Context
from .document import Block, Paragraph
from .facts import Display, Draw, Selection, Spread, Tally
from .sentences import _


def readings_per_exam(context: Context) -> Iterator[str]:
    """Return how many readers were to read each exam, and how many did."""
    planned, whole = context.facts.design.readers_per_exam, context.wording.whole
    read_by = context.facts.exams.read_by
    if planned == 1:
        yield context.say(ONE_READER_PER_EXAM)
    elif planned is not None:
        yield context.say(READERS_PER_EXAM, n=whole(planned))
    if not read_by:
        return
    if planned is not None and [one.name for one in read_by] == [str(planned)]:
        yield context.say(READ_AS_PLANNED, n=whole(read_by[0].n))
    else:
        yield context.say(READ_BY, tally=tallied(context, read_by))


def repeats(context: Context) -> Iterator[str]:
    """Return which hidden repeats were planned, and which were read."""
    design, counts, wording = context.facts.design, context.facts.counts, context.wording
    read = counts.repeats
    if not design.repeat_fraction:
        if read:
            yield context.say(REPEATS_UNPLANNED, n=wording.whole(read))
        elif design.repeat_fraction is not None:
            yield context.say(NO_REPEATS)
        return
    yield context.say(
        REPEATS_PLANNED,
        share=wording.percent(design.repeat_fraction),
        days=wording.whole(design.washout_days),
        exams=wording.whole(design.washout_exams),
    )
    if read is not None:
        yield from _repeats_read(context, read)


def _repeats_read(context: Context, read: int) -> Iterator[str]:
    counts, whole = context.facts.counts, context.wording.whole
    if not read:
        yield context.say(REPEATS_NONE if context.facts.dates.closed else REPEATS_NOT_YET)
        return
    planned = counts.repeats_planned
    if planned is None or planned < read:
        yield context.say(REPEATS_READ, n=whole(read))
    else:
        yield context.say(REPEATS_OF, n=whole(read), planned=whole(planned))
    if counts.repeat_days:
        yield context.say(REPEAT_DAYS, spread=spread_text(context, counts.repeat_days))


def sample(context: Context) -> Iterator[Block]:
    """Return how the exams were chosen, as recorded; what is not known is left to the author."""
    exams = context.facts.exams
    if exams.sampling:
        yield Paragraph(exams.sampling)
    elif exams.draws:
        yield Paragraph(" ".join(_draws(context)))
        yield context.gap(POPULATION)
    else:
        yield context.gap(sentences.SAMPLING)
    if exams.datasets:
        yield context.told(DATASETS, datasets=tallied(context, exams.datasets))


def _draws(context: Context) -> Iterator[str]:
    whole, exams = context.wording.whole, context.facts.exams
    if context.facts.scope:
        yield context.say(OF_STUDY)
    for one in exams.draws or ():
        if one.selection is Selection.DRAWN:
            yield from _drawn(context, one)
        else:
            yield context.say(SELECTIONS[one.selection], n=whole(one.n))
    if exams.n_removed:
        yield context.say(REMOVED, n=whole(exams.n_removed))


def _drawn(context: Context, one: Draw) -> Iterator[str]:
    whole = context.wording.whole
    available = "?" if one.n_available is None else whole(one.n_available)
    yield context.say(DRAWN, n=whole(one.n), dataset=one.dataset, available=available)
    if one.stratified_by in STRATIFIED:
        yield context.say(STRATIFIED[one.stratified_by])
        if one.quota in QUOTAS:
            yield context.say(QUOTAS[one.quota])
    if one.per_patient:
        yield context.say(PER_PATIENT, n=whole(one.per_patient))


def readers(context: Context) -> Iterator[Block]:
    """Return who was admitted as a reader, and who read."""
    design, known = context.facts.design, context.facts.readers
    level, whole = design.minimum_reader_level, context.wording.whole
    told = [context.say(LEVELS[level])] if level else []
    if len(known.levels) == 1:
        (one,) = known.levels
        told.append(context.say(ONE_LEVEL, level=one.name, n=whole(one.n)))
    elif known.levels:
        told.append(context.say(WHO_READ, levels=tallied(context, known.levels)))
    told += _qualification(context)
    if known.n_saw_results:
        told.append(context.say(SAW_RESULTS, n=whole(known.n_saw_results)))
    if known.others:
        told.append(context.say(OTHERS, others=tallied(context, known.others)))
    if told:
        yield Paragraph(" ".join(told))
    if known.background:
        yield Paragraph(known.background)
    elif not known.levels:
        yield context.gap(sentences.BACKGROUND)


def _qualification(context: Context) -> Iterator[str]:
    design, known, whole = context.facts.design, context.facts.readers, context.wording.whole
    if design.pass_mark is not None:
        yield context.say(QUALIFICATION, share=context.wording.percent(design.pass_mark))
        if known.n_qualified is not None and known.n is not None:
            yield context.say(QUALIFIED, n=whole(known.n_qualified), total=whole(known.n))
    elif design.minimum_reader_level is not None:
        yield context.say(NO_QUALIFICATION)


def suggestions(context: Context) -> Iterator[str]:
    """Return when suggestions could be shown, and for how many readings they were."""
    policy, shown = context.facts.design.suggestion_policy, context.facts.counts.suggestions_shown
    if policy not in SUGGESTIONS:
        return
    yield context.say(SUGGESTIONS[policy])
    if shown:
        yield context.say(SUGGESTIONS_SHOWN, n=context.wording.whole(shown))
    elif shown == 0 and policy != "none":
        yield context.say(NONE_SHOWN)


def display(context: Context) -> Iterator[Block]:
    """Return how tracings were displayed when readings were submitted, as the readings say."""
    counts, whole = context.facts.counts, context.wording.whole
    if context.facts.display:  # of a version stored before
        told = [context.say(DISPLAY, display=tallied(context, context.facts.display))]
    elif counts.displays:
        ways = "; ".join(_way(context, one) for one in counts.displays)
        told = [context.say(DISPLAY, display=ways)]
    else:
        yield context.gap(sentences.DISPLAYED)
        return
    if counts.display_other:
        told.append(context.say(DISPLAY_OTHER, n=whole(counts.display_other)))
    if counts.display_unknown:
        told.append(context.say(DISPLAY_UNKNOWN, n=whole(counts.display_unknown)))
    yield Paragraph(" ".join(told))


def _way(context: Context, one: Display) -> str:
    wording = context.wording
    parts = [
        "+".join((one.arrangement, *one.rhythm)),
        f"{_number(context, one.speed_mm_per_s)} mm/s",
        f"{_number(context, one.gain_mm_per_mv)} mm/mV",
    ]
    if one.filter:
        known = FILTERS.get(one.filter)
        parts.append(context.say(known) if known else one.filter)
    return f"{', '.join(parts)} (n = {wording.whole(one.n)})"


def spread_text(context: Context, spread: Spread) -> str:
    """Return the median with its quartiles."""
    low, median, high = (_number(context, one) for one in (spread.low, spread.median, spread.high))
    n = context.wording.whole(spread.n_known)
    return context.say(sentences.MEDIAN, median=median, low=low, high=high, n=n)


def _number(context: Context, value: float) -> str:
    return context.wording.decimal(value, 0 if float(value).is_integer() else 1)


def tallied(context: Context, tallies: tuple[Tally, ...]) -> str:
    """Return names with their numbers, separated by semicolons."""
    whole = context.wording.whole
    return "; ".join(f"{one.name} (n = {whole(one.n)})" for one in tallies)


READERS_PER_EXAM = _("The protocol has each exam read by {n} different readers.")
ONE_READER_PER_EXAM = _("The protocol has each exam read by one reader.")
READ_AS_PLANNED = _("All exams were read by that many readers (n = {n}).")
READ_BY = _("Exams by the number of readers who read them: {tally}.")

REPEATS_PLANNED = _(
    "The protocol planned that {share} of each reader's exams come back unannounced, at least "
    "{days} days and {exams} other exams later, to compare readers with themselves."
)
REPEATS_NONE = _("None of these repeats was read before reading was closed.")
REPEATS_NOT_YET = _("None of these repeats has been read yet.")
REPEATS_OF = _("Of the {planned} repeats planned, {n} were read.")
REPEATS_READ = _("Repeats read: {n}.")
REPEATS_UNPLANNED = _("The protocol planned no repeats, but readers read {n} exams a second time.")
REPEAT_DAYS = _("Days between the two readings: {spread}.")
NO_REPEATS = _("No reader was given an exam a second time.")

OF_STUDY = _("The exams of the batch are among those of the study, which were chosen as follows.")
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
        "source": _("The draw was stratified by the labels of the source."),
        "suggested": _("The draw was stratified by the suggestions of a computer program."),
    }
)
QUOTAS = MappingProxyType(
    {
        "equal": _("Every stratum contributed the same number of exams."),
        "proportional": _("Strata contributed in proportion to their size."),
        "listed": _("The number of exams of each stratum was set in advance."),
    }
)
PER_PATIENT = _("Maximum number of exams drawn from one patient: {n}.")
REMOVED = _("Exams removed again before any reader was given them: {n}.")
POPULATION = _("the population that the data sets represent")
DATASETS = _("Exams came from: {datasets}.")

LEVELS = MappingProxyType(
    {
        1: _("The protocol admitted trainees, cardiologists and senior cardiologists as readers."),
        2: _("The protocol admitted cardiologists and senior cardiologists as readers."),
        3: _("The protocol admitted senior cardiologists as readers."),
    }
)
WHO_READ = _("Levels of those who read at least one exam: {levels}.")
ONE_LEVEL = _("All who read at least one exam were of the same level: {level} (n = {n}).")
OTHERS = _(
    "The readers are people. Also compared: {others}. These have no vote in the consensus and are"
    " not included in the coefficients of all readers together or in the latent model."
)
QUALIFICATION = _(
    "Before reading for the study each reader had to read a set of exams with reference answers "
    "and get {share} of them right."
)
QUALIFIED = _("Of the {total} who read, {n} had passed.")
NO_QUALIFICATION = _("No test had to be passed before reading.")
SAW_RESULTS = _("Readers who looked at results and were then given no further exams: {n}.")

SUGGESTIONS = MappingProxyType(
    {
        "none": _("No suggestions of a computer program were shown."),
        "after_commit": _(
            "By the protocol, suggestions of a computer program may be shown only after the reader "
            "has committed a blind reading. Agreement is that of the blind readings."
        ),
        "concurrent": _(
            "By the protocol, suggestions of a computer program may be shown during reading."
        ),
        "randomised": _(
            "Whether suggestions of a computer program may be shown was drawn at random for each "
            "exam and reader."
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
