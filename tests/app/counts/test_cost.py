"""Counting an exam costs the same in a study of a thousand exams as in one of many thousands."""

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
from tests.app.reading.test_races import sign

pytestmark = pytest.mark.django_db

FEW, MANY = 200, 10_000
ROWS_AT_MOST = 200
"""What one statement may look at: the exam, its readings and the classes of the list."""

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
    """Let each of ``readers`` read the first ``n`` exams of the list but one, past the queue."""
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


@pytest.fixture
def two_sizes(study, dataset, ana, bruno, davi, now):
    """A small batch and a large one of the same exams, all counted, each with one exam to read."""
    filled.exams(dataset, MANY)
    roster.join(study=study, readers=[ana, bruno], actor=davi, now=now)
    made = []
    for n in (FEW, MANY):
        batch = batches.make(study=study, name=f"{n}", rows=[], created_by=davi, now=now)
        fill(batch, [ana, bruno], n)
        batches.release(batch_id=batch.pk, actor=davi, now=now)
        made.append(batch)
    for scope in recount.scopes(study):
        recount.recount(scope, repairs=True, now=now)
    with connection.cursor() as cursor:
        cursor.execute("analyze " + ", ".join(f"annotations_{name}" for name in TABLES))
    assert differences(study, now) == []
    return made


def statements(batch, reader, now):
    """Return what the database is asked for counting the reading of an exam by ``reader``."""
    waiting = Assignment.objects.waiting().select_related("reader")
    sign(waiting.get(batch=batch, reader=reader, position=1), now, uuid.uuid4())
    with CaptureQueriesContext(connection) as captured:
        assert live.count_next(now=now)
    assert not UncountedExam.objects.exists()
    return [query["sql"] for query in captured.captured_queries]


def test_counting_one_exam_looks_at_that_exam_alone(two_sizes, ana, bruno, now):
    few, many = two_sizes
    drain(now)
    short, long = statements(few, ana, now), statements(many, bruno, now)
    assert len(short) == len(long) <= 45
    asked = [sql for sql in long if sql.startswith("SELECT")]
    works = [filled.work_of(sql) for sql in asked]
    assert len(works) > 10
    for work, sql in zip(works, asked, strict=True):
        assert work.n_rows <= ROWS_AT_MOST, (work, sql)
        for table in ("reading", "finding", "assignment", "exampattern"):
            assert f"Seq Scan annotations_{table}" not in work.scans, sql


def test_many_exams_are_counted_in_a_few_statements_each(two_sizes, study, now):
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
