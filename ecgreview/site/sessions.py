"""Sessions that end: after a while without a request, and after a day's work in any case."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

BEGAN, SEEN = "began_at", "seen_at"
"""When somebody signed in and when they last asked for something, in seconds since 1970."""

SEEN_STEP_S = 60
"""A request is noted when the last note is older: writing the row each time would be a waste."""


class SessionStore(db.SessionStore):
    """Django's sessions in the database, with a limit to idling and to all of it."""

    def load(self) -> dict[str, Any]:
        """Return what the session holds; nothing when it is over, as if it had never been."""
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
        """Put ``value`` in; the limits count from when it is somebody who signs in."""
        super().__setitem__(key, value)
        if key == SESSION_KEY:
            self[BEGAN] = self[SEEN] = int(timezone.now().timestamp())


def is_over(data: dict[str, Any], now: int) -> bool:
    """Tell whether a session of somebody has reached one of its limits.

    A session that does not say when it began is older than the limits are.
    """
    began, seen = data.get(BEGAN, 0), data.get(SEEN, 0)
    return bool(now - seen >= settings.SESSION_IDLE_S or now - began >= settings.SESSION_ABSOLUTE_S)
