"""Heads of the chain, kept in a file outside the database.

The owner of the database can cut off the end of the trail, or recompute the whole chain, without
leaving a trace in the database. A head stored elsewhere reveals it. So each verification starts
with the last head in this file and ends by appending a new one. Keep the file where the owner of
the database cannot change it: on another disk, or shipped with the logs.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from annotations.services.verification.trail import Verification, check_head
from ecgreview import hash_chain
from ecgreview.hash_chain import Head

logger = logging.getLogger(__name__)


def last() -> Head | None:
    """Return the head that was stored last, or None if there is no readable one."""
    path = _path()
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    for line in reversed(lines):
        try:
            return hash_chain.head(line.rpartition(" ")[2])
        except hash_chain.MalformedHead:
            continue  # an empty last line, or one truncated by a full disk
    return None


def verify() -> Verification | None:
    """Check that the chain still contains the head that was stored last.

    Returns a verification with the fault; None if there is no fault or no stored head.
    """
    recorded = last()
    fault = check_head(recorded) if recorded else None
    return Verification(hash_chain.START, 0, 0, fault) if fault else None


def keep(result: Verification, *, now: datetime) -> bool:
    """Append the head of a verification without faults; return whether it was written."""
    path = _path()
    if path is None or not result.holds:
        return False
    line = f"{now.astimezone(UTC).isoformat(timespec='seconds')} {result.head}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="ascii") as file:
            file.write(line)
    except OSError as failure:
        logger.warning("The head of the audit trail could not be written to %s: %s", path, failure)
        return False
    return True


def _path() -> Path | None:
    return Path(settings.AUDIT_HEADS_FILE) if settings.AUDIT_HEADS_FILE else None
