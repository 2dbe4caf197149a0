"""What does a new reading cost the agreement, and its page, in a study of 100,000 exams x 2?

A study of 1,000 exams and one of 100,000, in the same database and interleaved in this process. A
reading is submitted and counted; then the next version of the report is computed from the counts,
and its page is opened. Against what is usual: counting all readings of the study again. Exits
with 1 when counting costs over 50 % more in the large study, or the page over twice as much. Run
with the services up: ``python -m bench.agreement.live [exams of the large study]``.
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
from bench._requests import ask, client_of, clocked
from ecgreview.agreement import PatternCount
from ecgreview.protocol import Protocol

FEW, MANY = 1_000, 100_000
ROUNDS = 30
AT_ONCE = 5_000
COUNT_AT_MOST, PAGE_AT_MOST = 1.5, 2.0


@dataclass(frozen=True, slots=True)
class Made:
    """A study with half of its exams read twice, and who reads in it."""

    study: Study
    batch: Batch
    readers: tuple[User, User]
    waiting: Iterator[int]


def main() -> int:
    """Print the table; return 1 when the large study costs more than it may."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": plain}
    with empty_database(), override_settings(ALLOWED_HOSTS=["*"], STORAGES=storages):
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0")
        owner = members.create(username="owner", roles=[Role.COORDINATOR])
        dataset = Dataset.objects.create(name="bench", created_at=timezone.now())
        _long_list.exams(dataset, 2 * n)
        few, many = (prepare(f"{size}", 2 * size, owner) for size in (FEW, n))
        return compare(few, many, owner, n)


def prepare(name: str, n_given: int, owner: User) -> Made:
    """Return an open study in which two readers have read the first half of their exams."""
    now = timezone.now()
    wanted = Protocol(name=name, taxonomy=str(versions.install(now=now)), results_open="live")
    made = lifecycle.create(protocol=wanted, created_by=owner, now=now)
    study = lifecycle.open_study(study_id=made.pk, actor=owner, now=now)
    first, second = (
        members.create(username=f"{who}{name}", roles=[Role.READER]) for who in ("a", "b")
    )
    roster.join(study=study, readers=[first, second], actor=owner, now=now)
    batch = batches.make(study=study, name=name, rows=[], created_by=owner, now=now)
    for number, reader in enumerate((first, second)):
        _long_list.assignments(batch, reader, n_given, first_id=(2 * batch.pk + number) << 32)
    batches.release(batch_id=batch.pk, actor=owner, now=now)
    fill(study, batch, (first.pk, second.pk))
    waiting = Assignment.objects.filter(batch=batch, reader=first).waiting().order_by("position")
    return Made(
        study, batch, (first, second), iter(list(waiting.values_list("pk", flat=True)[:99]))
    )


def fill(study: Study, batch: Batch, readers: tuple[int, int]) -> None:
    """Count the first half as read by both, as if their readings had been counted one by one."""
    rng = np.random.default_rng(1)
    codes = list(study.taxonomy.classes.order_by("position").values_list("code", flat=True))
    prevalences = np.geomspace(0.0005, 0.3, len(codes))
    read = Assignment.objects.filter(batch=batch, reader=readers[0], state="read")
    exam_ids = list(read.order_by("position").values_list("exam", flat=True))
    for start in range(0, len(exam_ids), AT_ONCE):
        some = exam_ids[start : start + AT_ONCE]
        truth = rng.random((len(some), len(codes))) < prevalences
        said = (rng.random((2, *truth.shape)) < np.where(truth, 0.8, 0.1 * prevalences)) + 1
        found = {
            exam: Pattern(
                study.taxonomy_id,
                tuple(sorted(readers)),
                {
                    codes[column]: f"{said[0, row, column]}{said[1, row, column]}"
                    for column in np.flatnonzero((said[:, row] == 2).any(axis=0))
                },
            )
            for row, exam in enumerate(some)
        }
        for scope in (Scope(study.pk, batch.pk), Scope(study.pk)):
            with transaction.atomic():
                live.lock(study.pk)
                live.replace(scope, some, found, now=timezone.now())


def compare(few: Made, many: Made, owner: User, n: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    print(f"{'':32}{FEW:>12,}{n:>12,}   ratio")
    times = [(counted(few), counted(many)) for _ in range(ROUNDS)]
    count_ratio = told("submit and count one reading", times)
    told("next version of the report", [(computed(few), computed(many)) for _ in range(3)])
    pages = [(opened(few, owner), opened(many, owner)) for _ in range(9)]
    page_ratio = told("the page of the study", pages)
    few_n, many_n = (n_statements(made, owner) for made in (few, many))
    print(f"{'  statements of the page':32}{few_n:>12}{many_n:>12}")
    told("counting all readings anew", [(anew(FEW), anew(n)) for _ in range(3)])
    is_short = count_ratio > COUNT_AT_MOST or page_ratio > PAGE_AT_MOST or few_n != many_n
    print(f"counting may cost {COUNT_AT_MOST} x, the page {PAGE_AT_MOST} x")
    return int(is_short)


def counted(made: Made) -> float:
    reader = made.readers[0]
    content = Content([FindingIn("atrial_fibrillation", "definite")], "good")
    signed = Signed(content, uuid.uuid4())
    start = time.perf_counter()
    submissions.submit(
        assignment_id=next(made.waiting), reader=reader, based_on=0, signed=signed,
        now=timezone.now(),
    )  # fmt: skip
    while live.count_next(now=timezone.now()):
        pass
    return time.perf_counter() - start


def computed(made: Made) -> float:
    counted(made)
    return clocked(lambda: refresh.refresh_study(study=made.study, now=timezone.now()))


def opened(made: Made, owner: User) -> float:
    client = client_of(owner)
    return clocked(lambda: ask(client, f"/studies/{made.study.slug}/agreement/"))


def n_statements(made: Made, owner: User) -> int:
    client = client_of(owner)
    with CaptureQueriesContext(connection) as captured:
        ask(client, f"/studies/{made.study.slug}/agreement/")
    return len(captured.captured_queries)


def anew(n_exams: int) -> float:
    """Count readings that are in memory already: reading them from rows would come to it."""
    ratings = np.random.default_rng(1).integers(0, 3, (2, n_exams, 66)).astype(np.int8)
    return clocked(lambda: PatternCount.of(ratings))


def told(name: str, times: list[tuple[float, float]]) -> float:
    """Print the medians of both, and return the median of their ratios."""
    ratio = statistics.median(slow / fast for fast, slow in times)
    short_ms, long_ms = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    print(f"{name:32}{short_ms:>9.1f} ms{long_ms:>9.1f} ms{ratio:8.2f}", flush=True)
    return ratio


if __name__ == "__main__":
    sys.exit(main())
