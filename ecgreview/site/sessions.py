"""Sessions that expire: after a period without requests, and after a workday in any case."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

# Keys of the times of the sign-in and of the latest request, in seconds since 1970.
BEGAN, SEEN = "began_at", "seen_at"

# The time of a request is stored only if the stored time is older than this, to save writes.
SEEN_STEP_S = 60


class SessionStore(db.SessionStore):
    """Django's database sessions, with limits on idle time and total time."""

    def load(self) -> dict[str, Any]:
        """Return the content of the session; empty when it has expired."""
        data: dict[str, Any] = super().load()
        if SESSION_KEY not in data:
            return data
        now = int(timezone.now().timestamp())
        if is_over(data, now):
            self.delete(self.session_key)
            self._session_key = None
            return {}
        if now - data[SEEN] >= SEEN_STEP_S:
            data[SEEN] = now
            self.modified = True
        return data

    def __setitem__(self, key: str, value: Any) -> None:
        """Store ``value``; for the signed-in user, also record the time of the sign-in."""
        super().__setitem__(key, value)
        if key == SESSION_KEY:
            self[BEGAN] = self[SEEN] = int(timezone.now().timestamp())


def is_over(data: dict[str, Any], now: int) -> bool:
    """Return whether a signed-in session has reached one of its limits.

    A session without a recorded sign-in time was created before there were limits, and is over.
    """
    began, last_seen = data.get(BEGAN, 0), data.get(SEEN, 0)
    return bool(
        now - last_seen >= settings.SESSION_IDLE_S or now - began >= settings.SESSION_ABSOLUTE_S
    )
