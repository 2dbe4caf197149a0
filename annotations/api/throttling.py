"""How often the API may be asked: far above what a reader's desk does, far below a flood.

Who is signed in is counted by person and not by address, so that the readers of a hospital behind
one address never share a limit; who is not, by address. The counts lie in Redis; while it does not
answer nobody is counted, because a reading must be taken then too.
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
"""After Redis did not answer, this process asks it again only then: each wait costs a second."""

_asks_again_at = 0.0


def refuse_flood(request: Request) -> None:
    """Count this request.

    Raises:
        Throttled: there were too many within this minute.
        AuthenticationFailed: what the request says about who sends it is wrong.
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


def _address(request: Request) -> str:
    address = str(get_adapter(request).get_client_ip(request))
    return f"address:{hashlib.sha256(address.encode()).hexdigest()[:20]}"


def _count(subject: str, limit: int) -> None:
    global _asks_again_at  # noqa: PLW0603 - of the process, as what it remembers is
    now = time.time()
    if not limit or time.monotonic() < _asks_again_at:
        return
    try:
        n_asked = _add_one(f"throttle:{subject}:{int(now // WINDOW_S)}")
    except redis.RedisError:
        _asks_again_at = time.monotonic() + PAUSE_S
        return
    if n_asked > limit:
        raise Throttled(wait=WINDOW_S - now % WINDOW_S)


def _add_one(key: str) -> int:
    try:
        return int(cache.incr(key))
    except ValueError:  # nobody was counted yet; or somebody at this instant, which is one too few
        cache.add(key, 1, timeout=2 * WINDOW_S)
        return 1
