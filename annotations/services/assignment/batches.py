"""Create, release and close batches, and change their due dates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from annotations import row_security
from annotations.models import (
    NO_DATA,
    Assignment,
    Batch,
    Exam,
    GoldExam,
    Handout,
    Occurrence,
    Purpose,
    Slot,
    Study,
    User,
)
from annotations.services import audit
from annotations.services.assignment import gold_mixing
from annotations.services.assignment import handout as assignment_handout
from annotations.services.assignment.handout import Row
from annotations.services.blinding import rules
from annotations.services.exams import same_recordings, suggestion_requests
from annotations.services.notices import delivery
from annotations.services.refusals import NameTaken, Refusal
from annotations.services.studies import lifecycle, roster
from ecgreview import design

# Creating this many takes four seconds, which is short enough for a web request. It is enough for
# eleven readers of the 8,475 exams of CODE-II-test.
MAX_READINGS = 100_000


class NoExams(Refusal):
    code = "no-exams"


class NoReaders(Refusal):
    code = "no-readers"


class NoTracings(Refusal):
    code = "no-tracings"


class AlreadyClosed(Refusal):
    code = "already-closed"


class AlreadyReleased(Refusal):
    code = "already-released"


class TooManyReadings(Refusal):
    code = "too-many-readings"


class MixedWithData(Refusal):
    code = "mixed-with-data"


class IsGold(Refusal):
    """Some exams are in the gold set of the study."""

    code = "is-gold"


class DueBeforeToday(Refusal):
    code = "due-before-today"


@dataclass(frozen=True, slots=True)
class Adjudicating:
    """How the adjudicators of a batch decide.

    Attributes:
        mode: what they see of the votes, a value of ``AdjudicationMode``.
        is_committee: whether they vote, discuss, and vote again.
        has_audit_form: whether they also say which of two reports is right.
    """

    mode: str
    is_committee: bool = False
    has_audit_form: bool = False


@transaction.atomic
def create(
    *,
    study: Study,
    name: str,
    exams: Sequence[Exam],
    readers: Sequence[User],
    created_by: User,
    now: datetime,
    purpose: str = Purpose.DATA,
    due_on: date | None = None,
    readers_per_exam: int | None = None,
    excluded: Collection[tuple[int, int]] = (),
    caps: Mapping[int, int] | None = None,
    adjudicating: Adjudicating | None = None,
) -> Batch:
    """Create and release a batch in which every reader reads every exam.

    With ``readers_per_exam``, that many of ``readers`` read each exam, and the exams are divided
    evenly. Pairs of reader and exam ids in ``excluded`` are not assigned. A reader whose id is in
    ``caps`` gets at most that many exams.

    Raises:
        lifecycle.NotOpen: the study is a draft or locked.
        NoExams: ``exams`` is empty.
        NoReaders: ``readers`` is empty.
        NoTracings: some exams have no tracing.
        SameRecording: two exams of the study would contain the same recording.
        TooManyReadings: there would be more than ``MAX_READINGS``.
        design.NobodyLeft: an exam has too few readers who are not excluded.
        design.CapsTooSmall: the readers in ``caps`` may not get enough exams.
        NotAReader: a person is neither reader nor adjudicator.
        roster.LevelTooLow: a person's level is lower than the protocol requires.
        roster.HasLeft: a person was withdrawn from the study.
        KnowsResults: a person has seen results of some of these exams.
        MixedWithData: some exams would be used both for data and for practice or qualification.
        NameTaken: the study has a batch called ``name``.
        DueBeforeToday: ``due_on`` is in the past.
        IsGold: some exams are in the gold set of the study.
        gold_mixing.TooFewGold: a reader would need more gold exams than there are.
        rules.ReaderStillBlinded: the study has a gold set, and ``created_by`` reads in the study.
    """
    _refuse_readers_if_gold(study, created_by)
    if not exams:
        raise NoExams
    if not readers:
        raise NoReaders
    refuse_without_tracings(exams)
    same_recordings.refuse_duplicates(study, [exam.pk for exam in exams])
    n_each = (
        len({reader.pk for reader in readers}) if readers_per_exam is None else readers_per_exam
    )
    if (n_readings := len(exams) * n_each) > MAX_READINGS:
        raise TooManyReadings(n=n_readings, limit=MAX_READINGS)
    roster.join(study=study, readers=readers, actor=created_by, now=now)
    rows = _rows(study, exams, readers, n_each, excluded, caps or {})
    if purpose == Purpose.DATA:
        rows = gold_mixing.mixed(study, rows)
    batch = make(
        study=study, name=name, rows=rows, created_by=created_by, now=now, purpose=purpose,
        due_on=due_on, adjudicating=adjudicating,
    )  # fmt: skip
    return release(batch_id=batch.pk, actor=created_by, now=now)


@transaction.atomic
def make(
    *,
    study: Study,
    name: str,
    rows: Sequence[Row],
    created_by: User,
    now: datetime,
    purpose: str = Purpose.DATA,
    handout: str = Handout.NAMED,
    lease_minutes: int | None = None,
    due_on: date | None = None,
    adjudicating: Adjudicating | None = None,
) -> Batch:
    """Create an unreleased batch with the assignments ``rows``, under the protocol in force.

    Its readers must have joined the study.

    Raises:
        lifecycle.NotOpen: the study is locked.
        KnowsResults, MixedWithData, NameTaken, DueBeforeToday: see ``create``.
        IsGold: some exams are in the gold set of the study.
    """
    if study.is_settled:
        raise lifecycle.NotOpen
    _refuse_due_before(due_on, now)
    exam_ids = {row.exam_id for row in rows}
    refuse_gold(study, {row.exam_id for row in rows if row.occurrence != Occurrence.GOLD})
    roster.refuse_pairs_with_results_seen({(row.reader_id, row.exam_id) for row in rows})
    refuse_mixing(study, exam_ids, purpose)
    batch = Batch(
        study=study,
        name=name,
        created_by=created_by,
        created_at=now,
        purpose=purpose,
        handout=handout,
        due_on=due_on,
        protocol_version=study.protocol_version,
        taxonomy=study.taxonomy,
        clinical_information=study.clinical_information,
        prior_exam=study.prior_exam,
        qt_correction=study.qt_correction,
        results_open=study.results_open,
    )
    if lease_minutes is not None:
        batch.lease_minutes = lease_minutes
    if adjudicating is not None:
        batch.adjudication_mode = adjudicating.mode
        batch.is_committee = adjudicating.is_committee
        batch.has_audit_form = adjudicating.has_audit_form
    _insert(batch)
    n_made = assignment_handout.assign(batch, rows)
    audit.record(
        actor=created_by, action=audit.Action.BATCH_PLANNED, study=study, target=batch,
        after={"name": name, "purpose": purpose, "handout": handout, "n_assignments": n_made,
               "protocol_version": batch.protocol_version,
               "plan": assignment_handout.fingerprint(rows)},
        now=now,
    )  # fmt: skip
    return batch


@transaction.atomic
def release(*, batch_id: int, actor: User, now: datetime, due_on: date | None = None) -> Batch:
    """Release a batch to its readers and notify them.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        lifecycle.NotOpen: the study is a draft or locked.
        AlreadyReleased: the batch is already released.
        AlreadyClosed: the batch is closed.
        DueBeforeToday: ``due_on`` is in the past.
    """
    batch = _locked(batch_id)
    if not batch.study.is_open:
        raise lifecycle.NotOpen
    if not batch.is_open:
        raise AlreadyClosed
    if batch.is_released:
        raise AlreadyReleased
    _refuse_due_before(due_on, now)
    batch.released_at = max(now, batch.created_at)
    batch.due_on = due_on or batch.due_on
    batch.save(update_fields=["released_at", "due_on"])
    audit.record(
        actor=actor, action=audit.Action.BATCH_RELEASED, study=batch.study, target=batch,
        after={"due_on": batch.due_on and batch.due_on.isoformat()}, now=now,
    )  # fmt: skip
    suggestion_requests.request_for_batch(batch, now=now)
    delivery.batch_released(batch, now=now)
    return batch


@transaction.atomic
def set_due(*, batch_id: int, due_on: date | None, actor: User, now: datetime) -> Batch:
    """Change the due date of an open batch; None removes it.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        AlreadyClosed: the batch is closed.
        DueBeforeToday: ``due_on`` is in the past.
    """
    batch = _locked(batch_id)
    if not batch.is_open:
        raise AlreadyClosed
    _refuse_due_before(due_on, now)
    before, batch.due_on = batch.due_on, due_on
    batch.save(update_fields=["due_on"])
    audit.record(
        actor=actor, action=audit.Action.BATCH_DUE_CHANGED, study=batch.study, target=batch,
        before={"due_on": before and before.isoformat()},
        after={"due_on": due_on and due_on.isoformat()}, now=now,
    )  # fmt: skip
    return batch


@transaction.atomic
def close(*, batch_id: int, closed_by: User, now: datetime) -> Batch:
    """Close a batch and mark its agreement and consensus as due.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        AlreadyClosed: the batch is already closed.
    """
    batch = _locked(batch_id)
    if not batch.is_open:
        raise AlreadyClosed
    lifecycle.end_batch(batch, closed_by, now)
    return batch


def refuse_mixing(study: Study, exam_ids: Iterable[int], purpose: str) -> None:
    """Raise if the study would use an exam both for practice or qualification and for data.

    Raises:
        MixedWithData: names the first ten such exams.
    """
    others = Batch.objects.filter(study=study)
    is_data = purpose not in NO_DATA
    clashing = others.filter(purpose__in=NO_DATA) if is_data else others.of_data()
    exams = list(exam_ids)
    assigned = Assignment.objects.filter(batch__in=clashing, exam__in=exams)
    pooled = Slot.objects.filter(batch__in=clashing, exam__in=exams)
    codes = {code for rows in (assigned, pooled) for (code,) in rows.values_list("exam__code")}
    if codes:
        raise MixedWithData(exams=", ".join(sorted(codes)[:10]))


def refuse_gold(study: Study, exam_ids: Iterable[int]) -> None:
    """Raise if one of these exams is in the gold set of ``study``.

    Raises:
        IsGold: names the first ten such exams.
    """
    with row_security.as_owner():
        gold = GoldExam.objects.filter(study=study, exam__in=list(exam_ids))
        codes = list(gold.order_by("exam__code").values_list("exam__code", flat=True)[:10])
    if codes:
        raise IsGold(exams=", ".join(codes))


def _refuse_readers_if_gold(study: Study, created_by: User) -> None:
    """Raise if ``created_by`` reads in a study with gold exams: ``IsGold`` would name them.

    Raises:
        rules.ReaderStillBlinded: they do.
    """
    with row_security.as_owner():
        has_gold = GoldExam.objects.filter(study=study).exists()
    if has_gold:
        rules.refuse_readers(study, created_by)


def _rows(
    study: Study,
    exams: Sequence[Exam],
    readers: Sequence[User],
    readers_per_exam: int,
    excluded: Collection[tuple[int, int]],
    caps: Mapping[int, int],
) -> list[Row]:
    """Pair readers with exams, in separate orders that keep a patient's exams apart."""
    patients = {exam.pk: exam.patient_id or design.UNKNOWN for exam in exams}
    ids = sorted({reader.pk for reader in readers})
    plan = design.generate(
        design.Request(
            seed=study.seed,
            exams=list(patients),
            patients=list(patients.values()),
            readers=ids,
            caps=[caps.get(pk, design.NO_CAP) for pk in ids],
            readers_per_exam=readers_per_exam,
            excluded=list(excluded) or None,
            # The protocol counts the exams in between; the design counts positions.
            patient_gap=study.patient_gap + 1,
        )
    )
    return [Row(row.reader, row.exam, row.position) for row in plan.rows()]


