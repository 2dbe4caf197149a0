"""``manage.py change_dataset NAME``: record the license and the citation of a data set."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.models import Dataset
from annotations.services.exams import datasets
from ecgreview.release import licences

MAX_LICENCE = Dataset._meta.get_field("licence").max_length or 0


class Command(BaseCommand):
    help = (
        "State the license and the citation of a data set, and whether data releases may contain"
        " the names of its exams. Without options, print what is stated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the data set")
        parser.add_argument("--licence", help="SPDX identifier, such as CC-BY-4.0")
        parser.add_argument("--citation", help="how its authors want to be cited")
        parser.add_argument(
            "--source-keys",
            choices=["yes", "no"],
            help="whether releases contain the names of exams instead of a keyed hash",
        )

    def handle(self, *, name: str, **options: Any) -> None:
        dataset = Dataset.objects.filter(name=name).first()
        if dataset is None:
            names = ", ".join(Dataset.objects.order_by("name").values_list("name", flat=True))
            raise CommandError(f"There is no data set {name!r}. Available: {names or 'none'}.")
        given = {
            "licence": options["licence"],
            "attribution": options["citation"],
            "allows_source_keys": {"yes": True, "no": False}.get(options["source_keys"]),
        }
        stated = {field: value for field, value in given.items() if value is not None}
        if len(stated.get("licence", "")) > MAX_LICENCE:
            raise CommandError(f"A license has at most {MAX_LICENCE} characters.")
        dataset = datasets.change(dataset=dataset, actor=None, now=timezone.now(), **stated)
        self.stdout.write(f"license: {dataset.licence or 'not stated'}")
        self.stdout.write(f"citation: {dataset.attribution or 'not stated'}")
        allowed = "yes" if dataset.allows_source_keys else "no"
        self.stdout.write(f"source keys in releases: {allowed}")
        if dataset.licence and not licences.identifier(dataset.licence):
            self.stderr.write(
                "Data releases do not know this license, so they leave out the signals of the data"
                f" set. Known: {', '.join(licences.REDISTRIBUTION)}."
            )
