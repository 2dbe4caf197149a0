"""Asking one more reader about the classes in dispute, before an adjudicator is asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from annotations import row_security
from annotations.models import (
    AdjudicationMode,
    Batch,
    Purpose,
    Study,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.services.adjudication import cases
from annotations.services.assignment import batches, reassignment, recipients
from annotations.services.assignment.batches import Adjudicating
from annotations.services.consensus import adjudications
from annotations.services.consensus.adjudications import BatchStillOpen, NothingDisputed
from annotations.services.refusals import NameTaken, Refusal
from annotations.services.studies import roster
from ecgreview import design
from ecgreview.consensus import RULES

EXTRA_READING = ", extra reading"

MAX_READERS_PER_EXAM = 5


class RuleTakesNoExtraReaders(Refusal):
    code = "rule-takes-no-extra-readers"


class AdjudicationOpen(Refusal):
    code = "adjudication-open"


class ExtraReadersMissing(Refusal):
    """Some exams would get too few extra readers.

    Each of the chosen readers has read them, knows their results, or has reached their maximum.
    """

    code = "extra-readers-missing"


@transaction.atomic
def ask(
    *,
    batch_id: int,
    readers: Sequence[User],
    created_by: User,
    now: datetime,
    readers_per_exam: int = 1,
) -> Batch:
    """Create and release a batch of the disputed exams of a closed batch for extra readers.

    Extra readers vote on the classes in dispute, without seeing any vote. The exams are divided
    evenly among ``readers``, with ``readers_per_exam`` of them for each. Nobody gets an exam that
    was theirs or whose results they know, or more exams than their maximum in the study.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        BatchStillOpen: the batch is not closed.
        RuleTakesNoExtraReaders: under the study's rule, one more vote settles nothing.
        NothingDisputed: none of its exams is disputed.
        NameTaken: extra readers were asked about the batch before.
        adjudications.ExtraReadingOpen, AdjudicationOpen: some exams are with extra readers or
            adjudicators now.
        ExtraReadersMissing: some exams have too few readers who may get them.
        design.NobodyLeft: the same, because the maximums of the readers leave nobody.
        reassignment.Paused: a person is paused in the study.
        adjudications.NothingToDraw, lifecycle.ConsensusPending, batches.NoReaders, roster.HasLeft,
            roster.LevelTooLow, roster.NotAReader and others: see ``adjudications.send_disputed``.
    """
    batch = Batch.objects.select_related("study").get(pk=batch_id)
    if batch.is_open:
        raise BatchStillOpen
    # Race: two requests for the same exams take turns, so that nobody gets an exam twice.
    study = Study.objects.select_for_update(no_key=True).get(pk=batch.study_id)
    if not RULES[study.consensus_rule].takes_extra_readers:
        raise RuleTakesNoExtraReaders
    exams = adjudications.disputed(batch, now=now)
    if not exams:
        raise NothingDisputed
    name = extra_name(batch)
    if study.batches.filter(name=name).exists():
        raise NameTaken(name=name)
    exam_ids = {exam.pk for exam in exams}
    adjudications.refuse_without_tracings(exam_ids)
    adjudications.refuse_extra_reading(study, exam_ids)
    if n_open := adjudications.n_with(study, exam_ids, Purpose.ADJUDICATION):
        raise AdjudicationOpen(n=n_open)
    if not readers:
        raise batches.NoReaders
    roster.join(study=study, readers=readers, actor=created_by, now=now)
    caps = _caps(study, reassignment.active_rows(study, readers))
    excluded = adjudications.not_for(study, readers, exam_ids)
    _refuse_short(readers, exam_ids, caps, excluded, readers_per_exam)
    try:
        sent = batches.create(
            study=study,
            name=name,
            exams=exams,
            readers=readers,
            created_by=created_by,
            now=now,
            purpose=Purpose.EXTRA,
            readers_per_exam=readers_per_exam,
            excluded=excluded,
            caps=caps,
            adjudicating=Adjudicating(AdjudicationMode.MASKED),
        )
    except design.CapsTooSmall as refusal:
        # With one reader per exam, the missing readings are the exams that nobody can take.
        raise ExtraReadersMissing(n=refusal.needed - refusal.available) from refusal
    with row_security.as_owner():
        cases.freeze(sent, exams)
    return sent


def able(study: Study, readers: QuerySet[User], exam_ids: Collection[int]) -> list[int]:
    """Return the ids of those of ``readers`` who may get at least one of these exams."""
    people = list(readers.filter(level__gte=study.minimum_reader_level))
    rows = StudyReader.objects.filter(study=study, user__in=people).select_related("user")
    away = {row.user_id for row in rows if row.status != StudyReaderStatus.ACTIVE}
    caps = _caps(study, rows)
    excluded = adjudications.not_for(study, people, exam_ids)
    return [
        person.pk
        for person in people
        if person.pk not in away
        and caps.get(person.pk) != 0
        and any((person.pk, exam_id) not in excluded for exam_id in exam_ids)
    ]


def extra_name(batch: Batch) -> str:
    """Return the name of the batch of extra readings of ``batch``."""
    return adjudications.derived_name(batch, EXTRA_READING)


def _caps(study: Study, rows: Sequence[StudyReader] | QuerySet[StudyReader]) -> dict[int, int]:
    """Return how many more exams each reader with a maximum may get, by user id."""
    rooms = {row.user_id: recipients.room(study, row) for row in rows}
    return {pk: room for pk, room in rooms.items() if room is not None}


def _refuse_short(
    readers: Sequence[User],
    exam_ids: Collection[int],
    caps: dict[int, int],
    excluded: Collection[tuple[int, int]],
    readers_per_exam: int,
) -> None:
    free = {reader.pk for reader in readers if caps.get(reader.pk) != 0}
    n_short = sum(
        sum((pk, exam_id) not in excluded for pk in free) < readers_per_exam for exam_id in exam_ids
    )
    if n_short:
        raise ExtraReadersMissing(n=n_short)
