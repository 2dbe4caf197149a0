"""Health checks: whether the process is alive, and whether it can work."""

from __future__ import annotations

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

BROKER_TIMEOUT_S = 1

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def livez(_request: HttpRequest) -> HttpResponse:
    """Answer without asking any service: restarting us would not cure a dead database."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Return whether requests can be answered, 503 if not; the log has the reason.

    Anybody may ask, so the answer does not name the part that is down.
    """
    answers = {name: _try(check) for name, check in CHECKS.items()}
    wrong = [f"{name} {answer}" for name, answer in answers.items() if answer != "ok"]
    if wrong:
        logger.error("not ready: %s", ", ".join(wrong))
        return HttpResponse("not ready\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied" if missing else "ok"


def _broker() -> str:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=BROKER_TIMEOUT_S,
        socket_connect_timeout=BROKER_TIMEOUT_S,
    )
    with client:
        client.ping()
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
}


def _try(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, redis.RedisError):
        return "unreachable"
