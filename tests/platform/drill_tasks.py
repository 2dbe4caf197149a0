"""A Celery application with the product's settings and one task that can be interrupted."""

import time

import redis
from celery import Celery
from django.conf import settings

import ecgreview.celery  # noqa: F401 - what it does in each process of a pool

app = Celery("drill")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {}
# The drill shows the mechanism; test_orphaned_tasks_come_back_in_time does the sum.
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 3}


@app.task(name="drill.hold")
def hold() -> None:
    """Count one more run; stay busy until the key ``release`` exists."""
    with redis.Redis.from_url(settings.REDIS_URL) as board:
        board.incr("runs")
        while not board.exists("release"):
            time.sleep(0.05)
        board.set("done", 1)
