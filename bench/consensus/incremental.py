"""How long does the consensus take after one new reading in a study of CODE-II-test's size?

Fills ten studies, of which the largest has as many readings as 8,475 exams x 3 readers, and
computes its consensus. Then single exams are made out of date through their stored digest, and one
of their batches due, which is the same work as after a new reading. Prints the median time of an
update, that of one with nothing to do, and the slowest statements. Run with the services up:
``python -m bench.consensus.incremental [readings]``.
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

from annotations.models import Batch, Consensus, Study
from annotations.services.consensus import labels
from bench.scale import database

N_READINGS = 8_475 * 3
ROUNDS = 7
N_SLOWEST = 6
GOAL_MS = 50.0


def main() -> int:
    """Print the times; return 1 if the goal is missed."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else N_READINGS
    with empty_database():
        study = database.fill(int(n / database.LARGEST), is_derived=False).study
        all_ms = compute_ms(study)
        exam_ids = list(study.consensus.order_by("exam").values_list("exam", flat=True)[:ROUNDS])
        one_ms = median(after_change_ms(study, exam_id) for exam_id in exam_ids)
        none_ms = median(compute_ms(study) for _ in exam_ids)
        n_exams = study.consensus.count()
        print(f"{n_exams:,} exams, {n:,} readings, {study.consensus_choice.name}")
        print(f"  all exams    {all_ms:9,.0f} ms")
        print(f"  one exam     {one_ms:9,.0f} ms (goal {GOAL_MS:g}), 1/{all_ms / one_ms:,.0f}")
        print(f"  nothing new  {none_ms:9,.0f} ms")
        _print_slowest(study, exam_ids[0])
    return int(one_ms > GOAL_MS)


def compute_ms(study: Study) -> float:
    began = time.perf_counter()
    labels.compute(study=study, now=timezone.now())
    return 1000 * (time.perf_counter() - began)


def after_change_ms(study: Study, exam_id: int) -> float:
    """Return the time of the update after a change of what the consensus on an exam depends on."""
    Consensus.objects.filter(study=study, exam=exam_id).update(inputs="0" * 64)
    batch = Batch.objects.filter(study=study, assignments__exam=exam_id).closed().earliest("pk")
    Batch.objects.filter(pk=batch.pk).update(consensus_is_due=True)
    return compute_ms(study)


def _print_slowest(study: Study, exam_id: int) -> None:
    with CaptureQueriesContext(connection) as captured:
        after_change_ms(study, exam_id)
    queries = sorted(captured.captured_queries, key=lambda query: -float(query["time"]))
    print(f"  {len(queries)} statements, of which the slowest are")
    for query in queries[:N_SLOWEST]:
        sql = " ".join(query["sql"].split())
        print(f"    {1000 * float(query['time']):7,.0f} ms  {sql[:90]}")


if __name__ == "__main__":
    sys.exit(main())
