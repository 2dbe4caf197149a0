"""The task queue with a dead broker and with killed workers."""

import os
import socket
import subprocess
import sys

import psutil
import pytest
import redis
from django.conf import settings

from ecgreview import local_services
from ecgreview.celery import app
from ecgreview.local_services import service
from ecgreview.local_services.places import REPOSITORY
from ecgreview.local_services.site import QUIET_WORKER
from tests.platform.processes import DEADLINE_SECONDS, eventually

PUBLISH = """
import os, sys
import django
django.setup()
from kombu.exceptions import OperationalError
from tests.platform.drill_tasks import hold
try:
    hold.delay()
except OperationalError:
    sys.exit(7)
"""
REFUSED = 7


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    with local_services.running(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def board(services):
    with redis.Redis.from_url(services.redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def worker(services, tmp_path):
    """Start workers of the test application; they are killed afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            command = ["-m", "celery", "-A", "tests.platform.drill_tasks", "worker", "-c", "1"]
            process = subprocess.Popen(
                [sys.executable, *command, "--loglevel=INFO", *QUIET_WORKER],
                cwd=REPOSITORY, env=environment(services.redis_url), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def environment(redis_url: str) -> dict[str, str]:
    return {**os.environ, "REDIS_URL": redis_url, "DJANGO_SETTINGS_MODULE": "ecgreview.settings"}


def of_web_server(redis_url: str) -> dict[str, str]:
    """Return the environment of a process that only publishes, like the web server."""
    return {**environment(redis_url), "BROKER_TIMEOUT_S": "1"}


def publisher(redis_url: str) -> subprocess.Popen[bytes]:
    """Start a process that publishes one task."""
    command = [sys.executable, "-c", PUBLISH]
    return subprocess.Popen(command, cwd=REPOSITORY, env=of_web_server(redis_url))


def publish(redis_url: str) -> int:
    return publisher(redis_url).wait(DEADLINE_SECONDS)


def test_a_killed_worker_leaves_no_process_and_its_task_goes_to_the_next(services, board, worker):
    first = worker()
    assert publish(services.redis_url) == 0
    assert eventually(lambda: board.get("runs") == b"1")
    pool = psutil.Process(first.pid).children()
    first.kill()
    first.wait()
    assert len(pool) == 1
    assert eventually(lambda: service.living(pool[0].pid) is None)
    worker()
    assert eventually(lambda: board.get("runs") == b"2")
    board.set("release", 1)
    assert eventually(lambda: board.exists("done") == 1)


def test_large_or_old_worker_processes_are_replaced():
    assert app.conf.worker_max_memory_per_child <= 400_000
    assert app.conf.worker_max_tasks_per_child


def test_publishing_fails_when_the_broker_is_dead_or_silent():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ports = [service._free_port(), silent.getsockname()[1]]
        started = [publisher(f"redis://:password@127.0.0.1:{port}/0") for port in ports]
        assert [process.wait(DEADLINE_SECONDS) for process in started] == [REFUSED, REFUSED]


def test_only_json_is_accepted():
    assert app.conf.accept_content == ["json"]


def test_the_task_time_limit_is_below_the_visibility_timeout():
    """Otherwise a task that is still running would be delivered to a second worker."""
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]


def test_orphaned_tasks_come_back_within_thirty_seconds():
    options = app.conf.broker_transport_options
    sweep = options["unacked_restore_interval"] * options["unacked_restore_throttle"]
    assert options["visibility_timeout"] + sweep <= 30


def test_tasks_are_acknowledged_when_they_are_done():
    assert (app.conf.task_acks_late, app.conf.task_reject_on_worker_lost) == (True, True)


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= set(app.tasks)
