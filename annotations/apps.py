"""The app: importing the domain starts nothing, so Celery is hooked in here."""

from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    """Register the app and load the Celery application that its tasks belong to."""

    name = "annotations"
    verbose_name = "ECG Review"

    def ready(self) -> None:
        """Bind shared tasks to this project's Celery application."""
        from ecgreview import celery

        celery.app.set_current()
