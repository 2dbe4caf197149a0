"""The readers of a study: joining, pausing and leaving. Their readings always stay."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from annotations import row_security
from annotations.models import (
    Assignment,
    AssignmentState,
    Exam,
    NoticeKind,
    ResultsSeen,
    Role,
    Slot,
    Study,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.models.assignment import AssignmentQuerySet
from annotations.services import audit
from annotations.services.notices import delivery
from annotations.services.refusals import Refusal

READING_ROLES = (Role.READER, Role.ADJUDICATOR)

# Notices to readers about a new status. The reason is visible to coordinators only.
NOTICES = {
    StudyReaderStatus.ACTIVE: NoticeKind.READER_RESUMED,
    StudyReaderStatus.PAUSED: NoticeKind.READER_PAUSED,
    StudyReaderStatus.WITHDRAWN: NoticeKind.READER_WITHDRAWN,
}


class NotAReader(Refusal):
    code = "not-a-reader"


class LevelTooLow(Refusal):
    code = "level-too-low"


class KnowsResults(Refusal):
    code = "knows-results"


class HasLeft(Refusal):
    code = "has-left"


class StatusUnchanged(Refusal):
    code = "status-unchanged"


class StudyHasBegun(Refusal):
    code = "study-has-begun"


@transaction.atomic
def join(
    *, study: Study, readers: Sequence[User], actor: User | None, now: datetime
) -> list[StudyReader]:
    """Add those of ``readers`` who are missing to the roster, and return the rows of all of them.

    From then on the results of the study are hidden from them until it is locked.

    Raises:
        NotAReader: a person is neither reader nor adjudicator.
        LevelTooLow: a person is below ``study.minimum_reader_level``.
        HasLeft: a person was withdrawn.
    """
    refuse_without_role(readers, READING_ROLES)
    if below := [reader for reader in readers if reader.level < study.minimum_reader_level]:
        raise LevelTooLow(readers=", ".join(str(reader) for reader in below))
    listed = {
        line.user_id: line
        for line in StudyReader.objects.filter(study=study, user__in=readers).select_related("user")
    }
    if withdrawn := [
        str(x.user) for x in listed.values() if x.status == StudyReaderStatus.WITHDRAWN
    ]:
        raise HasLeft(readers=", ".join(sorted(withdrawn)))
    new = [reader for reader in readers if reader.pk not in listed]
    lines = StudyReader.objects.bulk_create(
        (StudyReader(study=study, user=reader, status_since=now, added_at=now) for reader in new),
        ignore_conflicts=True,
    )
    for line in lines:
        audit.record(
            actor=actor, action=audit.Action.READER_ADDED, study=study, target=line.user, now=now
        )
    return list(StudyReader.objects.filter(study=study, user__in=readers).order_by("pk"))


@transaction.atomic
def pause(*, study: Study, user: User, reason: str, actor: User, now: datetime) -> StudyReader:
    """Stop giving exams to a reader for now. They can still submit the exam on their screen.

    Raises:
        StudyReader.DoesNotExist: the person does not read in the study.
        StatusUnchanged: they are already paused or withdrawn.
    """
    line = _line(study, user, {StudyReaderStatus.ACTIVE})
    return _set(line, StudyReaderStatus.PAUSED, reason, audit.Action.READER_PAUSED, actor, now)


@transaction.atomic
def resume(*, study: Study, user: User, actor: User, now: datetime) -> StudyReader:
    """Give exams to a paused reader again.

    Raises:
        StudyReader.DoesNotExist: the person does not read in the study.
        StatusUnchanged: they are not paused.
    """
    line = _line(study, user, {StudyReaderStatus.PAUSED})
    return _set(line, StudyReaderStatus.ACTIVE, "", audit.Action.READER_RESUMED, actor, now)


@transaction.atomic
def withdraw(
    *, study: Study, user: User, reason: str, actor: User | None, now: datetime
) -> StudyReader:
    """Withdraw a reader from the study for good.

    Their readings stay and are marked with this status in exports. Unread assignments are
    withdrawn, drafts are kept, and slots of a pool become free. They can no longer submit the exam
    on their screen.

    Raises:
        StudyReader.DoesNotExist: the person does not read in the study.
        StatusUnchanged: they are already withdrawn.
    """
    line = _line(study, user, {StudyReaderStatus.ACTIVE, StudyReaderStatus.PAUSED})
    take_back(Assignment.objects.filter(batch__study=study, reader=user))
    return _set(
        line, StudyReaderStatus.WITHDRAWN, reason, audit.Action.READER_WITHDRAWN, actor, now
    )


@transaction.atomic
def remove(*, study: Study, user: User, actor: User, now: datetime) -> None:
    """Remove a person from the roster of a draft study.

    Raises:
        StudyReader.DoesNotExist: the person is not on it.
        StudyHasBegun: the study is not a draft, or they have assignments in it.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if not study.is_draft or Assignment.objects.filter(batch__study=study, reader=user).exists():
        raise StudyHasBegun
    line = StudyReader.objects.get(study=study, user=user)
    with row_security.as_owner():  # only the owner of the tables may delete rows
        line.delete()
    audit.record(actor=actor, action=audit.Action.READER_REMOVED, study=study, target=user, now=now)


