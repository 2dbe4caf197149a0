"""Submitting an adjudication. Each is stored once and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from annotations import row_security
from annotations.models import (
    Adjudication,
    AdjudicationCase,
    AdjudicationDecision,
    AdjudicationStage,
    Answer,
    Assignment,
    AssignmentState,
    Batch,
    DiagnosticClass,
    User,
)
from annotations.services import audit
from annotations.services.adjudication import desk, stages
from annotations.services.adjudication.desk import Shown
from annotations.services.assignment import guards
from annotations.services.assignment.guards import AlreadySubmitted, BatchClosed
from annotations.services.reading.content import ExclusiveClass, RepeatedClass, UnknownClass
from annotations.services.reading.signing import KeyReused
from annotations.services.refusals import Refusal
from ecgreview import hash_chain

# The audit form compares two reports.
N_REPORTS = 2


class NotDisputed(Refusal):
    code = "not-disputed"


class DecisionsMissing(Refusal):
    code = "decisions-missing"


class OverrulingReasonMissing(Refusal):
    code = "overruling-reason-missing"


class ReadabilityNotAsked(Refusal):
    code = "readability-not-asked"


class AuditFormMissing(Refusal):
    code = "audit-form-missing"


class OtherStage(Refusal):
    code = "other-stage"


class WaitsForCommittee(Refusal):
    code = "waits-for-committee"


@dataclass(frozen=True, slots=True)
class AnswerIn:
    """The answer about one class. ``reason`` is required to overrule an agreement."""

    code: str
    answer: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AuditForm:
    """Which of two reports is right, as in the audit of the Minas Gerais telehealth network."""

    better_report: str
    would_change_conduct: bool
    error_types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """An adjudication as submitted.

    Attributes:
        stage: the stage that the adjudicator decided.
        key: idempotency key, created by the client.
        answers: about each class in dispute, and about each class whose agreement they overrule;
            empty if they call the exam unreadable.
    """

    stage: str
    key: UUID
    answers: Sequence[AnswerIn] = ()
    is_unreadable: bool = False
    comment: str = ""
    audit_form: AuditForm | None = None
    active_ms: int = 0
    idle_ms: int = 0
    display: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submission:
    """The stored adjudication, and whether an earlier request had stored it."""

    adjudication: Adjudication
    is_repeat: bool


@transaction.atomic
def submit(*, assignment_id: int, adjudicator: User, given: Given, now: datetime) -> Submission:
    """Store the decision of ``adjudicator`` on the stage that is due.

    Repeating the request with the same key, after a lost response, returns the first adjudication.

    Raises:
        Assignment.DoesNotExist: ``adjudicator`` has no such assignment.
        AdjudicationCase.DoesNotExist: its batch is not adjudicated class by class.
        KeyReused: the key was used for another adjudication.
        AlreadySubmitted: nothing is left to decide.
        OtherStage: another stage is due, or it was decided in another window.
        WaitsForCommittee: the second vote has to wait.
        Withdrawn, StudyNotOpen, BatchClosed, ReaderNotEligible: see ``guards.refuse_if_ended``.
        UnknownClass, RepeatedClass, ExclusiveClass: the answers name such classes.
        NotDisputed, DecisionsMissing, OverrulingReasonMissing, ReadabilityNotAsked,
            AuditFormMissing: the answers do not fit what is asked.
    """
    assignment = guards.lock(assignment_id=assignment_id, reader=adjudicator)
    with row_security.as_owner():
        if stored := Adjudication.objects.filter(adjudicator=adjudicator, key=given.key).first():
            return _repeat(stored, assignment, given)
        shown = desk.shown(assignment, stage=AdjudicationStage(given.stage))
        _refuse_unless_due(assignment, shown, given)
        classes = _checked(assignment, shown, given)
        adjudication = _store(assignment, shown, given, classes, now)
        _refuse_if_closed(assignment.batch)
    return Submission(adjudication, is_repeat=False)


def _repeat(stored: Adjudication, assignment: Assignment, given: Given) -> Submission:
    is_same = stored.assignment_id == assignment.pk and _digest(stored) == _digest_of(
        assignment, given
    )
    if not is_same:
        raise KeyReused
    return Submission(stored, is_repeat=True)


def _refuse_unless_due(assignment: Assignment, shown: Shown, given: Given) -> None:
    guards.refuse_if_not_waiting(assignment)
    if shown.progress.is_waiting:
        raise WaitsForCommittee
    if shown.progress.due is None:
        raise AlreadySubmitted
    if shown.progress.due != given.stage:
        raise OtherStage


def _checked(assignment: Assignment, shown: Shown, given: Given) -> Mapping[str, DiagnosticClass]:
    """Return the classes of the answers by code, after checking what was given."""
    case = shown.case
    codes = [answer.code for answer in given.answers]
    if given.is_unreadable and (not case.asks_readability or codes):
        raise ReadabilityNotAsked
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        raise RepeatedClass(repeated)
    rows = assignment.batch.taxonomy.classes.all()
    classes = {row.code: row for row in rows}
    if unknown := sorted(set(codes) - classes.keys()):
        raise UnknownClass(unknown)
    missing = [code for code in case.asked if code not in codes]
    if missing and not given.is_unreadable:
        raise DecisionsMissing(codes=", ".join(missing))
    for answer in given.answers:
        _refuse_overruling(answer, case, is_extra=assignment.batch.is_extra)
    present = (set(case.agreed) | _answered(given, Answer.PRESENT)) - _answered(
        given, Answer.ABSENT
    )
    exclusive = sorted(code for code in present if classes[code].is_exclusive)
    if exclusive and len(present) > 1 and not given.is_unreadable:
        raise ExclusiveClass(exclusive)
    _refuse_audit_form(assignment.batch, shown, given)
    return classes


def _answered(given: Given, answer: Answer) -> set[str]:
    return {one.code for one in given.answers if one.answer == answer}


def _refuse_overruling(answer: AnswerIn, case: AdjudicationCase, *, is_extra: bool) -> None:
    """Raise if an answer about a class that is not in dispute does not overrule the agreement.

    Extra readers cannot overrule, and must not learn what the readers agree on.
    """
    if answer.code in case.asked:
        return
    contrary = Answer.ABSENT if answer.code in case.agreed else Answer.PRESENT
    if is_extra or answer.answer != contrary:
        raise NotDisputed(codes=answer.code)
    if not answer.reason.strip():
        raise OverrulingReasonMissing(codes=answer.code)


def _refuse_audit_form(batch: Batch, shown: Shown, given: Given) -> None:
    is_asked = asks_audit_form(batch, shown)
    if is_asked != (given.audit_form is not None):
        raise AuditFormMissing


def asks_audit_form(batch: Batch, shown: Shown) -> bool:
    """Whether the adjudicator also fills in the audit form: when they see exactly two reports."""
    return batch.has_audit_form and len(shown.readings) == N_REPORTS


def _store(
    assignment: Assignment,
    shown: Shown,
    given: Given,
    classes: Mapping[str, DiagnosticClass],
    now: datetime,
) -> Adjudication:
    form = asdict(given.audit_form) if given.audit_form else {}
    adjudication = Adjudication.objects.create(
        assignment=assignment,
        adjudicator_id=assignment.reader_id,
        mode=assignment.batch.adjudication_mode,
        stage=given.stage,
        key=given.key,
        shown=shown.as_record(),
        is_unreadable=given.is_unreadable,
        comment=given.comment,
        n_decisions=len(given.answers),
        submitted_at=now,
        active_ms=given.active_ms,
        idle_ms=given.idle_ms,
        display=dict(given.display),
        **{**form, "error_types": list(form.get("error_types", ()))},
    )
    AdjudicationDecision.objects.bulk_create(
        AdjudicationDecision(
            adjudication=adjudication,
            diagnostic_class=classes[answer.code],
            answer=answer.answer,
            overrules=answer.code not in shown.case.asked,
            reason=answer.reason.strip(),
        )
        for answer in given.answers
    )
    if stages.is_final(assignment.batch, AdjudicationStage(given.stage)):
        Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.READ)
    audit.record(
        actor=assignment.reader,
        action=audit.Action.READING_ADJUDICATED,
        study=assignment.batch.study,
        target=adjudication,
        after=record_of(adjudication),
        now=now,
    )
    return adjudication


def record_of(adjudication: Adjudication) -> dict[str, Any]:
    """Return the content of the audit event: mode, stage, what was shown, and a digest of it all.

    The digest covers the random key of the submission, so that nobody can recover the answers by
    guessing.
    """
    return {
        "assignment": adjudication.assignment_id,
        "mode": adjudication.mode,
        "stage": adjudication.stage,
        "readings": adjudication.shown.get("readings", {}),
        "members": adjudication.shown.get("members", {}),
        "digest": hash_chain.content_digest(
            {
                "content": _digest(adjudication),
                "shown": adjudication.shown,
                "adjudicator": adjudication.adjudicator_id,
                "submitted_at": adjudication.submitted_at,
            }
        ),
    }


def _digest(stored: Adjudication) -> str:
    """Return a digest of what the adjudicator submitted."""
    return _content_digest(
        {
            "stage": stored.stage,
            "key": stored.key,
            "assignment": stored.assignment_id,
            "is_unreadable": stored.is_unreadable,
            "comment": stored.comment,
            "answers": [
                (row.diagnostic_class.code, row.answer, row.reason)
                for row in stored.decisions.all()
            ],
            "form": [stored.better_report, stored.would_change_conduct, stored.error_types],
        }
    )


def _digest_of(assignment: Assignment, given: Given) -> str:
    form = given.audit_form
    return _content_digest(
        {
            "stage": given.stage,
            "key": given.key,
            "assignment": assignment.pk,
            "is_unreadable": given.is_unreadable,
            "comment": given.comment,
            "answers": [
                (answer.code, answer.answer, answer.reason.strip()) for answer in given.answers
            ],
            "form": [form.better_report, form.would_change_conduct, list(form.error_types)]
            if form
            else ["", None, []],
        }
    )


def _content_digest(content: Mapping[str, Any]) -> str:
    answers = sorted(list(answer) for answer in content["answers"])
    return hash_chain.content_digest({**content, "answers": answers})


def _refuse_if_closed(batch: Batch) -> None:
    """Raise ``BatchClosed`` if the batch was closed in the meantime.

    Race: ``batches.close`` locks the row of the batch. The later of the two
    transactions waits for the earlier.
    """
    still_open = Batch.objects.open().select_for_update(of=("self",), no_key=True)
    if not still_open.filter(pk=batch.pk).exists():
        raise BatchClosed
