"""``manage.py export_audit FILE``: the audit trail as a file that can be verified offline."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.services.audit import browse
from annotations.services.audit.browse import EventFilter, Format


class Command(BaseCommand):
    help = "Write the audit trail as CSV or JSON Lines; python -m ecgreview.hash_chain verifies it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="output file, ending in .csv or .jsonl")
        parser.add_argument(
            "--study", default="", help="only this study (slug, such as morning-list)"
        )
        parser.add_argument("--since", type=_day, metavar="DATE", help="first day to include")
        parser.add_argument("--until", type=_day, metavar="DATE", help="last day to include")

    def handle(self, *, file: Path, study: str, **options: Any) -> None:
        """Write to a temporary name, so that ``file`` never exists incomplete."""
        kind = file.suffix.removeprefix(".")
        if kind not in Format.values:
            raise CommandError(f"The name of {file} must end in .csv or .jsonl.")
        if study:
            lookups.study(study)
        event_filter = EventFilter(study=study, since=options["since"], until=options["until"])
        partial = file.with_name(f".{file.name}.partial")
        try:
            with partial.open("wb") as opened:
                exported = browse.export(
                    file=opened,
                    kind=Format(kind),
                    actor=None,
                    event_filter=event_filter,
                    now=timezone.now(),
                )
            partial.replace(file)
        except OSError as error:
            raise CommandError(f"Cannot write {file}: {error.strerror}.") from error
        self.stdout.write(f"{exported.n_events} events, SHA-256 {exported.digest}")
        if exported.head:
            self.stdout.write(f"Head to record: {exported.head}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is not a date. Write it as 2026-03-02."
        raise ArgumentTypeError(message) from error
