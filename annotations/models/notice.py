"""Notices to people: shown in the app immediately, and e-mailed if there is a mail server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from .people import User


class NoticeKind(models.TextChoices):
    BATCH_RELEASED = "batch_released", _("New exams to read")
    BATCH_DUE = "batch_due", _("A batch is due soon")
    BATCH_OVERDUE = "batch_overdue", _("A batch is overdue")
    EXAMS_REASSIGNED = "exams_reassigned", _("You were given more exams")
    READER_PAUSED = "reader_paused", _("Your reading is paused")
    READER_RESUMED = "reader_resumed", _("Your reading has resumed")
    READER_WITHDRAWN = "reader_withdrawn", _("Your reading in a study has ended")
    QUALIFICATION_PASSED = "qualification_passed", _("You passed the qualification")
    QUALIFICATION_FAILED = "qualification_failed", _("You did not pass the qualification")
    STUDY_LOCKED = "study_locked", _("A study was locked")
    AUDIT_BROKEN = "audit_broken", _("Audit trail verification failed")
    COUNTS_REPAIRED = "counts_repaired", _("Counts of an agreement report were corrected")
    RECOUNT_FAILED = "recount_failed", _("A nightly recount failed")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> NoticeQuerySet:
        """Return ``user``'s own notices."""
        return self.filter(user=user)

    def unseen(self) -> NoticeQuerySet:
        return self.filter(seen_at=None)

    def to_mail(self) -> NoticeQuerySet:
        """Return notices that still have to be e-mailed."""
        return self.filter(mail_is_due=True)


class Notice(models.Model):
    """One message to one person. Its text is rendered from ``data`` in the recipient's language."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=30, choices=NoticeKind)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    mail_is_due = models.BooleanField(default=False)
    n_attempts = models.PositiveSmallIntegerField(default=0)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="notice_kind_is_known", condition=Q(kind__in=NoticeKind.values)
            ),
        ]
        indexes = [
            models.Index(name="notice_by_person", fields=["user", "-created_at"]),
            models.Index(name="notice_to_mail", fields=["id"], condition=Q(mail_is_due=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"
