"""``manage.py prepare_demo``: people, synthetic exams and a study to try out."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.models import ImportRun
from annotations.sentences import imports
from annotations.sentences.refusals import message
from annotations.services.demo import seed
from annotations.services.imports import recordings


class Command(BaseCommand):
    help = "Prepare the demo study, and a batch of your own recordings if you name a folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, help="folder of recordings to import too")

    def handle(self, *, data: Path | None, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo runs only with ECGREVIEW_DEMO=1, to protect real data.")
        seed.prepare(now=timezone.now())
        if data is None:
            return
        try:
            self._print_run(seed.add_recordings(data_dir=data, now=timezone.now()))
        except recordings.NothingToImport as refusal:
            raise CommandError(message(refusal)) from refusal

    def _print_run(self, run: ImportRun) -> None:
        for issue in run.issues.filter(is_refusal=True).order_by("pk"):
            explained = imports.of_issue(issue)
            self.stderr.write(f"{issue.file}: {explained.reason} {explained.hint}")
        self.stdout.write(
            f"{run.n_imported} of your recordings imported, {run.n_known} already known,"
            f" {run.n_refused} refused."
        )
