"""``manage.py score_predictions STUDY TEAM FILE``: score predictions of embargoed labels."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.models import ScoredPredictions, ScoringTeam, Study
from annotations.models.scoring import DEFAULT_ATTEMPTS
from annotations.sentences import predictions
from annotations.sentences.reasons import sentence
from annotations.sentences.refusals import message
from annotations.services.refusals import Refusal
from annotations.services.scoring import attempts, teams
from ecgreview.scoring.predictions import UnreadablePredictions


class Command(BaseCommand):
    help = (
        "Score a team's predictions against the embargoed labels of a data release, per class, and"
        " print the scores. The file counts as an attempt of the team, unless it cannot be scored"
        " or was scored before. With --new-team, create the team and print its token instead."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of the study, such as morning-list")
        parser.add_argument("team", help="name of the team")
        parser.add_argument(
            "file", nargs="?", type=Path,
            help="CSV, plain or .gz: exam, then a column per class with probabilities",
        )  # fmt: skip
        parser.add_argument("--release", default="", help="version, such as 1.0")
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument("--new-team", action="store_true", help="create the team")
        parser.add_argument(
            "--attempts", type=int, default=DEFAULT_ATTEMPTS,
            help=f"attempts of a new team; {DEFAULT_ATTEMPTS} by default",
        )  # fmt: skip

    def handle(
        self, *, study: str, team: str, file: Path | None, new_team: bool, **options: Any
    ) -> None:
        row = lookups.study(study)
        if new_team == (file is not None):
            raise CommandError("Give a file with predictions, or --new-team.")
        try:
            if file is None:
                self._create(row, team, options["attempts"])
                return
            attempt, _is_new = attempts.score(
                team=_team(row, team),
                content=file.read_bytes(),
                actor=None,
                now=timezone.now(),
                version=options["release"],
            )
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except UnreadablePredictions as refusal:
            raise CommandError("\n".join(map(predictions.sentence, refusal.problems))) from refusal
        except Refusal as refusal:
            raise CommandError(message(refusal)) from refusal
        if options["format"] == "json":
            self.stdout.write(json.dumps(attempt.scores, indent=1))
        else:
            self._print(attempt)

    def _create(self, study: Study, name: str, max_attempts: int) -> None:
        now = timezone.now()
        _, token = teams.create(
            study=study, name=name, max_attempts=max_attempts, actor=None, now=now
        )
        self.stdout.write(token)
        self.stderr.write("Give this token to the team. It cannot be shown again.")

    def _print(self, attempt: ScoredPredictions) -> None:
        team, scores = attempt.team, attempt.scores
        head = f"attempt {attempt.number} of {team.max_attempts}, version {attempt.release.version}"
        self.stdout.write(f"{team.name}: {head}")
        names = ("auroc", "average_precision", "sensitivity", "specificity", "f1")
        self.stdout.write("".join(f"{name:>24}" for name in ("", *names)))
        for code, line in scores["classes"].items():
            if line["auroc"]["estimate"] is None:
                self.stdout.write(f"{code[:40]:<42}{sentence(line['auroc']['reason'])}")
            else:
                cells = "".join(f"{_cell(line[name]):>24}" for name in names)
                self.stdout.write(f"{code[:24]:<24}{cells}")
        means = "".join(f"{_cell(scores['macro'][name]):>24}" for name in names[:2])
        self.stdout.write(f"{'mean of scored classes':<24}{means}")


def _team(study: Study, name: str) -> ScoringTeam:
    for team in teams.of_study(study):
        if team.name.lower() == name.lower():
            return team
    raise CommandError(f"The study has no team {name}. Create it with --new-team.")


def _cell(measure: dict[str, Any]) -> str:
    if measure["estimate"] is None:
        return "-"
    if measure["low"] is None:
        return f"{measure['estimate']:.3f}"
    return f"{measure['estimate']:.3f} ({measure['low']:.3f}-{measure['high']:.3f})"
