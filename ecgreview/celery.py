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
    """Kill each pool process when its worker dies, so that none keeps running.

    The broker redelivers the interrupted task.
    """
    leash.tie(signal.SIGKILL)
