"""A Celery application with the product's settings and one task that can be interrupted."""

import time

import redis
from celery import Celery
from django.conf import settings

import ecgreview.celery  # noqa: F401 - what it does in each process of a pool

app = Celery("drill")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {}
# Short here; test_orphaned_tasks_come_back_within_thirty_seconds checks the real timeout.
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 3}


@app.task(name="drill.hold")
def hold() -> None:
    """Increment ``runs``, then stay busy until the key ``release`` exists."""
    with redis.Redis.from_url(settings.REDIS_URL) as board:
        board.incr("runs")
        while not board.exists("release"):
            time.sleep(0.05)
        board.set("done", 1)