def refuse_without_tracings(exams: Sequence[Exam]) -> None:
    """Raise ``NoTracings`` if some of ``exams`` have no tracing."""
    ids = {exam.pk for exam in exams}
    with_tracings = Exam.objects.filter(pk__in=ids).with_tracings()
    if blank := ids - set(with_tracings.values_list("pk", flat=True)):
        codes = sorted(exam.code for exam in exams if exam.pk in blank)
        raise NoTracings(exams=", ".join(codes[:10]))


def _locked(batch_id: int) -> Batch:
    """Lock the row of the study, then that of the batch, and return the batch.

    Race: consensus, export and study locking also lock the study first, so no batch can be closed
    between two of their statements. Readers never lock the study, so they do not wait. A
    submission in progress holds the batch's row, and we wait for it.
    """
    study_id = Batch.objects.values_list("study", flat=True).get(pk=batch_id)
    Study.objects.select_for_update(no_key=True).get(pk=study_id)
    locked = Batch.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("study").get(pk=batch_id)


def _refuse_due_before(due_on: date | None, now: datetime) -> None:
    if due_on is not None and due_on < now.date():
        raise DueBeforeToday


def _insert(batch: Batch) -> None:
    if Batch.objects.filter(study=batch.study, name=batch.name).exists():
        raise NameTaken(name=batch.name)
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
    except IntegrityError as error:
        # Race: another request created a batch with this name after our check.
        if Batch.objects.filter(study=batch.study, name=batch.name).exists():
            raise NameTaken(name=batch.name) from error
        raise
