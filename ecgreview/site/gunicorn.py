"""gunicorn's configuration: ``gunicorn -c python:ecgreview.site.gunicorn``."""

import os
from pathlib import Path

from ecgreview.serving.application import Buffered
from ecgreview.site import env
from ecgreview.site.deadline import Application, WithDeadline

DEFAULTS = {
    "DATABASE_POOL": "1",  # measured: about ten times as many requests per second as without a pool
    "STATEMENT_TIMEOUT_MS": "5000",
    "BROKER_TIMEOUT_S": "1",  # a silent broker delays a submission by at most twice this time
}

wsgi_app = "ecgreview.site.gunicorn:application()"
bind = f"{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', 8000, minimum=1, maximum=65535)}"
worker_class = "ecgreview.serving.worker.Worker"
worker_connections = 800  # per process; a process may usually open 1,024 files
workers = env.integer("WEB_WORKERS", 2, minimum=1)
raw_env = [f"{name}={value}" for name, value in DEFAULTS.items() if name not in os.environ]
# Everything is imported once, before the first worker starts, so no request waits for an import,
# and a new worker can serve immediately. No connection is opened, because forks would share it.
preload_app = True
asgi_lifespan = "on"
timeout = 90  # for the event loop, which never blocks; requests have their own deadline
graceful_timeout = 10
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
errorlog = "-"
loglevel = "warning"
control_socket_disable = True  # its socket would be in the home directory
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's heartbeat


def application() -> Buffered:
    """Import everything before the workers are forked, and return the application they run."""
    from ecgreview.serving import preloading
    from ecgreview.wsgi import application as site

    preloading.import_everything()
    deadline_s = env.integer("REQUEST_DEADLINE_S", 10, minimum=1)

    def in_this_process() -> Application:
        return WithDeadline(site, deadline_s)

    return Buffered(in_this_process, env.integer("WEB_THREADS", 4, minimum=1))
