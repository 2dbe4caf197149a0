"""The Celery application: JSON only, one broker, no result backend."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecgreview.settings")

app = Celery("ecgreview")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
