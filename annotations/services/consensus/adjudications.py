"""Sending exams to adjudicators, who decide the classes in dispute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet

from annotations import row_security
from annotations.models import (
    Assignment,
    AssignmentState,
    Batch,
    Consensus,
    Exam,
    Outcome,
    Purpose,
    Reading,
    Role,
    Study,
    User,
)
from annotations.services.adjudication import cases
from annotations.services.adjudication.sessions import MIN_MEMBERS, NotACommittee
from annotations.services.assignment import batches
from annotations.services.assignment.batches import Adjudicating
from annotations.services.consensus import labels
from annotations.services.refusals import NameTaken, Refusal
from annotations.services.studies import lifecycle, roster
from ecgreview.consensus import RULES, Adjudication

ADJUDICATION = ", adjudication"

# Computing the consensus of this many readings takes a second. A worker computes larger ones.
MAX_READINGS_IN_REQUEST = 1_000


class Distribution(StrEnum):
    """Which of the adjudicators read each exam."""

    ALL = "all"  # every adjudicator reads every exam
    DIVIDED = "divided"  # one adjudicator per exam, divided evenly


class BatchStillOpen(Refusal):
    code = "batch-still-open"


class NothingDisputed(Refusal):
    code = "nothing-undecided"


class RuleIgnoresAdjudication(Refusal):
    code = "rule-ignores-adjudication"


class AlreadyRead(Refusal):
    code = "already-read"


class AlreadySent(Refusal):
    code = "already-sent"


class ReadingsIncomplete(Refusal):
    code = "readings-incomplete"


class ExtraReadingOpen(Refusal):
    code = "extra-reading-open"


class NothingToDraw(Refusal):
    """The readings of some exams were imported without tracings: no sheet can be drawn."""

    code = "nothing-to-draw"


@transaction.atomic
def send_disputed(
    *,
    batch_id: int,
    readers: Sequence[User],
    created_by: User,
    now: datetime,
    is_committee: bool = False,
    has_audit_form: bool = False,
) -> Batch:
    """Create and release a batch of the disputed exams of a closed batch; see ``send``.

    Exams that merely lack readings are left out.

    Raises:
        RuleIgnoresAdjudication: under the study's rule, adjudication would change nothing.
        Batch.DoesNotExist: there is no such batch.
        BatchStillOpen: the batch is not closed.
        NothingDisputed: none of its exams is disputed.
        batches.NameTaken: the batch was sent to adjudication before.
        lifecycle.ConsensusPending and others: see ``send``.
    """
    batch = Batch.objects.select_related("study").get(pk=batch_id)
    if batch.is_open:
        raise BatchStillOpen
    _refuse_without_effect(batch.study)
    exams = disputed(batch, now=now)
    if not exams:
        raise NothingDisputed
    name = adjudication_name(batch)
    if batch.study.batches.filter(name=name).exists():
        raise NameTaken(name=name)
    return send(
        study=batch.study,
        exams=exams,
        readers=readers,
        name=name,
        created_by=created_by,
        now=now,
        is_committee=is_committee,
        has_audit_form=has_audit_form,
    )


@transaction.atomic
def send(
    *,
    study: Study,
    exams: Sequence[Exam],
    readers: Sequence[User],
    name: str,
    created_by: User,
    now: datetime,
    distribution: Distribution = Distribution.ALL,
    is_committee: bool = False,
    has_audit_form: bool = False,
) -> Batch:
    """Create and release a batch of ``exams`` for adjudicators.

    The exams may come from several closed batches. They are usually in dispute; others may be sent
    for a second look. Adjudicators decide the classes that are in dispute now, and may overrule an
    agreement. What that does to a class depends on the rule (``Rule.adjudication``); whether they
    see the votes, on the study (``Study.adjudication``).

    If the exams are divided, nobody gets an exam that they read, that waits for them, or whose
    results they have seen. If everybody reads all, such a person is refused.

    Raises:
        RuleIgnoresAdjudication: under the study's rule, adjudication would change nothing.
        lifecycle.ConsensusPending: a worker has to compute the consensus first.
        ReadingsIncomplete: some exams are in no closed batch of the study, or lack readings.
        NothingToDraw: some exams have no tracings.
        ExtraReadingOpen: extra readers are reading some of the exams.
        batches.NoReaders: ``readers`` is empty.
        roster.NotAReader: a person is not an adjudicator.
        AlreadyRead: a person has read one of these exams in this study.
        NotACommittee: a committee has fewer than two members, or the exams are divided among them.
        AlreadySent: one of these exams already waits for a person in another adjudication batch.
        design.NobodyLeft: none of the adjudicators may get one of the exams.
        batches.NameTaken: the study has a batch called ``name``.
        mappings.NoMapping: the consensus cannot be computed in the study's taxonomy.
        lifecycle.NotOpen, roster.LevelTooLow, roster.KnowsResults and others: see
            ``batches.create``.
    """
    # Race: two requests for the same exams take turns, so that nobody gets an exam twice.
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    _refuse_without_effect(study)
    exam_ids = {exam.pk for exam in exams}
    _refuse_incomplete(study, exam_ids, now)
    refuse_without_tracings(exam_ids)
    refuse_extra_reading(study, exam_ids)
    roster.refuse_without_role(readers, (Role.ADJUDICATOR,))
    is_divided = distribution == Distribution.DIVIDED
    if is_committee and (is_divided or len(readers) < MIN_MEMBERS):
        raise NotACommittee(n=MIN_MEMBERS)
    if not is_divided:
        _refuse_assigned(study, readers, exam_ids)
    batch = batches.create(
        study=study,
        name=name,
        exams=exams,
        readers=readers,
        created_by=created_by,
        now=now,
        purpose=Purpose.ADJUDICATION,
        readers_per_exam=1 if is_divided else None,
        excluded=not_for(study, readers, exam_ids) if is_divided else (),
        adjudicating=Adjudicating(study.adjudication, is_committee, has_audit_form),
    )
    with row_security.as_owner():
        cases.freeze(batch, exams)
    return batch


def not_for(
    study: Study, readers: Sequence[User], exam_ids: Collection[int]
) -> set[tuple[int, int]]:
    """Return pairs of adjudicator or extra reader and exam, by id, that must not be assigned.

    The person read the exam in the study, still has to, or has seen its results.
    """
    ids = {reader.pk for reader in readers}
    assigned = _assigned(study, readers, exam_ids).values_list("reader_id", "exam_id")
    return {*assigned, *roster.pairs_with_results_seen(ids, exam_ids)}


def disputed(batch: Batch, *, now: datetime) -> list[Exam]:
    """Return the disputed exams of a closed ``batch``.

    If the consensus is due, it is computed first, unless that would take too long for a request.

    Raises:
        lifecycle.ConsensusPending: a worker has to compute the consensus first.
    """
    # With the rights of a worker, because exams may be adjudicated before results are open.
    with row_security.as_owner():
        _keep_current(batch.study, now)
        in_dispute = Consensus.objects.filter(study=batch.study, outcome=Outcome.DISPUTED)
        exams = Exam.objects.filter(consensus__in=in_dispute, assignments__batch=batch)
        return list(exams.distinct().order_by("pk"))


def _keep_current(study: Study, now: datetime) -> None:
    """Compute the consensus if it is due, unless it has too many readings for a request.

    Raises:
        lifecycle.ConsensusPending: a worker has to compute the consensus.
    """
    if not study.batches.filter(consensus_is_due=True).exists():
        return
    readings = Reading.objects.filter(assignment__batch__in=study.batches.closed())
    if readings[: MAX_READINGS_IN_REQUEST + 1].count() > MAX_READINGS_IN_REQUEST:
        raise lifecycle.ConsensusPending
    labels.compute(study=study, now=now)


def adjudication_name(batch: Batch) -> str:
    """Return the name of the adjudication batch of ``batch``."""
    return derived_name(batch, ADJUDICATION)


def derived_name(batch: Batch, ending: str) -> str:
    """Return the name of ``batch`` with ``ending``, truncated to the maximum length."""
    room = (Batch._meta.get_field("name").max_length or 0) - len(ending)
    return f"{batch.name[:room]}{ending}"


def refuse_without_tracings(exam_ids: Collection[int]) -> None:
    """Raise if nobody can read some of these exams.

    Raises:
        NothingToDraw: with their number.
    """
    if n_blank := len(exam_ids) - Exam.objects.filter(pk__in=exam_ids).with_tracings().count():
        raise NothingToDraw(n=n_blank)


def refuse_extra_reading(study: Study, exam_ids: Collection[int]) -> None:
    """Raise if extra readers are reading some of these exams, because their votes may settle them.

    Raises:
        ExtraReadingOpen: with the number of these exams.
    """
    if n_open := n_with(study, exam_ids, Purpose.EXTRA):
        raise ExtraReadingOpen(n=n_open)


def n_with(study: Study, exam_ids: Collection[int], purpose: Purpose) -> int:
    """Return how many of these exams are in an open batch of ``purpose``."""
    assigned = Assignment.objects.filter(
        batch__in=study.batches.open().filter(purpose=purpose),
        exam__in=exam_ids,
        state__in=(AssignmentState.READ, AssignmentState.WAITING),
    )
    return assigned.values("exam").distinct().count()


def _refuse_without_effect(study: Study) -> None:
    if RULES[study.consensus_rule].adjudication == Adjudication.IGNORED:
        raise RuleIgnoresAdjudication


def _refuse_incomplete(study: Study, exam_ids: Collection[int], now: datetime) -> None:
    with row_security.as_owner():  # as in ``disputed``
        _keep_current(study, now)
        complete = Consensus.objects.filter(study=study, exam__in=exam_ids)
        n_complete = complete.exclude(outcome=Outcome.INCOMPLETE).count()
    if n_short := len(exam_ids) - n_complete:
        raise ReadingsIncomplete(n=n_short)


def _refuse_assigned(study: Study, readers: Sequence[User], exam_ids: Collection[int]) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for assignment in _assigned(study, readers, exam_ids).select_related("reader"):
        names[assignment.state].add(str(assignment.reader))
    if read := names[AssignmentState.READ]:
        raise AlreadyRead(readers=", ".join(sorted(read)))
    if waiting := names[AssignmentState.WAITING]:
        raise AlreadySent(readers=", ".join(sorted(waiting)))


def _assigned(
    study: Study, readers: Sequence[User], exam_ids: Collection[int]
) -> QuerySet[Assignment]:
    """Return the assignments of these exams that ``readers`` have read or still have to read."""
    return Assignment.objects.filter(
        reader__in=readers,
        exam__in=exam_ids,
        batch__study=study,
        state__in=(AssignmentState.READ, AssignmentState.WAITING),
    )
