"""gunicorn's configuration: ``gunicorn -c python:ecgreview.gunicorn``."""

import os
from pathlib import Path

from ecgreview import env
from ecgreview.deadline import Application, WithDeadline

DEFAULTS = {
    "DATABASE_POOL": "1",  # measured: about ten times the requests per second without it
    "STATEMENT_TIMEOUT_MS": "5000",
    "BROKER_TIMEOUT_S": "1",  # a silent broker costs a submission two of these at most
}

wsgi_app = "ecgreview.gunicorn:application()"
bind = f"{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', 8000, minimum=1, maximum=65535)}"
worker_class = "gthread"
workers = env.integer("WEB_WORKERS", 2, minimum=1)
threads = env.integer("WEB_THREADS", 4, minimum=1)
raw_env = [f"{name}={value}" for name, value in DEFAULTS.items() if name not in os.environ]
preload_app = False  # a connection pool must not be inherited by a fork
timeout = 90  # the first imports on a loaded machine; requests have a deadline of their own
graceful_timeout = 10
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
errorlog = "-"
loglevel = "warning"
control_socket_disable = True  # it would write into the home directory
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's heartbeat


def application() -> Application:
    """Return the WSGI application with a deadline, made in each worker."""
    from ecgreview.wsgi import application as site

    return WithDeadline(site, env.integer("REQUEST_DEADLINE_S", 10, minimum=1))