@transaction.atomic
def set_cap(
    *, study: Study, user: User, max_exams: int | None, actor: User, now: datetime
) -> StudyReader:
    """Limit how many exams of the study a reader may get in total; None: no limit."""
    line = StudyReader.objects.select_for_update().get(study=study, user=user)
    before, line.max_exams = line.max_exams, max_exams
    line.save(update_fields=["max_exams"])
    audit.record(
        actor=actor, action=audit.Action.READER_CAPPED, study=study, target=user,
        before={"max_exams": before}, after={"max_exams": max_exams}, now=now,
    )  # fmt: skip
    return line


def take_back(assignments: AssignmentQuerySet) -> list[int]:
    """Withdraw those of ``assignments`` that are still unread, and return their ids.

    Race: rows are locked in the order of their ids, so that two callers cannot deadlock. If a
    submission is in progress, we wait for it, and its assignment counts as read.
    """
    waiting = assignments.pending().select_for_update(of=("self",), no_key=True).order_by("pk")
    ids = [pk for (pk,) in waiting.values_list("pk")]
    still = Assignment.objects.filter(pk__in=ids).pending()
    Slot.objects.filter(assignment__in=ids).update(assignment=None)
    still.update(state=AssignmentState.WITHDRAWN, lease_expires_at=None)
    return ids


def refuse_without_role(readers: Sequence[User], roles: Sequence[Role]) -> None:
    """Raise unless each of ``readers`` is active and has one of ``roles``.

    Raises:
        NotAReader: names those who are not active or have none of ``roles``.
    """
    eligible = User.objects.filter(is_active=True, groups__name__in=[role.value for role in roles])
    able = set(
        eligible.filter(pk__in=[reader.pk for reader in readers]).values_list("pk", flat=True)
    )
    if others := [reader for reader in readers if reader.pk not in able]:
        raise NotAReader(readers=", ".join(str(reader) for reader in others))


def refuse_results_seen(readers: Sequence[User], exams: Iterable[Exam | int]) -> None:
    """Raise if one of ``readers`` knows results of a batch that contains one of ``exams``.

    Raises:
        KnowsResults: names these readers.
    """
    ids = [exam if isinstance(exam, int) else exam.pk for exam in exams]
    known = pairs_with_results_seen([reader.pk for reader in readers], ids)
    accounts = {account for account, _ in known}
    if names := [
        str(reader) for reader in sorted(readers, key=lambda r: r.pk) if reader.pk in accounts
    ]:
        raise KnowsResults(readers=", ".join(dict.fromkeys(names)))


def refuse_pairs_with_results_seen(pairs: Collection[tuple[int, int]]) -> None:
    """Raise if a reader of ``pairs`` knows results of a batch that contains their exam.

    Args:
        pairs: ids of reader and exam.

    Raises:
        KnowsResults: names these readers.
    """
    seen = pairs_with_results_seen({reader for reader, _ in pairs}, {exam for _, exam in pairs})
    if readers := {reader for reader, _ in seen & {*pairs}}:
        names = User.objects.filter(pk__in=readers).order_by("pk")
        raise KnowsResults(readers=", ".join(str(reader) for reader in names))


def pairs_with_results_seen(
    readers: Collection[int], exams: Collection[int]
) -> set[tuple[int, int]]:
    """Return pairs of an account and an exam whose results it, or one it vouches for, has seen.

    Adjudicators have seen what is in dispute. Accounts that one of ``readers`` vouches for may be
    among the accounts.
    """
    results_seen = ResultsSeen.objects.known_to(readers).filter(batch__assignments__exam__in=exams)
    exam = "batch__assignments__exam_id"
    adjudicated = Assignment.objects.adjudicated_by(readers).filter(exam__in=exams)
    pairs = {
        *results_seen.values_list("user_id", exam).distinct(),
        *results_seen.values_list("user__vouched_by_id", exam).distinct(),
        *adjudicated.values_list("reader_id", "exam_id"),
        *adjudicated.values_list("reader__vouched_by_id", "exam_id"),
    }
    return {(account, exam_id) for account, exam_id in pairs if account is not None}


def _line(study: Study, user: User, allowed: set[StudyReaderStatus]) -> StudyReader:
    line = StudyReader.objects.select_for_update().get(study=study, user=user)
    if line.status not in allowed:
        raise StatusUnchanged
    return line


def _set(
    line: StudyReader,
    status: StudyReaderStatus,
    reason: str,
    action: audit.Action,
    actor: User | None,
    now: datetime,
) -> StudyReader:
    before = line.status
    line.status, line.status_reason = status, reason
    line.status_since = max(now, line.added_at)  # the clock may have been set back
    line.save(update_fields=["status", "status_reason", "status_since"])
    audit.record(
        actor=actor, action=action, study=line.study, target=line.user,
        before={"status": before}, after={"status": line.status}, reason=reason, now=now,
    )  # fmt: skip
    delivery.notify([line.user_id], NOTICES[status], {"study": line.study.name}, now=now)
    return line
