"""How long does the consensus take after one new reading in a study of CODE-II-test's size?

Fills ten studies, of which the largest has 8,475 exams with two or three readings each, and
computes its consensus. Then one more reader reads a single exam, in a batch that is closed. Prints
the median time of the update, that of one with nothing to do, and the slowest statements. Run with
the services up: ``python -m bench.consensus.incremental [exams]``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import sys
import time
from statistics import median

from bench._site import empty_database

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.leak_probe.world import FINDING, read
from annotations.models import Exam, Role, Study
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.people import members
from bench.scale import database

N_EXAMS = 8_475
READINGS_PER_EXAM = 2.25
ROUNDS = 9
N_SLOWEST = 6
GOAL_MS = 50.0


def main() -> int:
    """Print the times; return 1 if the goal is missed."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else N_EXAMS
    with empty_database():
        n_readings = int(n * READINGS_PER_EXAM / database.LARGEST)
        study = database.fill(n_readings, is_derived=False).study
        all_ms = compute_ms(study)
        exams = list(Exam.objects.filter(consensus__study=study).order_by("pk")[: ROUNDS + 1])
        one_ms = median(after_reading_ms(study, exam) for exam in exams[1:])
        none_ms = median(compute_ms(study) for _ in exams)
        print(f"{study.consensus.count():,} exams, {study.consensus_choice.name}")
        print(f"  all exams    {all_ms:9,.0f} ms")
        print(f"  one exam     {one_ms:9,.0f} ms (goal {GOAL_MS:g}), 1/{all_ms / one_ms:,.0f}")
        print(f"  nothing new  {none_ms:9,.0f} ms")
        _print_slowest(study, exams[0])
    return int(one_ms > GOAL_MS)


def compute_ms(study: Study) -> float:
    began = time.perf_counter()
    labels.compute(study=study, now=timezone.now())
    return 1000 * (time.perf_counter() - began)


def after_reading_ms(study: Study, exam: Exam) -> float:
    """Return the time of the update after a new reader has read ``exam``."""
    _read(study, exam)
    return compute_ms(study)


def _read(study: Study, exam: Exam) -> None:
    now = timezone.now()
    reader = members.create(username=f"late{exam.pk}", roles=[Role.READER])
    batch = batches.create(
        study=study, name=f"One more of {exam.code}", exams=[exam], readers=[reader],
        created_by=study.created_by, now=now,
    )  # fmt: skip
    read(batch.assignments.select_related("reader").get(), exam.pk, FINDING, now)
    batches.close(batch_id=batch.pk, closed_by=study.created_by, now=now)


def _print_slowest(study: Study, exam: Exam) -> None:
    _read(study, exam)
    with CaptureQueriesContext(connection) as captured:
        compute_ms(study)
    queries = sorted(captured.captured_queries, key=lambda query: -float(query["time"]))
    print(f"  {len(queries)} statements, of which the slowest are")
    for query in queries[:N_SLOWEST]:
        sql = " ".join(query["sql"].split())
        print(f"    {1000 * float(query['time']):7,.0f} ms  {sql[:90]}")


if __name__ == "__main__":
    sys.exit(main())
