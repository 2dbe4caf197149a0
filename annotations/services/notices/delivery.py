"""Telling people: a notice in the app at once, and mail when the mail server takes it."""

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

REMIND_DAYS = 2
"""So many days before a batch is due, who still has to read is reminded of it."""

GIVE_UP_AFTER = timedelta(days=2)
"""What a mail server did not take for so long is not worth a mail any more."""

_REMINDING = 0
"""No notice has this number: the lock of who reminds."""


def tell(
    users: Iterable[User | int], kind: NoticeKind, data: Mapping[str, Any], *, now: datetime
) -> None:
    """Leave a notice for each of ``users``; ``data`` holds names and dates, never a finding."""
    ids = {user if isinstance(user, int) else user.pk for user in users}
    Notice.objects.bulk_create(
        Notice(user_id=pk, kind=kind, data=dict(data), created_at=now, mail_is_due=True)
        for pk in sorted(ids)
    )


def batch_released(batch: Batch, *, now: datetime) -> None:
    """Tell each reader of a batch how many exams wait for them, and until when.

    Of a pool they are told no number: how many of its exams come to them, nobody knows.
    """
    is_pooled = batch.handout == Handout.POOLED
    for seat in Seat.objects.filter(batch=batch).order_by("reader"):
        data = {**_of_batch(batch), "n_exams": None if is_pooled else seat.n_assigned}
        tell([seat.reader_id], NoticeKind.BATCH_RELEASED, data, now=now)


@transaction.atomic
def mark_seen(*, user: User, now: datetime) -> int:
    """Note that ``user`` looked at their notices, and return how many were new to them."""
    return Notice.objects.visible_to(user).unseen().update(seen_at=now)


@transaction.atomic
def remind(*, now: datetime) -> int:
    """Remind who still has to read of what is due soon or overdue; return how many that were.

    Each reader once for each batch, and once more if its day is moved. Asked twice at once, one
    does it.
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
    """Mail one notice; return False when none is due, or when the mail server is in trouble.

    The attempt is counted and committed first: a notice that ends its worker goes behind all
    others. A server that is down is asked again when the task is called the next time.
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
    told = Notice.objects.filter(
        kind=kind, data__batch_id=batch.pk, data__due_on=data["due_on"]
    ).values("user")
    late = _late(batch, now).exclude(reader__in=told).values_list("reader", flat=True)
    readers = list(late)
    tell(readers, kind, data, now=now)
    return len(readers)


def _late(batch: Batch, now: datetime) -> QuerySet[Seat]:
    """Return the seats of ``batch`` whose readers could go on now, and have something to read.

    Of a pool everybody's: whether there is an exam left would tell what others did.
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
    """Whether a mail still helps: to somebody who can get it, and has not seen the notice."""
    can_get = mail_server.is_configured() and notice.user.is_active and bool(notice.user.email)
    return can_get and notice.seen_at is None and now - notice.created_at < GIVE_UP_AFTER


def _send(notice: Notice) -> bool:
    """Send the mail; False when the server was in trouble, and it should be tried again."""
    words = wording.of_mail(NoticeKind(notice.kind), settings.SITE_URL)
    try:
        mail_server.send(words.title, words.text, notice.user.email)
    except mail_server.Refused:
        logger.warning("The mail server refused the address of user %s", notice.user_id)
    except mail_server.NoAnswer as failure:
        logger.warning("A mail about a notice did not leave: %s", failure)
        return False
    return True
