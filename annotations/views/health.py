"""Health checks: whether the process is alive, and whether it can serve requests."""

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
    """Respond without checking any service: a restart would not fix a database that is down."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Respond with 200 if requests can be served, otherwise with 503. The log has the reason.

    The response does not name the failing part, because anybody can request it.
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
