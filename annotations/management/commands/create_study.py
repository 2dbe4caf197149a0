"""``manage.py create_study FILE.yaml --by NAME``: a study from a protocol file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from annotations.models import Dataset, Study, User
from annotations.sentences.refusals import message
from annotations.services.refusals import Refusal
from annotations.services.studies import exam_pool, lifecycle, protocols, roster
from ecgreview import design, protocol
from ecgreview.protocol import InvalidProtocol, Protocol


class Command(BaseCommand):
    help = (
        "Create a study from a protocol file (docs/reference/protocol.md): a draft, or open with"
        " --open. All errors in the file are listed with their lines."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="protocol file (YAML)")
        parser.add_argument("--by", required=True, help="user name of the person who creates it")
        parser.add_argument(
            "--reader", action="append", default=[], help="user name of a reader; can be repeated"
        )
        parser.add_argument("--dataset", help="data set from which exams are drawn")
        parser.add_argument("--exams", type=int, help="number of exams to draw; default: all")
        parser.add_argument(
            "--open", action="store_true", help="freeze the protocol and open the study"
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything, save nothing")

    def handle(self, *, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            with transaction.atomic():
                study = self._make(protocol.load(file), **options)
                self._print_study(study, is_open=options["open"])
                if dry_run:
                    self.stdout.write("Dry run: nothing was saved.")
                    transaction.set_rollback(True)
        except InvalidProtocol as refusal:
            problems = "\n".join(f"  {problem}" for problem in refusal.problems)
            raise CommandError(f"{file.name} cannot be used:\n{problems}") from refusal
        except (Refusal, design.QuotaUnmet) as refusal:
            raise CommandError(message(refusal)) from refusal

    def _make(self, requested: Protocol, *, by: str, **options: Any) -> Study:
        now, actor = timezone.now(), _person(by)
        study = lifecycle.create(protocol=requested, created_by=actor, now=now)
        readers = [_person(name) for name in options["reader"]]
        if readers:
            roster.join(study=study, readers=readers, actor=actor, now=now)
        if options["dataset"]:
            request = exam_pool.DrawRequest(_dataset(options["dataset"]), options["exams"])
            exam_pool.draw(study=study, request=request, actor=actor, now=now)
        if options["open"]:
            return lifecycle.open_study(study_id=study.pk, actor=actor, now=now)
        return study

    def _print_study(self, study: Study, *, is_open: bool) -> None:
        current = protocols.protocol_of(study)
        self.stdout.write(f"{study.name}: /studies/{study.slug}/, {study.phase}")
        self.stdout.write(f"protocol {protocol.digest(protocols.without_seed(current))}")
        self.stdout.write(f"{study.readers.count()} readers, {study.pool.count()} exams")
        if is_open and study.pool.exists():
            self.stdout.write(f"Next: manage.py plan_batch {study.slug} --name 'Batch 1' --by NAME")


def _person(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no user {username!r}.")
    return user


def _dataset(name: str) -> Dataset:
    dataset = Dataset.objects.filter(name=name).first()
    if dataset is None:
        names = ", ".join(Dataset.objects.order_by("name").values_list("name", flat=True))
        raise CommandError(f"There is no data set {name!r}. Available: {names or 'none'}.")
    return dataset
