"""Submitting readings and revisions from flat keyword arguments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from annotations.services.reading import revisions, submissions
from annotations.services.reading.content import Content
from annotations.services.reading.signing import Effort, Signed, Submission

EFFORT_FIELDS = ("active_ms", "idle_ms", "display", "tools")


def signed(*, idempotency_key: UUID, chosen: Any = (), **fields: Any) -> Signed:
    """Build ``Signed`` from the fields of ``Content`` and ``Effort``."""
    effort = {name: fields.pop(name) for name in EFFORT_FIELDS if name in fields}
    return Signed(Content(**fields), idempotency_key, chosen, Effort(**effort))


def submit_reading(
    *,
    assignment_id: Any,
    reader: Any,
    based_on: int,
    now: Any,
    supersedes: Any = None,
    **fields: Any,
) -> Submission:
    return submissions.submit(
        assignment_id=assignment_id, reader=reader, based_on=based_on, signed=signed(**fields),
        supersedes=supersedes, now=now,
    )  # fmt: skip


def submit_revision(
    *, assignment_id: Any, reader: Any, reason: str, now: Any, **fields: Any
) -> Submission:
    return revisions.submit(
        assignment_id=assignment_id, reader=reader, reason=reason, signed=signed(**fields), now=now
    )
