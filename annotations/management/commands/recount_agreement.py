"""``manage.py recount_agreement``: check the live counts against the readings."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from annotations.management import lookups
from annotations.models import Study
from annotations.services.counts import recount
from annotations.services.counts.recount import Recount


class Command(BaseCommand):
    help = (
        "Count all response patterns of a study again from its readings, and compare with the "
        "counts from which agreement is computed. Exit code 1 if a count differs, repaired or "
        "not, or could not be recounted; the rest is recounted anyway. Readings that are not "
        "counted yet are not differences."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", nargs="?", help="slug of the study; default: all studies")
        modes = parser.add_mutually_exclusive_group()
        modes.add_argument("--check", action="store_true", help="only report differences (default)")
        modes.add_argument("--repair", action="store_true", help="correct differences")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit with 1 if anything differs or could not be recounted."""
        repairs, slug = bool(options["repair"]), options["study"]
        if slug:
            hold = [self._recount(lookups.study(slug), repairs=repairs)]
        else:
            hold = []
            for study in Study.objects.order_by("pk"):
                self.stdout.write(f"{study.slug}:")
                hold.append(self._recount(study, repairs=repairs))
        if not all(hold):
            sys.exit(1)

    def _recount(self, study: Study, *, repairs: bool) -> bool:
        """Print the result for each scope of ``study``; return whether all counts are correct."""
        names = dict(study.batches.values_list("pk", "name"))
        are_correct = True
        for scope in recount.scopes(study):
            result = recount.recount(scope, repairs=repairs, now=timezone.now())
            name = names.get(scope.batch_id, "") if scope.batch_id else "the whole study"
            self.stdout.write(f"{name}: {_sentence(result, is_repaired=repairs)}")
            are_correct = are_correct and result.is_correct
        return are_correct


def _sentence(result: Recount, *, is_repaired: bool) -> str:
    waiting = f", {result.n_waiting} not counted yet" if result.n_waiting else ""
    if result.failure:
        return f"failed with {result.failure}; see the log"
    if result.is_correct:
        return f"{result.n_exams} exams are correct{waiting}"
    named = ", ".join(map(str, result.exams))
    done = "repaired" if is_repaired else "not repaired"
    exams = f"{result.n_wrong_exams} of {result.n_exams} exams" + (f" ({named})" if named else "")
    return f"{exams} and {result.n_wrong_counts} counts differ, {done}{waiting}"
