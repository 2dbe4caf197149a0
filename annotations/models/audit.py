"""The audit trail: append-only events, and the hash chain that reveals tampering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .study import Study

if TYPE_CHECKING:
    from .people import User


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, user: User) -> AuditEventQuerySet:
        """Return all events if ``user`` has the permission and is not blinded, otherwise none.

        Readers of a study that is not locked see no part of the trail. Even if their study's events
        were left out, gaps in the IDs would reveal how much their colleagues did.
        """
        if not user.has_perm("annotations.view_auditevent"):
            return self.none()
        return self.none() if Study.objects.all().blinding(user).exists() else self


class AuditEvent(models.Model):
    """Who did what to which object, and why. Written in the transaction of the action itself.

    Events hold no labels. For a reading they hold the SHA-256 of its content, which can later
    prove that the reading was not changed, and reveals nothing about it until then. Triggers
    (migration 0007) reject changes and deletions, and link each event into the chain when its
    transaction commits.
    """

    at = models.DateTimeField(help_text="The time of the action, by the server's clock.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=60)
    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=80, blank=True)
    before = models.TextField(blank=True, help_text="Canonical JSON, or empty.")
    after = models.TextField(blank=True, help_text="Canonical JSON, or empty.")
    reason = models.TextField(blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        constraints = [
            models.CheckConstraint(name="audit_event_says_what", condition=~Q(action="")),
        ]
        indexes = [
            models.Index(name="audit_event_by_study", fields=["study", "id"]),
            models.Index(name="audit_event_by_action", fields=["action", "id"]),
            models.Index(name="audit_event_by_object", fields=["object_type", "object_id"]),
            models.Index(name="audit_event_by_time", fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"


class AuditLink(models.Model):
    """One link of the chain: the digest of an event and of everything linked before it."""

    seq = models.BigIntegerField(primary_key=True, help_text="1, 2, 3 … without a gap.")
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="link")
    chained_at = models.DateTimeField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(name="audit_link_counts_from_one", condition=Q(seq__gte=1)),
        ]

    def __str__(self) -> str:
        return f"link {self.seq}"
