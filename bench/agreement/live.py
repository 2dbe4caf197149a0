"""How long do a new reading and the agreement page take, with 100,000 exams read twice?

A study of 1,000 exams and one of 100,000 are in the same database and measured alternately. A
reading is submitted and counted; then the next report is computed from the counts, and its page
is opened. For comparison, as many random readings are counted from scratch. Returns 1 if counting
takes over 50% longer in the large study, or if its page takes over twice as long or sends a
different number of statements.
Run with the services up: ``python -m bench.agreement.live [exams of the large study]``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench._site import empty_database

from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from annotations.models import Assignment, Batch, Dataset, Role, Scope, Study, User
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.counts import live
from annotations.services.people import members
from annotations.services.reading import submissions
from annotations.services.studies import lifecycle, roster
from annotations.services.taxonomy import versions
from annotations.services.reading.content import Content, FindingIn
from annotations.services.counts.exam_patterns import Pattern
from annotations.services.reading.signing import Signed
from bench import _long_list
from bench._requests import get_page, client_of, elapsed_s
from ecgreview.agreement import PatternCount
from ecgreview.protocol import Protocol

FEW, MANY = 1_000, 100_000
ROUNDS = 30
AT_ONCE = 5_000
MAX_COUNT_RATIO, MAX_PAGE_RATIO = 1.5, 2.0


@dataclass(frozen=True, slots=True)
class PreparedStudy:
    """A study in which two readers have read half of the exams."""

    study: Study
    batch: Batch
    readers: tuple[User, User]
    waiting: Iterator[int]


def main() -> int:
    """Print the table; return 1 if the large study exceeds a limit."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    static_storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": static_storage}
    with empty_database(), override_settings(ALLOWED_HOSTS=["*"], STORAGES=storages):
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0")
        owner = members.create(username="owner", roles=[Role.COORDINATOR])
        dataset = Dataset.objects.create(name="bench", created_at=timezone.now())
        _long_list.exams(dataset, 2 * n)
        few, many = (prepare(f"{size}", 2 * size, owner) for size in (FEW, n))
        return compare(few, many, owner, n)


def prepare(name: str, n_assigned: int, owner: User) -> PreparedStudy:
    """Return an open study in which two readers have read the first half of their exams."""
    now = timezone.now()
    settings_ = Protocol(name=name, taxonomy=str(versions.install(now=now)), results_open="live")
    draft = lifecycle.create(protocol=settings_, created_by=owner, now=now)
    study = lifecycle.open_study(study_id=draft.pk, actor=owner, now=now)
    first, second = (
        members.create(username=f"{prefix}{name}", roles=[Role.READER]) for prefix in ("a", "b")
    )
    roster.join(study=study, readers=[first, second], actor=owner, now=now)
    batch = batches.make(study=study, name=name, rows=[], created_by=owner, now=now)
    for number, reader in enumerate((first, second)):
        _long_list.assignments(batch, reader, n_assigned, first_id=(2 * batch.pk + number) << 32)
    batches.release(batch_id=batch.pk, actor=owner, now=now)
    fill(study, batch, (first.pk, second.pk))
    waiting = Assignment.objects.filter(batch=batch, reader=first).waiting().order_by("position")
    return PreparedStudy(
        study, batch, (first, second), iter(list(waiting.values_list("pk", flat=True)[:99]))
    )


def fill(study: Study, batch: Batch, readers: tuple[int, int]) -> None:
    """Store counts as if the readings of the first half had been counted one by one."""
    rng = np.random.default_rng(1)
    codes = list(study.taxonomy.classes.order_by("position").values_list("code", flat=True))
    prevalences = np.geomspace(0.0005, 0.3, len(codes))
    read = Assignment.objects.filter(batch=batch, reader=readers[0], state="read")
    exam_ids = list(read.order_by("position").values_list("exam", flat=True))
    for start in range(0, len(exam_ids), AT_ONCE):
        some = exam_ids[start : start + AT_ONCE]
        truth = rng.random((len(some), len(codes))) < prevalences
        states = (rng.random((2, *truth.shape)) < np.where(truth, 0.8, 0.1 * prevalences)) + 1
        patterns = {
            exam: Pattern(
                study.taxonomy_id,
                tuple(sorted(readers)),
                {
                    codes[column]: f"{states[0, row, column]}{states[1, row, column]}"
                    for column in np.flatnonzero((states[:, row] == 2).any(axis=0))
                },
            )
            for row, exam in enumerate(some)
        }
        for scope in (Scope(study.pk, batch.pk), Scope(study.pk)):
            with transaction.atomic():
                live.lock(study.pk)
                live.replace(scope, some, patterns, now=timezone.now())


def compare(few: PreparedStudy, many: PreparedStudy, owner: User, n: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    print(f"{'':32}{FEW:>12,}{n:>12,}   ratio")
    times = [(time_count(few), time_count(many)) for _ in range(ROUNDS)]
    count_ratio = report_times("submit and count one reading", times)
    report_times(
        "next version of the report", [(time_refresh(few), time_refresh(many)) for _ in range(3)]
    )
    pages = [(time_page(few, owner), time_page(many, owner)) for _ in range(9)]
    page_ratio = report_times("the page of the study", pages)
    few_n, many_n = (n_statements(prepared, owner) for prepared in (few, many))
    print(f"{'  statements of the page':32}{few_n:>12}{many_n:>12}")
    report_times(
        "recount of all readings", [(time_recount(FEW), time_recount(n)) for _ in range(3)]
    )
    is_short = count_ratio > MAX_COUNT_RATIO or page_ratio > MAX_PAGE_RATIO or few_n != many_n
    print(f"limits: counting {MAX_COUNT_RATIO} x, the page {MAX_PAGE_RATIO} x")
    return int(is_short)


def time_count(prepared: PreparedStudy) -> float:
    reader = prepared.readers[0]
    content = Content([FindingIn("atrial_fibrillation", "definite")], "good")
    signed = Signed(content, uuid.uuid4())
    start = time.perf_counter()
    submissions.submit(
        assignment_id=next(prepared.waiting), reader=reader, based_on=0, signed=signed,
        now=timezone.now(),
    )  # fmt: skip
    while live.count_next(now=timezone.now()):
        pass
    return time.perf_counter() - start


def time_refresh(prepared: PreparedStudy) -> float:
    time_count(prepared)
    return elapsed_s(lambda: refresh.refresh_study(study=prepared.study, now=timezone.now()))


def time_page(prepared: PreparedStudy, owner: User) -> float:
    client = client_of(owner)
    return elapsed_s(lambda: get_page(client, f"/studies/{prepared.study.slug}/agreement/"))


def n_statements(prepared: PreparedStudy, owner: User) -> int:
    client = client_of(owner)
    with CaptureQueriesContext(connection) as captured:
        get_page(client, f"/studies/{prepared.study.slug}/agreement/")
    return len(captured.captured_queries)


def time_recount(n_exams: int) -> float:
    """Time counting random readings of ``n_exams`` from scratch, all of them in memory."""
    ratings = np.random.default_rng(1).integers(0, 3, (2, n_exams, 66)).astype(np.int8)
    return elapsed_s(lambda: PatternCount.of(ratings))


def report_times(name: str, times: list[tuple[float, float]]) -> float:
    """Print both medians, and return the median ratio."""
    ratio = statistics.median(slow / fast for fast, slow in times)
    short_ms, long_ms = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    print(f"{name:32}{short_ms:>9.1f} ms{long_ms:>9.1f} ms{ratio:8.2f}", flush=True)
    return ratio


if __name__ == "__main__":
    sys.exit(main())
