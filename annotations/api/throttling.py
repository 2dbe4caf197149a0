"""Rate limits of the API, far above what a reading desk needs.

Requests of signed-in users are counted by user, so that readers at one hospital do not share a
limit; other requests are counted by IP address. The counts are in Redis. While Redis is
down there is no limit, because readings must be accepted even then.
"""

from __future__ import annotations

import hashlib
import time

import redis
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request

WINDOW_S = 60
PAUSE_S = 30.0
"""Seconds for which this process skips Redis after a failure, since a failure can take a second."""

_retry_redis_at = 0.0


def refuse_flood(request: Request) -> None:
    """Count this request toward the limit of its user or, if not signed in, of its IP address.

    Raises:
        Throttled: too many requests within this minute.
        AuthenticationFailed: the credentials are wrong.
    """
    try:
        user = request.user
    except APIException:
        _count(_address(request), settings.API_REQUESTS_PER_MINUTE_ANONYMOUS)
        raise
    if user.is_authenticated:
        _count(f"user:{user.pk}", settings.API_REQUESTS_PER_MINUTE)
    else:
        _count(_address(request), settings.API_REQUESTS_PER_MINUTE_ANONYMOUS)


def refuse_busy_team(team: int) -> None:
    """Count a file of predictions toward the limit of its team, whether it can be scored or not.

    Raises:
        Throttled: too many files within this minute.
    """
    _count(f"team:{team}", settings.API_PREDICTIONS_PER_MINUTE)


def _address(request: Request) -> str:
    address = str(get_adapter(request).get_client_ip(request))
    return f"address:{hashlib.sha256(address.encode()).hexdigest()[:20]}"


def _count(subject: str, limit: int) -> None:
    global _retry_redis_at  # noqa: PLW0603 - state of the process
    now = time.time()
    if not limit or time.monotonic() < _retry_redis_at:
        return
    try:
        n_requests = _add_one(f"throttle:{subject}:{int(now // WINDOW_S)}")
    except redis.RedisError:
        _retry_redis_at = time.monotonic() + PAUSE_S
        return
    if n_requests > limit:
        raise Throttled(wait=WINDOW_S - now % WINDOW_S)


def _add_one(key: str) -> int:
    try:
        return int(cache.incr(key))
    except ValueError:  # no count yet; of two concurrent first requests one may go uncounted
        cache.add(key, 1, timeout=2 * WINDOW_S)
        return 1
