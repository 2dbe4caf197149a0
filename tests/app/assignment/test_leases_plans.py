"""The cost of taking an exam does not grow with the pool: query plans."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from annotations.models import Batch, Dataset, Exam, Seat, Slot, User
from annotations.services.assignment import batches, leases, pool_slots
from tests.sizes import size

pytestmark = pytest.mark.django_db

LARGE = size(20_000, 40_000)

FILL = """
    insert into annotations_exam (dataset_id, code, source_key, content_hash, source_labels,
                                  imported_at)
    select %(dataset)s, upper(substr(md5(n::text), 1, 8)), 'made/' || n, md5(n::text), '{}', %(now)s
      from generate_series(1, %(n)s) n on conflict do nothing;
    insert into annotations_slot (batch_id, exam_id, ordinal, order_key)
    select %(batch)s, e.id, 1, encode(sha256(convert_to(e.id::text, 'UTF8')), 'hex')
      from annotations_exam e where e.source_key like 'made/%%';
    analyze annotations_slot; analyze annotations_exam;
"""
"""Fills the pool with SQL, because the services would take a minute."""


@pytest.fixture
def make_pool(study, ana, bruno, davi, make_exam, dataset: Dataset, now: datetime):
    def make(n_slots: int) -> Batch:
        batch = pool_slots.create_pool(
            study=study, name="Pool", exams=[make_exam()], readers=[ana, bruno],
            readers_per_exam=1, created_by=davi, now=now,
        )  # fmt: skip
        values: dict[str, Any] = {
            "n": n_slots,
            "batch": batch.pk,
            "dataset": dataset.pk,
            "now": now,
        }
        with connection.cursor() as cursor:
            cursor.execute(FILL, values)
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    return make


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a query plan node and all nodes below it."""
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def explain_next_slot(batch: Batch, reader: User) -> list[dict[str, Any]]:
    """Return the nodes of PostgreSQL's plan for finding the next slot."""
    seat = Seat.objects.select_related("batch__study").get(batch=batch, reader=reader)
    place = pool_slots.start_key(batch.study.seed, reader.pk, batch.pk)
    next_slot = leases._readable(seat).filter(order_key__gt=place).order_by("order_key", "pk")[:1]
    query, values = next_slot.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, format json) {query}", values)
        return list(nodes(cursor.fetchone()[0][0]["Plan"]))


@pytest.mark.parametrize("n_slots", [400, LARGE])
def test_a_large_pool_is_searched_by_index(make_pool, ana, n_slots):
    batch = make_pool(n_slots)
    slot_nodes = [
        node
        for node in explain_next_slot(batch, ana)
        if node.get("Relation Name") == "annotations_slot"
    ]
    if n_slots == LARGE:
        assert {node.get("Index Name") for node in slot_nodes} == {"slot_free"}
    assert Slot.objects.count() >= n_slots // 2


def test_finding_the_next_slot_reads_few_rows_of_a_large_pool(make_pool, ana, submit, now):
    batch = make_pool(LARGE)
    for _ in range(30):
        submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    slot_nodes = [
        node
        for node in explain_next_slot(batch, ana)
        if node.get("Relation Name") == "annotations_slot"
    ]
    rows = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in slot_nodes]
    assert max(rows) <= 100
    assert Exam.objects.count() > LARGE // 2
