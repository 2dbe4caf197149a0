"""The section of the results on the exams, readers and readings that were included."""

from __future__ import annotations

from collections.abc import Iterator

from . import sentences
from .conduct import spread_text
from .context import Context
from .document import Block, Column, Table
from .facts import Tally


def blocks(context: Context) -> Iterator[Block]:
    dates, day = context.facts.dates, context.wording.day
    if dates.first_reading and dates.last_reading:
        first, last = day(dates.first_reading), day(dates.last_reading)
        yield context.paragraph(sentences.DATES, first=first, last=last)
    yield _flow(context)
    rows = tuple(_characteristics(context))
    if rows:
        columns = (
            Column(context.say(sentences.CHARACTERISTIC), "left"),
            Column(context.say(sentences.VALUE)),
        )
        yield context.table(context.say(sentences.CHARACTERISTICS), Table("", columns, rows))


def _flow(context: Context) -> Table:
    report, facts = context.report, context.facts
    counts = facts.counts
    numbers: tuple[tuple[str, int | None], ...] = (
        (sentences.EXAMS_IN_STUDY, facts.exams.n),
        (sentences.PATIENTS, facts.exams.n_patients),
        (sentences.EXAMS_READ, report["n_exams"]),
        (sentences.EXAMS_COMPARED, report["n_exams_compared"]),
        (sentences.READERS_N, report["n_readers"]),
        (sentences.CLASSES_N, len(report["classes"])),
        (sentences.ASSIGNED, counts.assigned),
        (sentences.SUBMITTED, counts.read),
        (sentences.UNREADABLE, counts.unreadable),
        (sentences.ABSTAINED, counts.abstained),
        (sentences.SECOND_TIME, counts.repeats),
        (sentences.COMPARED, report["n_readings"]),
        (sentences.NOT_ASSESSABLE, counts.not_assessable),
        (sentences.CORRECTED, counts.corrected),
    )
    rows = tuple(
        (context.say(name), context.wording.integer(n)) for name, n in numbers if n is not None
    )
    columns = (
        Column(context.say(sentences.QUANTITY), "left"),
        Column(context.say(sentences.NUMBER)),
    )
    return context.table(context.say(sentences.FLOW), Table("", columns, rows))


def _characteristics(context: Context) -> Iterator[tuple[str, str]]:
    exams, readers = context.facts.exams, context.facts.readers
    if exams.age_years:
        yield context.say(sentences.AGE), spread_text(context, exams.age_years)
    yield from _shares(context, sentences.SEX, exams.sex)
    yield from _shares(context, sentences.DATASET, exams.datasets)
    yield from _shares(context, sentences.LEVEL, readers.levels)
    if readers.exams_each:
        yield context.say(sentences.EXAMS_EACH), spread_text(context, readers.exams_each)


def _shares(
    context: Context, sentence: str, tallies: tuple[Tally, ...]
) -> Iterator[tuple[str, str]]:
    total = sum(tally.n for tally in tallies)
    for tally in tallies:
        n = context.wording.integer(tally.n)
        share = context.wording.decimal(100 * tally.n / total, 1) + "%" if total else ""
        value = context.say(sentences.COUNT_AND_SHARE, n=n, share=share) if total else n
        yield context.say(sentence, name=tally.name), value
