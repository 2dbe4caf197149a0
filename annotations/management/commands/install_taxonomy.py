"""``manage.py install_taxonomy``: install the built-in list of classes."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from annotations.services.taxonomy import mappings


class Command(BaseCommand):
    help = (
        "Install the list of classes that comes with this version, unless it is installed, and the"
        " mapping from the previous version."
    )

    def handle(self, **options: Any) -> None:
        taxonomy = mappings.install_built_in(now=timezone.now())
        self.stdout.write(f"{taxonomy}: {taxonomy.classes.count()} classes")
