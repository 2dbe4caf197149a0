"""A Celery application with the site's settings and one task that runs until it is released."""

import time

import redis
from celery import Celery
from django.conf import settings

import ecgreview.celery  # noqa: F401 - connects its handler for new pool processes

app = Celery("drill")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {}
# Short here; test_orphaned_tasks_come_back_within_thirty_seconds checks the real timeout.
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 3}


@app.task(name="drill.hold")
def hold() -> None:
    """Increment the key ``runs``, wait until the key ``release`` exists, then set ``done``."""
    with redis.Redis.from_url(settings.REDIS_URL) as board:
        board.incr("runs")
        while not board.exists("release"):
            time.sleep(0.05)
        board.set("done", 1)
