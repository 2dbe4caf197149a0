"""``manage.py import_exams PATH --dataset NAME``: import recordings as exams."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from annotations.management import stated
from annotations.models import Dataset
from annotations.sentences import imports
from annotations.sentences.refusals import message
from annotations.services.exams import datasets
from annotations.services.imports import recordings
from annotations.services.taxonomy import versions
from annotations.tasks import compute_suggestions, nudge

SOME_REFUSED = 1
NOTHING_IMPORTABLE = 2
PROGRESS_STEP_PERCENT = 10


class Command(BaseCommand):
    help = (
        "Import every WFDB record and CODE-style HDF5 file at or below PATH. Exit code 0:"
        " success; 1: some files were refused (reasons are printed); 2: nothing was imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="folder, .hea file or .hdf5 file")
        parser.add_argument("--dataset", required=True, help="name of the data set")
        parser.add_argument("--dry-run", action="store_true", help="check everything, save nothing")
        stated.add_arguments(parser)

    def handle(self, *, path: Path, dataset: str, dry_run: bool, **options: Any) -> None:
        """Exit with one of the codes that ``help`` explains."""
        facts = stated.facts(options)
        if not dataset.strip():
            raise CommandError("Give the name of the data set: --dataset NAME", returncode=2)
        try:
            refused = self._preview(path, dataset) if dry_run else self._import(path, dataset)
        except recordings.NothingToImport as refusal:
            raise CommandError(message(refusal), returncode=NOTHING_IMPORTABLE) from refusal
        if not dry_run:
            self._state(dataset, facts)
        if refused:
            sys.exit(refused)

    def _state(self, name: str, facts: Mapping[str, str]) -> None:
        """Store license and citation, or ask for the license if it is not stated."""
        dataset = Dataset.objects.filter(name=name).first()
        if dataset is None:
            return  # every file was refused
        dataset = datasets.change(dataset=dataset, actor=None, now=timezone.now(), **facts)
        if hint := stated.hint(dataset):
            self.stdout.write(hint)

    def _import(self, path: Path, dataset: str) -> int:
        """Import ``path`` and return the exit code."""
        versions.install(now=timezone.now())
        with self._progress() as progress:
            run = recordings.import_path(
                path=path,
                dataset_name=dataset,
                started_by=None,
                now=timezone.now(),
                progress=progress,
            )
        nudge(compute_suggestions)
        for issue in run.issues.filter(is_refusal=True).order_by("pk"):
            self._print_refusal(issue.file, imports.of_issue(issue))
        self.stdout.write(
            f"{run.n_imported} imported, {run.n_known} already known, {run.n_refused} refused."
        )
        if run.n_duplicates:
            self.stdout.write(
                f"{run.n_duplicates} of them are copies of recordings at another rate, gain or"
                f" name: {run.n_imported - run.n_duplicates} recordings, each drawn once by a"
                " study."
            )
        return _code(run.n_refused, run.n_imported + run.n_known)

    def _preview(self, path: Path, dataset: str) -> int:
        """Print what importing ``path`` would do, and return the exit code it would have."""
        with self._progress() as progress:
            result = recordings.preview(path=path, dataset_name=dataset, progress=progress)
        refusals = [refusal for refusal in result.refusals if not refusal.is_expected]
        for refusal in refusals:
            explained = imports.of_refusal(refusal.code, refusal.details)
            self._print_refusal(refusal.file, explained)
        self.stdout.write(
            f"Dry run, nothing was saved: {result.n_new} would be imported,"
            f" {result.n_known} already known, {len(refusals)} would be refused."
        )
        return _code(len(refusals), result.n_new + result.n_known)

    def _print_refusal(self, file: str, explained: imports.Explanation) -> None:
        line = f"{file}: {explained.reason} {explained.hint}"
        # File names may contain bytes that are not valid Unicode.
        self.stderr.write(line.encode("utf-8", "backslashreplace").decode())

    @contextmanager
    def _progress(self) -> Iterator[recordings.Progress]:
        """Show a bar on a terminal; otherwise print a line for every tenth of the files."""
        console = Console(stderr=True)
        if not console.is_terminal:
            yield _Lines(self)
            return
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("importing")
            yield lambda done, of: bar.update(task, completed=done, total=of)


class _Lines:
    """Prints progress as lines, for logs."""

    def __init__(self, command: BaseCommand) -> None:
        self.command = command
        self.next_percent = PROGRESS_STEP_PERCENT

    def __call__(self, done: int, of: int) -> None:
        percent = 100 * done // of
        if percent >= self.next_percent:
            self.command.stdout.write(f"{done} of {of} files ({percent}%)")
            self.next_percent = percent - percent % PROGRESS_STEP_PERCENT + PROGRESS_STEP_PERCENT


def _code(n_refused: int, n_fine: int) -> int:
    if not n_refused:
        return 0
    return SOME_REFUSED if n_fine else NOTHING_IMPORTABLE
