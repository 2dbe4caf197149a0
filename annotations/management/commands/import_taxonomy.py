"""``manage.py import_taxonomy``: install a list of classes, or the next version of one."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from annotations.management import lists
from annotations.models import Taxonomy
from annotations.sentences.refusals import message
from annotations.services.taxonomy import mappings, versions
from ecgreview import taxonomy as published
from ecgreview.taxonomy import BadMapping, BadTaxonomy, diff


class Command(BaseCommand):
    help = (
        "Install a list of classes from a YAML or CSV file and, with --from, say how readings made "
        "with an installed version are carried over. Readings keep the version they were made "
        "with. If anything is wrong, all errors are listed with their lines and nothing is stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="list of classes (.yaml or .csv)")
        parser.add_argument("--name", default="", help="name of the list, for a CSV file")
        parser.add_argument(
            "--version-name", default="", help="name of this version, for a CSV file"
        )
        parser.add_argument("--from", dest="old", help="installed version, as 'name version'")
        parser.add_argument(
            "--mapping", type=Path, help="mapping from the old classes (.yaml or .csv)"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check and compare, save nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            new = lists.read_list(options["file"], options["name"], options["version_name"])
            old = lists.installed(options["old"]) if options["old"] else None
            if old:
                for line in diff(mappings.as_published(old), new).lines():
                    self.stdout.write(line)
            with transaction.atomic():
                self._install(new, old, options["mapping"])
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except (BadTaxonomy, BadMapping) as refusal:
            raise CommandError(str(refusal)) from refusal
        except mappings.MappingExists as refusal:
            raise CommandError(message(refusal)) from refusal
        done = "can be installed" if options["dry_run"] else "installed"
        self.stdout.write(f"{new.name} {new.version}: {len(new.classes)} classes, {done}")

    def _install(self, new: published.Taxonomy, old: Taxonomy | None, mapping: Path | None) -> None:
        now = timezone.now()
        row = versions.install(taxonomy=new, now=now)
        if old and old.pk != row.pk:
            changes = lists.read_mapping(mapping, mappings.as_published(old), new)
            mappings.install(old=old, new=row, mapping=changes, actor=None, now=now)
