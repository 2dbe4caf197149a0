"""The Celery application: JSON only, one broker, no result backend."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from ecgreview.local_services import leash

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecgreview.settings")

app = Celery("ecgreview")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def end_with_the_worker(**_: Any) -> None:
    """Tie each process of the pool to its worker, so that a killed worker leaves none behind.

    Its task is delivered again, as after any kill.
    """
    leash.tie(signal.SIGKILL)
