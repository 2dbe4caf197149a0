"""Sessions of a committee: who attends, and when second votes are accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from annotations import row_security
from annotations.models import AdjudicationStage, Assignment, Batch, CommitteeSession, User
from annotations.services import audit
from annotations.services.adjudication import stages
from annotations.services.assignment.guards import BatchClosed
from annotations.services.refusals import Refusal

MIN_MEMBERS = 2


class NotACommittee(Refusal):
    code = "not-a-committee"


class NotAMember(Refusal):
    code = "not-a-member"


class SessionRunning(Refusal):
    code = "session-running"


class NoSession(Refusal):
    code = "no-session"


@dataclass(frozen=True, slots=True)
class Standing:
    """The progress of a committee.

    Attributes:
        attendees: members who attend the session; empty without one.
        n_first: exams on which every member has voted.
        n_second: exams on which a member has voted after the discussion.
    """

    attendees: Sequence[User]
    n_exams: int
    n_first: int
    n_second: int


@transaction.atomic
def begin(
    *, batch_id: int, attendees: Sequence[User], actor: User, now: datetime
) -> CommitteeSession:
    """Open a session in which ``attendees`` discuss exams and vote again.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        BatchClosed: it is closed.
        NotACommittee: its adjudicators are not a committee, or fewer than two attend.
        NotAMember: a person is not an adjudicator of the batch.
        SessionRunning: the last session has not ended.
    """
    batch = _locked(batch_id)
    if not batch.is_open:
        raise BatchClosed
    if not batch.is_committee or len(attendees) < MIN_MEMBERS:
        raise NotACommittee(n=MIN_MEMBERS)
    members = set(batch.seats.values_list("reader", flat=True))
    if others := [str(person) for person in attendees if person.pk not in members]:
        raise NotAMember(readers=", ".join(others))
    with row_security.as_owner():
        if CommitteeSession.objects.filter(batch=batch, closed_at=None).exists():
            raise SessionRunning
        session = CommitteeSession.objects.create(batch=batch, opened_by=actor, opened_at=now)
        session.attendees.set(attendees)
    audit.record(
        actor=actor,
        action=audit.Action.COMMITTEE_SESSION_BEGUN,
        study=batch.study,
        target=batch,
        after={"attendees": sorted(person.pk for person in attendees)},
        now=now,
    )
    return session


@transaction.atomic
def end(*, batch_id: int, actor: User, now: datetime) -> CommitteeSession:
    """End the session of a batch. Second votes are accepted again in the next one.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        NoSession: none is running.
    """
    batch = _locked(batch_id)
    with row_security.as_owner():
        session = CommitteeSession.objects.filter(batch=batch, closed_at=None).first()
        if session is None:
            raise NoSession
        session.closed_at = now
        session.save(update_fields=["closed_at"])
    audit.record(
        actor=actor,
        action=audit.Action.COMMITTEE_SESSION_ENDED,
        study=batch.study,
        target=batch,
        now=now,
    )
    return session


def standing(batch: Batch) -> Standing:
    """Return the progress of the committee of ``batch``; the caller must check who may see it."""
    first = stages.stages_of(batch)[0]
    with row_security.as_owner():
        rows = Assignment.objects.filter(batch=batch)
        exams = set(rows.values_list("exam", flat=True))
        missing = rows.exclude(adjudications__stage=first).values_list("exam", flat=True)
        second = rows.filter(adjudications__stage=AdjudicationStage.DISCUSSED)
        present = stages.attendees(batch)
        return Standing(
            list(User.objects.filter(pk__in=present).order_by("pk")),
            len(exams),
            len(exams - set(missing)),
            second.values("exam").distinct().count(),
        )


def _locked(batch_id: int) -> Batch:
    locked = Batch.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("study").get(pk=batch_id)
