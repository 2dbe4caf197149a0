"""Adjudication: disputed exams are read once more, blind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

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
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.refusals import Refusal
from annotations.services.studies import lifecycle, roster
from ecgreview.consensus import RULES, Adjudication

ADJUDICATION = ", adjudication"

# Computing the consensus of this many readings takes a second. A worker computes larger ones.
MAX_READINGS_IN_REQUEST = 1_000


class BatchStillOpen(Refusal):
    code = "batch-still-open"


class NothingDisputed(Refusal):
    code = "nothing-undecided"


class RuleIgnoresAdjudication(Refusal):
    code = "rule-ignores-adjudication"


class AlreadyRead(Refusal):
    code = "already-read"


@transaction.atomic
def send_disputed(
    *, batch_id: int, readers: Sequence[User], created_by: User, now: datetime
) -> Batch:
    """Create and release a batch of the disputed exams, for adjudicators to read blind.

    What their readings do to a class in dispute depends on the rule (``Rule.adjudication``). Exams
    that merely lack readings are left out.

    Raises:
        RuleIgnoresAdjudication: under the study's rule, adjudication would change nothing.
        Batch.DoesNotExist: there is no such batch.
        BatchStillOpen: the batch is not closed.
        lifecycle.ConsensusPending: a worker has to compute the consensus first.
        NothingDisputed: none of its exams is disputed.
        batches.NoReaders: ``readers`` is empty.
        roster.NotAReader: a person is not an adjudicator.
        AlreadyRead: a person has read one of these exams in this study.
        batches.NameTaken: the batch was sent to adjudication before.
        mappings.NoMapping: the consensus cannot be computed in the study's taxonomy.
        lifecycle.NotOpen, roster.LevelTooLow, batches.KnowsResults and others: see
            ``batches.create``.
    """
    batch = Batch.objects.select_related("study").get(pk=batch_id)
    if batch.is_open:
        raise BatchStillOpen
    if RULES[batch.study.consensus_rule].adjudication == Adjudication.IGNORED:
        raise RuleIgnoresAdjudication
    exams = disputed(batch, now=now)
    if not exams:
        raise NothingDisputed
    roster.refuse_without_role(readers, (Role.ADJUDICATOR,))
    _refuse_earlier_readers(readers, exams, batch.study)
    return batches.create(
        study=batch.study,
        name=adjudication_name(batch),
        exams=exams,
        readers=readers,
        created_by=created_by,
        now=now,
        purpose=Purpose.ADJUDICATION,
    )


def disputed(batch: Batch, *, now: datetime) -> list[Exam]:
    """Return the disputed exams of a closed ``batch``.

    If the consensus is due, it is computed first, unless that would take too long for a request.

    Raises:
        lifecycle.ConsensusPending: a worker has to compute the consensus first.
    """
    # With the rights of a worker, because exams may be adjudicated before results are open.
    with row_security.as_owner():
        if batch.study.batches.filter(consensus_is_due=True).exists():
            _compute(batch.study, now)
        in_dispute = Consensus.objects.filter(study=batch.study, outcome=Outcome.DISPUTED)
        exams = Exam.objects.filter(consensus__in=in_dispute, assignments__batch=batch)
        return list(exams.distinct().order_by("pk"))


def _compute(study: Study, now: datetime) -> None:
    """Compute the consensus of ``study``, unless it has too many readings for a request.

    Raises:
        lifecycle.ConsensusPending: a worker has to compute the consensus.
    """
    readings = Reading.objects.filter(assignment__batch__in=study.batches.closed())
    if readings[: MAX_READINGS_IN_REQUEST + 1].count() > MAX_READINGS_IN_REQUEST:
        raise lifecycle.ConsensusPending
    labels.compute(study=study, now=now)


def adjudication_name(batch: Batch) -> str:
    """Return the name of the adjudication batch of ``batch``, truncated to the maximum length."""
    room = (Batch._meta.get_field("name").max_length or 0) - len(ADJUDICATION)
    return f"{batch.name[:room]}{ADJUDICATION}"


def _refuse_earlier_readers(readers: Sequence[User], exams: Sequence[Exam], study: Study) -> None:
    assignments = Assignment.objects.filter(
        reader__in=readers, exam__in=exams, batch__study=study, state=AssignmentState.READ
    )
    if names := sorted(
        {str(assignment.reader) for assignment in assignments.select_related("reader")}
    ):
        raise AlreadyRead(readers=", ".join(names))
