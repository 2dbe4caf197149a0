"""The Django app. It loads Celery here, because importing the domain must start nothing."""

from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    """Registers the app and loads the Celery application that its tasks belong to."""

    name = "annotations"
    verbose_name = "ECG Review"

    def ready(self) -> None:
        """Bind shared tasks to this project's Celery application."""
        from ecgreview import celery

        celery.app.set_current()
