"""The Django app. Celery is loaded here, because importing ``ecgreview`` has no side effects."""

from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"
    verbose_name = "ECG Review"

    def ready(self) -> None:
        """Bind shared tasks to this project's Celery application."""
        from ecgreview import celery

        celery.app.set_current()
