"""Signing in tests: readings and revisions of plain keywords."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from annotations.services.reading import revisions, submissions
from annotations.services.reading.content import Content
from annotations.services.reading.signing import Effort, Signed, Submission

WORK = ("active_ms", "idle_ms", "display", "tools")


def signed(*, idempotency_key: UUID, chosen: Any = (), **said: Any) -> Signed:
    """Return what a reader signs: the parts of a content, and those of the work on it."""
    work = {name: said.pop(name) for name in WORK if name in said}
    return Signed(Content(**said), idempotency_key, chosen, Effort(**work))


def submit_reading(
    *, assignment_id: Any, reader: Any, based_on: int, now: Any, supersedes: Any = None, **said: Any
) -> Submission:
    """Submit a blind reading."""
    return submissions.submit(
        assignment_id=assignment_id, reader=reader, based_on=based_on, signed=signed(**said),
        supersedes=supersedes, now=now,
    )  # fmt: skip


def submit_revision(
    *, assignment_id: Any, reader: Any, reason: str, now: Any, **said: Any
) -> Submission:
    """Submit a revision."""
    return revisions.submit(
        assignment_id=assignment_id, reader=reader, reason=reason, signed=signed(**said), now=now
    )
