"""Assignments (who reads which exam, in which order) and the slots of a pooled batch."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .batch import Batch
from .exam import Exam
from .protocol import Arm

if TYPE_CHECKING:
    from .people import User

# A million random IDs are unlikely to collide, and JavaScript represents each of them exactly.
ID_BITS = 50

# Crockford's base 32: no I, L, O or U.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> int:
    """Return a random ID. Serial IDs would reveal how many exams others have been assigned."""
    return secrets.randbits(ID_BITS) or 1


class Occurrence(models.IntegerChoices):
    """Whether this is the reader's first reading of the exam, a hidden repeat or a gold exam.

    Only FIRST readings are data. A REPEAT compares readers with themselves, and a GOLD exam
    compares them with a known reference. Readers cannot tell the three apart.
    """

    FIRST = 1, _("First")
    REPEAT = 2, _("Hidden repeat")
    GOLD = 3, _("Hidden gold exam")


class AssignmentState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    READ = "read", _("Read")
    LAPSED = "lapsed", _("Not read in time")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class WorkState(models.TextChoices):
    """The reader's progress with an assignment."""

    NOT_STARTED = "todo", _("Not started")
    STARTED = "draft", _("Started")
    SUBMITTED = "submitted", _("Submitted")

    @classmethod
    def of(cls, *, is_submitted: bool, has_draft: bool) -> WorkState:
        if is_submitted:
            return cls.SUBMITTED
        return cls.STARTED if has_draft else cls.NOT_STARTED


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def visible_to(self, user: User) -> AssignmentQuerySet:
        """Return ``user``'s own assignments in released batches.

        Leaves out withdrawn assignments, and hidden repeats whose washout has not passed yet.
        """
        own = self.filter(reader=user, batch__released_at__isnull=False)
        return own.exclude(state=AssignmentState.WITHDRAWN).exclude(not_before__gt=Now())

    def without_gold(self) -> AssignmentQuerySet:
        """Exclude hidden gold exams, which are not part of a study's sample."""
        return self.exclude(occurrence=Occurrence.GOLD)

    def held_back(self) -> AssignmentQuerySet:
        """Return hidden repeats whose washout has not passed yet."""
        return self.waiting().filter(not_before__gt=Now())

    def in_reading_order(self) -> AssignmentQuerySet:
        """Sort by batch, then by the reader's stored order."""
        return self.order_by("batch_id", "position", "pk")

    def waiting(self) -> AssignmentQuerySet:
        """Return assignments that wait for a reading. Partial indexes exist for these rows."""
        return self.filter(state=AssignmentState.WAITING)

    def pending(self) -> AssignmentQuerySet:
        """Return assignments that may still get a reading, including those returned to a pool."""
        return self.filter(state__in=(AssignmentState.WAITING, AssignmentState.LAPSED))

    def adjudicated_by(self, readers: Collection[int]) -> AssignmentQuerySet:
        """Return class-by-class adjudications by ``readers``, or by accounts that they vouch for.

        They know what is in dispute, so they can no longer read these exams blind.
        """
        return self.filter(Q(reader__in=readers) | Q(reader__vouched_by__in=readers)).exclude(
            batch__adjudication_mode=""
        )

    def answered(self) -> AssignmentQuerySet:
        """Exclude abstentions, which leave the exam without a reading; keep unread assignments."""
        return self.filter(is_abstained=False)

    def unread(self) -> AssignmentQuerySet:
        """Return waiting assignments of released batches that are still open.

        Includes hidden repeats whose washout has not passed. For a worklist, start from
        ``visible_to``.
        """
        return self.waiting().filter(batch__closed_at=None, batch__released_at__isnull=False)


