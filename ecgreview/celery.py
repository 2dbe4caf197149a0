"""The Celery application: JSON messages, one broker, no result backend."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from ecgreview.local_services import exec_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecgreview.settings")

app = Celery("ecgreview")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def end_with_the_worker(**_: Any) -> None:
    """On Linux, have the kernel kill each pool process when the main process of its worker dies.

    Otherwise the process would keep running the task while the broker redelivers it.
    """
    exec_with_parent.die_with_parent(signal.SIGKILL)
