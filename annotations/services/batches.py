"""Batches: who reads which exams in which order, and the end of it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from annotations.models import (
    Assignment,
    Batch,
    Consensus,
    Exam,
    Outcome,
    Reading,
    Role,
    Study,
    User,
)
from annotations.services import consensus

ROWS_AT_ONCE = 2000
MAX_READINGS = 100_000
"""Made in four seconds, within a web request: the 8,475 exams of CODE-II-test eleven times."""
BY_ROLE = "django.contrib.auth.backends.ModelBackend"
"""The backend that knows permissions; the other one only knows sign-in links."""

ADJUDICATION = ", adjudication"


class NoExams(ValueError):
    """A batch needs at least one exam."""


class NoReaders(ValueError):
    """A batch needs at least one reader."""


class NameTaken(ValueError):
    """The study has a batch of this name."""


class NotAReader(ValueError):
    """Somebody chosen to read has no role that reads, or is no longer active."""


class AlreadyClosed(Exception):
    """The batch was closed before."""


class BatchStillOpen(Exception):
    """What is undecided is known only when the batch is closed."""


class NothingUndecided(Exception):
    """No exam of the batch needs another reading."""


class AlreadyRead(ValueError):
    """Somebody chosen to adjudicate has read some of these exams: nobody judges themselves."""


class TooManyReadings(ValueError):
    """Exams times readers is more than one batch holds."""


class KnowsResults(ValueError):
    """Somebody chosen to read can see what others found in some of these exams."""


@transaction.atomic
def create(
    *,
    study: Study,
    name: str,
    exams: Sequence[Exam],
    readers: Sequence[User],
    created_by: User,
    now: datetime,
) -> Batch:
    """Return a new, open batch in which each of ``readers`` is to read each of ``exams``.

    Raises:
        NoExams: ``exams`` is empty.
        NoReaders: ``readers`` is empty.
        TooManyReadings: they would have more than ``MAX_READINGS`` to make.
        NotAReader: one of them is neither reader nor adjudicator.
        KnowsResults: one of them may look at closed readings of these exams.
        NameTaken: the study has a batch called ``name``.
    """
    if not exams:
        raise NoExams(name)
    if not readers:
        raise NoReaders(name)
    if (n_readings := len(exams) * len(readers)) > MAX_READINGS:
        raise TooManyReadings(f"{n_readings}, at most {MAX_READINGS}")
    _refuse_others_than(readers, (Role.READER, Role.ADJUDICATOR))
    _refuse_who_knows_results(readers, exams)
    batch = Batch(study=study, name=name, created_by=created_by, created_at=now)
    _insert(batch)
    pairs = {(reader.pk, exam.pk) for reader in readers for exam in exams}
    Assignment.objects.bulk_create(
        (
            Assignment(
                batch=batch,
                exam_id=exam_id,
                reader_id=reader_id,
                order_key=order_key(study.seed, reader_id, exam_id),
            )
            for reader_id, exam_id in sorted(pairs)
        ),
        batch_size=ROWS_AT_ONCE,
    )
    return batch


def order_key(seed: str, reader_id: int, exam_id: int) -> str:
    """Return where ``exam_id`` comes in the reader's order: HMAC-SHA256, 64 hex digits.

    Who does not know the seed can neither foresee the order nor learn anything from it; who does
    can check years later that it was kept.
    """
    message = f"{reader_id}:{exam_id}"
    return hmac.new(seed.encode(), message.encode(), hashlib.sha256).hexdigest()


@transaction.atomic
def close(*, batch_id: int, closed_by: User, now: datetime) -> Batch:
    """End the reading of a batch and mark its agreement and consensus as due.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        AlreadyClosed: it was closed before.
    """
    # The study comes before its batch, as in consensus and export: a batch that ended between two
    # of their statements would be counted by halves. Readers lock no study and do not wait.
    study_id = Batch.objects.values_list("study", flat=True).get(pk=batch_id)
    Study.objects.select_for_update(no_key=True).get(pk=study_id)
    # A submission that is under way holds this row, and is waited for.
    batch = Batch.objects.select_for_update(no_key=True).get(pk=batch_id)
    if not batch.is_open:
        raise AlreadyClosed(batch)
    batch.closed_at = now
    batch.closed_by = closed_by
    batch.agreement_is_due = True
    batch.consensus_is_due = True
    batch.save(
        update_fields=["closed_at", "closed_by", "agreement_is_due", "consensus_is_due"],
    )
    return batch


@transaction.atomic
def send_undecided(
    *, batch_id: int, readers: Sequence[User], created_by: User, now: datetime
) -> Batch:
    """Return a new batch of the exams left undecided, for adjudicators to read blind.

    Under ``agreement_then_majority`` the adjudicator's reading is one more vote.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        BatchStillOpen: it is not closed.
        NothingUndecided: every exam of it is decided.
        NoReaders: ``readers`` is empty.
        NotAReader: one of them is no adjudicator.
        AlreadyRead: one of them has read one of these exams in this study.
        KnowsResults: one of them may look at closed readings of these exams.
        NameTaken: they were sent before.
    """
    batch = Batch.objects.select_related("study").get(pk=batch_id)
    if batch.is_open:
        raise BatchStillOpen(batch)
    exams = undecided(batch, now=now)
    if not exams:
        raise NothingUndecided(batch)
    _refuse_others_than(readers, (Role.ADJUDICATOR,))
    _refuse_who_has_read(readers, exams, batch.study)
    return create(
        study=batch.study,
        name=adjudication_name(batch),
        exams=exams,
        readers=readers,
        created_by=created_by,
        now=now,
    )


def undecided(batch: Batch, *, now: datetime) -> list[Exam]:
    """Return the exams of a closed ``batch`` that need another reading, as things are now."""
    if batch.study.batches.filter(consensus_is_due=True).exists():
        consensus.compute(study=batch.study, now=now)
    open_questions = Consensus.objects.filter(study=batch.study, outcome=Outcome.UNDECIDED)
    exams = Exam.objects.filter(consensus__in=open_questions, assignments__batch=batch)
    return list(exams.distinct().order_by("pk"))


def adjudication_name(batch: Batch) -> str:
    """Return the name of the batch that adjudicates ``batch``, cut to what a name may hold."""
    room = (Batch._meta.get_field("name").max_length or 0) - len(ADJUDICATION)
    return f"{batch.name[:room]}{ADJUDICATION}"


def _refuse_others_than(readers: Sequence[User], roles: Sequence[Role]) -> None:
    wanted = User.objects.filter(is_active=True, groups__name__in=[role.value for role in roles])
    able = set(wanted.filter(pk__in=[reader.pk for reader in readers]).values_list("pk", flat=True))
    if others := [reader for reader in readers if reader.pk not in able]:
        raise NotAReader(", ".join(str(reader) for reader in others))


def _refuse_who_has_read(readers: Sequence[User], exams: Sequence[Exam], study: Study) -> None:
    theirs = Assignment.objects.filter(
        reader__in=readers, exam__in=exams, batch__study=study, readings__isnull=False
    )
    if names := sorted({str(found.reader) for found in theirs.select_related("reader")}):
        raise AlreadyRead(", ".join(names))


def _refuse_who_knows_results(readers: Sequence[User], exams: Sequence[Exam]) -> None:
    able = User.objects.with_perm("annotations.view_closed_readings", backend=BY_ROLE)
    for reader in able.filter(pk__in=[reader.pk for reader in readers]).order_by("pk"):
        of_others = Reading.objects.visible_to(reader).exclude(assignment__reader=reader)
        if of_others.filter(assignment__exam__in=exams).exists():
            raise KnowsResults(str(reader))


def _insert(batch: Batch) -> None:
    if Batch.objects.filter(study=batch.study, name=batch.name).exists():
        raise NameTaken(batch.name)
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
    except IntegrityError as error:
        # Somebody else created it since we looked.
        if Batch.objects.filter(study=batch.study, name=batch.name).exists():
            raise NameTaken(batch.name) from error
        raise
