"""``manage.py install_taxonomy``: the list of classes this version comes with."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from annotations.services.taxonomy import mappings


class Command(BaseCommand):
    """Install the product's own taxonomy; again, it changes nothing."""

    help = (
        "Install the list of classes that comes with this version, unless it is installed, and the"
        " mapping from the previous version."
    )

    def handle(self, **options: Any) -> None:
        """Install it and say which it is."""
        taxonomy = mappings.install_built_in(now=timezone.now())
        self.stdout.write(f"{taxonomy}: {taxonomy.classes.count()} classes")
