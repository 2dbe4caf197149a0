"""Drafts: unsubmitted entries, versioned so that no tab overwrites another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from annotations.models import Assignment, Draft, User
from annotations.services.assignment import guards, leases
from annotations.services.refusals import Refusal


class StaleDraft(Refusal):
    """The change was not based on the stored version.

    Attributes:
        draft: the stored draft, or None.
    """

    code = "stale-draft"

    def __init__(self, draft: Draft | None) -> None:
        super().__init__()
        self.draft = draft


@transaction.atomic
def save(
    *, assignment_id: int, reader: User, based_on: int, content: dict[str, Any], now: datetime
) -> Draft:
    """Store ``content`` as the version after ``based_on`` (0: the first one) and return it.

    Repeating the request after a lost response changes nothing and returns the stored draft.

    Raises:
        Assignment.DoesNotExist: ``reader`` has no such assignment.
        AlreadySubmitted: the reading was submitted.
        Withdrawn, StudyNotOpen, BatchClosed, ReaderNotEligible: the reader may no longer read the
            exam.
        StaleDraft: another version is stored.
    """
    assignment = guards.lock(assignment_id=assignment_id, reader=reader)
    guards.refuse_if_not_waiting(assignment)
    leases.extend(assignment, now=now)
    stored = stored_for(assignment)
    if stored and stored.version == based_on + 1 and stored.content == content:
        return stored
    refuse_if_stale(stored, based_on)
    draft = stored or Draft(assignment=assignment)
    draft.version = based_on + 1
    draft.content = content
    draft.saved_at = now
    draft.save()
    return draft


def stored_for(assignment: Assignment) -> Draft | None:
    """Return the draft of ``assignment``, freshly loaded."""
    return Draft.objects.filter(assignment=assignment).first()


def refuse_if_stale(stored: Draft | None, based_on: int) -> None:
    """Raise ``StaleDraft`` unless ``based_on`` is the stored version; 0 means no draft."""
    if based_on != (stored.version if stored else 0):
        raise StaleDraft(stored)
