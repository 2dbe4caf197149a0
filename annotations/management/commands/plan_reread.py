"""``manage.py plan_reread``: plan rereadings of exams with a class that was split."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.models import User
from annotations.sentences.refusals import message
from annotations.services.consensus import rereads
from annotations.services.refusals import Refusal


class Command(BaseCommand):
    help = (
        "After a study was amended to a new version of the classes, plan a batch in which each "
        "reader rereads only their own exams with a class that was split. A coordinator releases "
        "the batch."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of the study")
        parser.add_argument("--name", default="Read again", help="name of the batch")
        parser.add_argument("--as", dest="username", required=True, help="user name of the planner")
        parser.add_argument("--dry-run", action="store_true", help="only print the numbers")

    def handle(self, *args: Any, **options: Any) -> None:
        study = lookups.study(options["study"])
        try:
            if options["dry_run"]:
                self._print_queue(rereads.queue(study))
                return
            batch = rereads.make(
                study=study, name=options["name"], now=timezone.now(),
                created_by=User.objects.get(username=options["username"]),
            )  # fmt: skip
        except User.DoesNotExist as error:
            raise CommandError(f"There is no user {options['username']!r}.") from error
        except Refusal as refusal:
            raise CommandError(message(refusal)) from refusal
        self.stdout.write(f"{batch.name}: {batch.assignments.count()} readings, not yet released")

    def _print_queue(self, queue: dict[int, list[int]]) -> None:
        n_exams = len({exam for exams in queue.values() for exam in exams})
        n_readings = sum(map(len, queue.values()))
        self.stdout.write(f"{n_readings} readings of {n_exams} exams by {len(queue)} readers")
