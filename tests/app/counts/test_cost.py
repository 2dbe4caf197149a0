"""The cost of counting an exam does not depend on the size of the study."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.models import Assignment, Scope, UncountedExam
from annotations.services.assignment import batches
from annotations.services.counts import live, recount
from annotations.services.studies import roster
from bench import _long_list as filled
from tests.app.counts.pattern_counting import differences, drain, of_batch, sets
from tests.app.kept import kept
from tests.app.reading.test_races import sign
from tests.sizes import size

pytestmark = pytest.mark.django_db

FEW, MANY = 200, size(4_000, 10_000)
MAX_ROWS = 1_000
"""Maximum rows per statement: the exam, its readings and, in several plan nodes, all classes.

Reading the whole batch takes at least ``MANY``.
"""

READ = """
insert into annotations_reading (assignment_id, reader_id, protocol_version, stage, outcome,
       taxonomy_id, quality, problems, comment, n_findings, n_not_assessable, reason, n_decisions,
       submitted_at, idempotency_key, active_ms, idle_ms, display, tools)
select a.id, a.reader_id, 1, 'blind', 'read', b.taxonomy_id, 'good', '[]', '',
       case when (a.exam_id * 7 + a.reader_id) %% 3 = 0 then 1 else 0 end, 0, '', 0,
       now(), gen_random_uuid(), 0, 0, '{}', '{}'
  from annotations_assignment a join annotations_batch b on b.id = a.batch_id
 where a.batch_id = %s and a.position > 1
"""
FINDINGS = """
insert into annotations_finding (reading_id, diagnostic_class_id, certainty, localisations,
       measurements)
select r.id, c.id, 'definite', '[]', '[]'
  from annotations_reading r join annotations_assignment a on a.id = r.assignment_id
  join annotations_diagnosticclass c on c.taxonomy_id = r.taxonomy_id
   and c.position = 1 + a.exam_id %% 60
 where a.batch_id = %s and r.n_findings = 1
"""
TABLES = ("reading", "finding", "notassessable", "assignment", "exampattern", "patterncount")


def fill(batch, readers, n):
    """Insert ``n - 1`` readings for each reader, without queueing the exams for counting."""
    for number, reader in enumerate(readers):
        with connection.cursor() as cursor:
            values = {
                "batch": batch.pk, "reader": reader.pk, "n": n, "n_read": 0,
                "first_id": (batch.pk * 8 + number) << 24,
            }  # fmt: skip
            cursor.execute(filled.ASSIGNMENTS, values)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table annotations_reading disable trigger user")
        cursor.execute("alter table annotations_finding disable trigger user")
        cursor.execute(READ, [batch.pk])
        cursor.execute(FINDINGS, [batch.pk])
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table annotations_reading enable trigger user")
        cursor.execute("alter table annotations_finding enable trigger user")
        cursor.execute("set constraints all deferred")
        cursor.execute("analyze " + ", ".join(f"annotations_{name}" for name in TABLES))


@kept
def two_sizes(study, dataset, ana, bruno, davi, now):
    """A small and a large batch with up-to-date counts; each reader has one exam left in each."""
    filled.exams(dataset, MANY)
    roster.join(study=study, readers=[ana, bruno], actor=davi, now=now)
    counted = []
    for n in (FEW, MANY):
        batch = batches.make(study=study, name=f"{n}", rows=[], created_by=davi, now=now)
        fill(batch, [ana, bruno], n)
        batches.release(batch_id=batch.pk, actor=davi, now=now)
        counted.append(batch)
    for scope in recount.scopes(study):
        recount.recount(scope, repairs=True, now=now)
    with connection.cursor() as cursor:
        cursor.execute("analyze " + ", ".join(f"annotations_{name}" for name in TABLES))
    assert differences(study, now) == []
    return counted


def statements_of_counting(batch, reader, now):
    """Submit the remaining reading of ``reader`` and return the SQL statements that count it."""
    waiting = Assignment.objects.waiting().select_related("reader")
    sign(waiting.get(batch=batch, reader=reader, position=1), now, uuid.uuid4())
    with CaptureQueriesContext(connection) as captured:
        assert live.count_next(now=now)
    assert not UncountedExam.objects.exists()
    return [query["sql"] for query in captured.captured_queries]


def test_counting_one_exam_reads_rows_of_that_exam_only(two_sizes, ana, bruno, now):
    few, many = two_sizes
    drain(now)
    short, long = statements_of_counting(few, ana, now), statements_of_counting(many, bruno, now)
    assert len(short) == len(long) <= 45
    queries = [sql for sql in long if sql.startswith("SELECT")]
    plans = [filled.statement_cost(sql) for sql in queries]
    assert len(plans) > 10
    for plan, sql in zip(plans, queries, strict=True):
        assert plan.n_rows <= MAX_ROWS, (plan, sql)
        for table in ("reading", "finding", "assignment", "exampattern"):
            assert f"Seq Scan annotations_{table}" not in plan.scans, sql


def test_a_full_time_slice_of_exams_takes_few_statements(two_sizes, study, now):
    _, many = two_sizes
    exams = many.assignments.order_by("exam").values_list("exam", flat=True).distinct()
    UncountedExam.objects.bulk_create(
        UncountedExam(batch=many, exam_id=exam) for exam in exams[: live.EXAMS_AT_ONCE[0]]
    )
    with CaptureQueriesContext(connection) as captured:
        assert live.count_next(now=now)
    assert not UncountedExam.objects.exists()
    assert len(captured) <= 45
    assert sum(sets(of_batch(many)).values()) == MANY - 1 == sum(sets(Scope(study.pk)).values())
