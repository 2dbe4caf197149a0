"""Notices: shown on the site at once, and e-mailed when the mail server accepts them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotations.models import (
    Assignment,
    Batch,
    Handout,
    Notice,
    NoticeKind,
    Phase,
    Seat,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.services.notices import mail_server, wording
from ecgreview import advisory_locks
from ecgreview.advisory_locks import Lock

logger = logging.getLogger(__name__)

# Readers who still have exams to read are reminded this many days before a batch is due.
REMIND_DAYS = 2

# How long to retry. A notice older than this is no longer worth an e-mail.
GIVE_UP_AFTER = timedelta(days=2)

# Key of the advisory lock held while reminding. No notice has this id.
_REMINDING = 0


def notify(
    users: Iterable[User | int], kind: NoticeKind, data: Mapping[str, Any], *, now: datetime
) -> None:
    """Create a notice for each of ``users``. ``data`` must not contain findings."""
    ids = {user if isinstance(user, int) else user.pk for user in users}
    Notice.objects.bulk_create(
        Notice(user_id=pk, kind=kind, data=dict(data), created_at=now, mail_is_due=True)
        for pk in sorted(ids)
    )


def batch_released(batch: Batch, *, now: datetime) -> None:
    """Notify each reader of a batch of its due date and of how many exams they have.

    Readers of a pool get no number, because nobody knows how many of its exams they will get.
    """
    is_pooled = batch.handout == Handout.POOLED
    for seat in Seat.objects.filter(batch=batch).order_by("reader"):
        data = {**_of_batch(batch), "n_exams": None if is_pooled else seat.n_assigned}
        notify([seat.reader_id], NoticeKind.BATCH_RELEASED, data, now=now)


@transaction.atomic
def mark_seen(*, user: User, now: datetime) -> int:
    """Mark all notices of ``user`` as seen, and return how many were new."""
    return Notice.objects.visible_to(user).unseen().update(seen_at=now)


@transaction.atomic
def remind(*, now: datetime) -> int:
    """Remind readers of batches that are overdue or due soon; return the number of reminders.

    Readers are reminded once before and once after the due date of a batch, and again if the date
    moves. When two workers call this at the same time, one of them does the work.
    """
    if not advisory_locks.take(Lock.NOTICES, _REMINDING, waits=False):
        return 0
    today = now.date()
    opened = Batch.objects.open().released().filter(study__phase=Phase.OPEN)
    soon = opened.filter(due_on__gte=today, due_on__lte=today + timedelta(days=REMIND_DAYS))
    return sum(
        _remind_of(batch, kind, now)
        for kind, due in (
            (NoticeKind.BATCH_OVERDUE, opened.filter(due_on__lt=today)),
            (NoticeKind.BATCH_DUE, soon),
        )
        for batch in due.select_related("study").order_by("pk")
    )


def mail_next(*, now: datetime) -> bool:
    """E-mail one notice; return False when none is due or the mail server is unavailable.

    The attempt is counted and committed first, so that a notice that kills its worker moves to the
    end of the queue. If the server is down, the next run of the task tries again.
    """
    with transaction.atomic():
        waiting = Notice.objects.select_for_update(skip_locked=True, no_key=True).to_mail()
        claimed = waiting.order_by("n_attempts", "pk").first()
        if claimed is None:
            return False
        Notice.objects.filter(pk=claimed.pk).update(n_attempts=F("n_attempts") + 1)
    with transaction.atomic():
        if not advisory_locks.take(Lock.NOTICES, claimed.pk, waits=False):
            return True  # another worker is mailing it
        notice = Notice.objects.to_mail().select_related("user").filter(pk=claimed.pk).first()
        if notice is None:
            return True
        if _is_wanted(notice, now) and not _send(notice):
            return False
        Notice.objects.filter(pk=notice.pk).update(mail_is_due=False)
    return True


# -- Reminding ----------------------------------------------------------------------------------


def _remind_of(batch: Batch, kind: NoticeKind, now: datetime) -> int:
    data = _of_batch(batch)
    reminded = Notice.objects.filter(
        kind=kind, data__batch_id=batch.pk, data__due_on=data["due_on"]
    ).values("user")
    seats = _seats_to_remind(batch, now).exclude(reader__in=reminded)
    readers = list(seats.values_list("reader", flat=True))
    notify(readers, kind, data, now=now)
    return len(readers)


def _seats_to_remind(batch: Batch, now: datetime) -> QuerySet[Seat]:
    """Return the seats of ``batch`` whose readers can read now and have exams left.

    Those of a pool are returned even if no exam is left: leaving them out would reveal what others
    did.
    """
    lines = StudyReader.objects.filter(
        study=batch.study_id, user=OuterRef("reader"), status=StudyReaderStatus.ACTIVE
    )
    if batch.study.qualification_required and batch.counts:
        lines = lines.filter(qualified_at__isnull=False)
    seats = Seat.objects.filter(Exists(lines), batch=batch)
    if batch.handout == Handout.POOLED:
        return seats
    own = Assignment.objects.waiting().filter(batch=batch, reader=OuterRef("reader"))
    return seats.filter(Exists(own.filter(Q(not_before=None) | Q(not_before__lte=now))))


def _of_batch(batch: Batch) -> dict[str, Any]:
    return {
        "study": batch.study.name,
        "batch": batch.name,
        "batch_id": batch.pk,
        "due_on": batch.due_on and batch.due_on.isoformat(),
    }


# -- Mailing ------------------------------------------------------------------------------------


def _is_wanted(notice: Notice, now: datetime) -> bool:
    """Whether an e-mail can be sent, the notice is recent, and the user has not seen it yet."""
    can_get = mail_server.is_configured() and notice.user.is_active and bool(notice.user.email)
    return can_get and notice.seen_at is None and now - notice.created_at < GIVE_UP_AFTER


def _send(notice: Notice) -> bool:
    """Send the e-mail; return False when the server is unavailable and we should try again."""
    words = wording.of_mail(NoticeKind(notice.kind), settings.SITE_URL)
    try:
        mail_server.send(words.title, words.text, notice.user.email)
    except mail_server.Refused:
        logger.warning("The mail server refused the address of user %s", notice.user_id)
    except mail_server.NoAnswer as failure:
        logger.warning("A notice e-mail could not be sent: %s", failure)
        return False
    return True
