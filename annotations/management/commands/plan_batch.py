"""``manage.py plan_batch STUDY --name NAME --by NAME``: plan batches of unassigned exams."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from annotations.management import lookups
from annotations.models import Batch, Study, User
from annotations.sentences.refusals import message
from annotations.services.assignment import batches, plan_preview, plans
from annotations.services.refusals import Refusal
from ecgreview.design import DesignRefused


class Command(BaseCommand):
    help = (
        "Assign the unassigned exams of an open study to its readers, in one or more batches."
        " Readers cannot see a batch before its release; --release releases it now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of the study")
        parser.add_argument(
            "--name", required=True, help="name of the batch; a trailing number is incremented"
        )
        parser.add_argument("--by", required=True, help="user name of the planner")
        parser.add_argument("--exams", type=int, help="number of exams; default: all unassigned")
        parser.add_argument("--batches", type=int, default=1, help="number of batches; default: 1")
        parser.add_argument("--due", type=_day, help="due date, such as 2026-05-31")
        parser.add_argument("--release", action="store_true", help="release to the readers now")
        parser.add_argument("--dry-run", action="store_true", help="check everything, save nothing")

    def handle(self, *, study: str, by: str, dry_run: bool, **options: Any) -> None:
        study_row = lookups.study(study)
        actor = User.objects.filter(username=by).first()
        if actor is None:
            raise CommandError(f"There is no user {by!r}.")
        try:
            with transaction.atomic():
                for batch in self._plan(study_row, actor, options):
                    self._print_batch(batch)
                if dry_run:
                    self.stdout.write("Dry run: nothing was saved.")
                    transaction.set_rollback(True)
        except (Refusal, DesignRefused) as refusal:
            raise CommandError(message(refusal)) from refusal

    def _plan(self, study: Study, actor: User, options: dict[str, Any]) -> list[Batch]:
        planned = plans.plan(
            study=study,
            name=options["name"],
            n_exams=options["exams"],
            n_batches=options["batches"],
            due_on=options["due"],
            created_by=actor,
            now=timezone.now(),
        )
        if options["release"]:
            return [
                batches.release(batch_id=batch.pk, actor=actor, now=timezone.now())
                for batch in planned
            ]
        return planned

    def _print_batch(self, batch: Batch) -> None:
        report = plan_preview.balance_report(batch)
        state = "released" if batch.is_released else "planned"
        loads = report.whole.loads
        self.stdout.write(
            f"{batch.name}: {state}, /batches/{batch.pk}/, {report.own.n_exams} exams,"
            f" {report.own.n_readings} readings, {report.own.hours:.1f} reader-hours;"
            f" {loads.least} to {loads.most} exams per reader in total"
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a date. Write it as 2026-05-31.") from error