class Assignment(models.Model):
    """One exam for one reader to read in one batch, for the first time or as a repeat.

    Readers know it by ``code``. A hidden repeat has a different code from the first reading, and
    two readers of one exam have different codes, so readers cannot match exams by code. Triggers
    (migrations 0006 and 0015) set the state to READ when the blind reading is inserted, and
    record whether the reader abstained.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="assignments")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="assignments")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments"
    )
    occurrence = models.PositiveSmallIntegerField(choices=Occurrence, default=Occurrence.FIRST)
    position = models.PositiveIntegerField()
    order_key = models.CharField(max_length=64, help_text="HMAC-SHA256 of seed, reader and exam.")
    arm = models.CharField(max_length=15, choices=Arm, default=Arm.AFTER_COMMIT)
    state = models.CharField(
        max_length=10, choices=AssignmentState, default=AssignmentState.WAITING
    )
    not_before = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    is_abstained = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Its reader abstained, so there is no reading.",
    )
    deferred_at = models.DateTimeField(
        null=True, blank=True, help_text="When its reader last skipped it."
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="assignment_once_per_reader", fields=["batch", "exam", "reader", "occurrence"]
            ),
            models.UniqueConstraint(
                name="assignment_position_once", fields=["reader", "batch", "position"]
            ),
            models.CheckConstraint(name="assignment_has_an_order", condition=~Q(order_key="")),
            models.CheckConstraint(
                name="assignment_position_counts_from_one", condition=Q(position__gte=1)
            ),
            models.CheckConstraint(
                name="assignment_occurrence_is_known",
                condition=Q(occurrence__in=Occurrence.values),
            ),
            models.CheckConstraint(
                name="assignment_state_is_known", condition=Q(state__in=AssignmentState.values)
            ),
            models.CheckConstraint(
                name="assignment_abstained_is_read",
                condition=Q(is_abstained=False) | Q(state=AssignmentState.READ),
            ),
            models.CheckConstraint(name="assignment_arm_is_known", condition=Q(arm__in=Arm.values)),
        ]
        indexes = [
            models.Index(
                name="assignment_waiting",
                fields=["reader", "batch", "position"],
                condition=Q(state="waiting"),
            ),
            models.Index(
                name="assignment_held",
                fields=["reader", "batch"],
                condition=Q(state="waiting", not_before__isnull=False),
            ),
            models.Index(
                name="assignment_deferred",
                fields=["reader", "batch", "deferred_at"],
                condition=Q(state="waiting", deferred_at__isnull=False),
            ),
            models.Index(
                name="assignment_leases",
                fields=["lease_expires_at"],
                condition=Q(state="waiting", lease_expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"

    @property
    def code(self) -> str:
        """The code by which the reader knows the exam, such as ``7QF2M-XA0K3``."""
        return code_of(self.pk)


def code_of(assignment_id: int) -> str:
    """Return ten base 32 characters for an assignment's ID, in two groups."""
    digits = [_ALPHABET[(assignment_id >> 5 * place) & 31] for place in reversed(range(10))]
    return f"{''.join(digits[:5])}-{''.join(digits[5:])}"


class SlotQuerySet(models.QuerySet["Slot"]):
    def free(self) -> SlotQuerySet:
        """Return slots that nobody has taken."""
        return self.filter(assignment=None)


class Slot(models.Model):
    """One reading of an exam that a pooled batch needs. The first reader to take it gets it."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="slots")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="+")
    ordinal = models.PositiveSmallIntegerField()
    order_key = models.CharField(max_length=64)
    assignment = models.OneToOneField(
        Assignment, on_delete=models.PROTECT, null=True, blank=True, related_name="slot"
    )

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="slot_once", fields=["batch", "exam", "ordinal"]),
            models.CheckConstraint(name="slot_has_an_order", condition=~Q(order_key="")),
        ]
        indexes = [
            models.Index(
                name="slot_free", fields=["batch", "order_key"], condition=Q(assignment=None)
            ),
        ]

    def __str__(self) -> str:
        return f"slot {self.ordinal} of exam {self.exam_id} in batch {self.batch_id}"
