"""``manage.py show_design STUDY``: the balance report of a batch, or a plan preview."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from annotations.management import lookups
from annotations.models import Batch, Study, User
from annotations.sentences.reasons import sentence
from annotations.sentences.refusals import message
from annotations.services.assignment import plan_preview
from ecgreview import design


class Command(BaseCommand):
    """Print the balance report of a batch, or the plan preview of a study."""

    help = (
        "Print the balance report of a batch; without --batch, the plan preview of all exams of"
        " the study. Nothing is saved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("study", help="slug of the study")
        parser.add_argument("--batch", help="name of a batch of the study")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, study: str, batch: str | None, **options: Any) -> None:
        """Print the report."""
        found = lookups.study(study)
        told = _of_batch(found, batch) if batch else _of_study(found)
        if options["json"]:
            self.stdout.write(json.dumps(told, indent=2, sort_keys=True))
            return
        for line in _lines(told):
            self.stdout.write(line)


def _of_batch(study: Study, name: str) -> dict[str, Any]:
    batch = Batch.objects.filter(study=study, name=name).first()
    if batch is None:
        known = ", ".join(study.batches.order_by("pk").values_list("name", flat=True))
        raise CommandError(f"There is no batch {name!r}. Available: {known or 'none'}.")
    return _report(plan_preview.balance_report(batch))


def _of_study(study: Study) -> dict[str, Any]:
    found = plan_preview.preview(study, is_blind=False)
    if found.refusal:
        raise CommandError(message(found.refusal))
    if found.report is None:
        raise CommandError("The study has no exams or no readers. Add them first.")
    told = _report(found.report)
    if found.prediction:
        told["prediction"] = found.prediction.as_dict()
    return told


def _report(found: plan_preview.BalanceReport) -> dict[str, Any]:
    names = dict(
        User.objects.filter(pk__in=found.own.exams_by_reader).values_list("pk", "username")
    )
    return {
        "batch": _named(found.own, names),
        "with_all_before": _named(found.whole, names),
        "order": found.order.as_dict(),
    }


def _named(balance: design.Balance, names: dict[int, str]) -> dict[str, Any]:
    """Return the report with readers by their user names."""
    told = balance.as_dict()
    for key in ("exams_by_reader", "repeats_by_reader", "hours_by_reader"):
        told[key] = {names.get(reader, str(reader)): n for reader, n in told[key].items()}
    return told


def _lines(told: dict[str, Any]) -> list[str]:
    own, whole, order = told["batch"], told["with_all_before"], told["order"]
    n_repeats = sum(own["repeats_by_reader"].values())
    lines = [
        f"{own['n_exams']} exams, {own['n_readings']} readings, {own['hours']:.1f} reader-hours",
        f"exams per reader: {_spread(own['loads'])}; in total: {_spread(whole['loads'])}",
        f"exams shared by two readers: {_spread(whole['pairs'])}",
        f"hidden repeats: {n_repeats}, minimum distance {own['least_washout'] or '-'} positions",
        f"minimum distance, same patient: {own['least_patient_gap'] or '-'} positions",
        f"order similarity between readers: {_chance(order['between_readers'])}",
        f"order similarity with the import order: {_chance(order['with_import'])}",
    ]
    for share, one in told.get("prediction", {}).get("classes", {}).items():
        width = "-" if one["width"] is None else f"{one['width']:.2f}"
        lines.append(
            f"kappa of {share} ({one['expected_positives']:.0f} exams): width {width}"
            f" {sentence(one['reason'])}".rstrip()
        )
    return lines


def _spread(spread: dict[str, Any]) -> str:
    return f"{spread['least']} to {spread['most']}"


def _chance(found: dict[str, Any]) -> str:
    if found["mean"] is None:
        return "too few exams"
    mean, sd, chance = found["mean"], found["sd"], found["expected_sd"]
    return f"mean r {mean:.3f} (SD {sd:.3f}, by chance {chance:.3f})"
