"""``manage.py import_readings --format codetest --study NAME DIR``: import published readings."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.sentences.refusals import message
from annotations.services.imports import readings as imports_readings
from annotations.services.imports.readings import Imported
from annotations.services.refusals import Refusal
from annotations.tasks import compute_consensus, nudge, refresh_agreement
from ecgreview import published_readings
from ecgreview.protocol import InvalidProtocol
from ecgreview.published_readings import (
    BadReadings,
    Kind,
    PatientTable,
    Readings,
    TwoKinds,
    UnknownReader,
)

FORMATS = ("codetest",)


class Command(BaseCommand):
    help = (
        "Import readings that were published, so that their readers can be compared. DIR holds a"
        " CSV file for each reader, named for them, such as cardiologist1.csv: the columns"
        f" {', '.join(published_readings.CLASSES)}, and a row of 0 and 1 for each exam, in the"
        " same order in all files. If any row is wrong, nothing is stored. Importing the"
        " same files again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="folder of CSV files")
        parser.add_argument("--format", choices=FORMATS, required=True, help="format of the files")
        parser.add_argument(
            "--study", required=True, help="name of the study: new, or created by an earlier import"
        )
        for kind, text in KINDS.items():
            parser.add_argument(
                f"--{kind}", action="append", default=[], metavar="NAME", dest=kind.value, help=text
            )
        parser.add_argument("--by", help="user name of the importer, for the audit trail")

    def handle(self, *, directory: Path, study: str, by: str | None, **options: Any) -> None:
        actor = lookups.people([by])[0] if by else None
        try:
            readings = published_readings.read(directory)
            stated = {kind: options[kind.value] for kind in KINDS}
            done = imports_readings.store(
                name=study, readings=readings, actor=actor, stated=stated, now=timezone.now()
            )
        except BadReadings as refusal:
            raise CommandError(f"Nothing was imported.\n{refusal}") from refusal
        except (Refusal, InvalidProtocol, TwoKinds, UnknownReader) as refusal:
            raise CommandError(message(refusal)) from refusal
        nudge(refresh_agreement)
        nudge(compute_consensus)
        self._report(done, readings, {name for names in stated.values() for name in names})

    def _report(self, done: Imported, readings: Readings, stated: Collection[str]) -> None:
        self.stdout.write(f"{done.study.name}: /studies/{done.study.slug}/")
        if done.new:
            self.stdout.write(
                f"{readings.n_exams} exams read by {_named(done.new, done)}: imported."
            )
        if same := [name for name in done.known if name not in done.changed]:
            self.stdout.write(f"{_named(same, done)}: imported before, nothing changed.")
        for name in done.changed:
            self.stdout.write(f"{name} is now a {done.kinds[name]}.")
        if assumed := [
            name for name in done.new if done.kinds[name] != Kind.PERSON and name not in stated
        ]:
            self.stdout.write(
                f"Recognized by name: {_named(assumed, done)}. Models and references are compared"
                " with people, and do not vote. If one is a person, use --person NAME."
            )
        if readings.patients:
            self.stdout.write(_of_patients(readings.patients, readings.n_exams, done))


def _named(names: Sequence[str], done: Imported) -> str:
    """Return the names. Models and references are marked as such."""
    return ", ".join(
        name if done.kinds[name] == Kind.PERSON else f"{name} ({done.kinds[name]})"
        for name in names
    )


def _of_patients(table: PatientTable, n_exams: int, done: Imported) -> str:
    """Return sentences about the patient table and what was used from it."""
    head = "Found a patient table."
    if done.are_patients_used:
        used = ", ".join(table.used) or "none"
        return f"{head} Columns used: {used}."
    if table.n_exams != n_exams:
        return f"{head} It was not used: {n_exams} exams need as many rows, not {table.n_exams}."
    return f"{head} It was not used: the exams are already stored."


KINDS: dict[Kind, str] = {
    Kind.REFERENCE: "name of a file whose reader is the reference; can be repeated",
    Kind.MODEL: "name of a file whose reader is a model; can be repeated",
    Kind.PERSON: "name of a file whose reader is a person, whatever it suggests; can be repeated",
}
