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
    help = (
        "Print the balance report of a batch; without --batch, the plan preview of all exams of"
        " the study. Nothing is saved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of the study")
        parser.add_argument("--batch", help="name of a batch of the study")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, study: str, batch: str | None, **options: Any) -> None:
        study_row = lookups.study(study)
        facts = _of_batch(study_row, batch) if batch else _of_study(study_row)
        if options["json"]:
            self.stdout.write(json.dumps(facts, indent=2, sort_keys=True))
            return
        for line in _lines(facts):
            self.stdout.write(line)


def _of_batch(study: Study, name: str) -> dict[str, Any]:
    batch = Batch.objects.filter(study=study, name=name).first()
    if batch is None:
        names = ", ".join(study.batches.order_by("pk").values_list("name", flat=True))
        raise CommandError(f"There is no batch {name!r}. Available: {names or 'none'}.")
    return _report(plan_preview.balance_report(batch))


def _of_study(study: Study) -> dict[str, Any]:
    preview = plan_preview.preview(study, is_blind=False)
    if preview.refusal:
        raise CommandError(message(preview.refusal))
    if preview.report is None:
        raise CommandError("The study has no exams or no readers. Add them first.")
    facts = _report(preview.report)
    if preview.prediction:
        facts["prediction"] = preview.prediction.as_dict()
    return facts


def _report(report: plan_preview.BalanceReport) -> dict[str, Any]:
    names = dict(
        User.objects.filter(pk__in=report.own.exams_by_reader).values_list("pk", "username")
    )
    return {
        "batch": _named(report.own, names),
        "with_all_before": _named(report.whole, names),
        "order": report.order.as_dict(),
    }


def _named(balance: design.Balance, names: dict[int, str]) -> dict[str, Any]:
    """Return the balance with user names instead of primary keys."""
    facts = balance.as_dict()
    for key in ("exams_by_reader", "repeats_by_reader", "hours_by_reader"):
        facts[key] = {names.get(reader, str(reader)): n for reader, n in facts[key].items()}
    return facts


def _lines(facts: dict[str, Any]) -> list[str]:
    own, total, order = facts["batch"], facts["with_all_before"], facts["order"]
    n_repeats = sum(own["repeats_by_reader"].values())
    lines = [
        f"{own['n_exams']} exams, {own['n_readings']} readings, {own['hours']:.1f} reader-hours",
        f"exams per reader: {_spread(own['loads'])}; in total: {_spread(total['loads'])}",
        f"exams shared by two readers: {_spread(total['pairs'])}",
        f"hidden repeats: {n_repeats}, minimum distance {own['least_washout'] or '-'} positions",
        f"minimum distance, same patient: {own['least_patient_gap'] or '-'} positions",
        f"order similarity between readers: {_chance(order['between_readers'])}",
        f"order similarity with the import order: {_chance(order['with_import'])}",
    ]
    for share, forecast in facts.get("prediction", {}).get("classes", {}).items():
        width = "-" if forecast["width"] is None else f"{forecast['width']:.2f}"
        lines.append(
            f"kappa of {share} ({forecast['expected_positives']:.0f} exams): width {width}"
            f" {sentence(forecast['reason'])}".rstrip()
        )
    return lines


def _spread(spread: dict[str, Any]) -> str:
    return f"{spread['least']} to {spread['most']}"


def _chance(similarity: dict[str, Any]) -> str:
    if similarity["mean"] is None:
        return "too few exams"
    mean, sd, chance = similarity["mean"], similarity["sd"], similarity["expected_sd"]
    return f"mean r {mean:.3f} (SD {sd:.3f}, by chance {chance:.3f})"
