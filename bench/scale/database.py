"""A database with any number of readings, in ten studies of very different size.

The first study has 40% of the readings. Of the others, one is locked, one opens its results
only when it is locked, one shows its agreement live, and the rest open results batch by batch.
Every study has closed batches, one that is half read, and an untouched pooled one. The last two are
open, except in the locked study.
Agreement is computed for each study and for its first batch.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from annotations.models import Batch, Dataset, Role, Study, SuggestionModel, Taxonomy, User
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.people import members
from annotations.services.studies import lifecycle, roster
from annotations.services.taxonomy import versions
from bench.scale.rows import FILL, TRIGGERED, U
from ecgreview.protocol import Protocol

N_STUDIES, N_READERS, READERS_EACH, N_BATCHES = 10, 20, 6, 9
LARGEST = 0.4
# When results of these studies open. In the others, they open when a batch is closed.
POLICIES: dict[int, Any] = {1: "study_locked", 2: "live"}
LOCKED = 3
PEOPLE = {
    "clara": [Role.ADJUDICATOR],
    "davi": [Role.COORDINATOR],
    "rosa": [Role.RESEARCHER],
    "otto": [Role.AUDITOR],
    "torn": [Role.COORDINATOR, Role.READER],
    "root": list(Role),
}

ProgressCallback = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class World:
    """People, and the study and batches that a measurement requests.

    Attributes:
        people: one person of each role; the user ``torn`` coordinates, and reads in the second
            study.
        study: the largest.
        closed: its first batch.
        opened: its batch that is half read.
    """

    people: dict[str, User]
    study: Study
    closed: Batch
    opened: Batch


def fill(
    n_readings: int,
    *,
    is_analyzed: bool = True,
    is_derived: bool = True,
    progress: ProgressCallback = lambda _: None,
) -> World:
    """Fill the database with about ``n_readings`` and return what to request.

    Args:
        n_readings: number of blind readings, two per exam.
        is_analyzed: analyze the full tables; otherwise statistics are those of nearly empty
            tables, as after a first start and a large import.
        is_derived: compute consensus and agreement too, which takes minutes.
        progress: called with each line of progress.
    """
    now = timezone.now()
    taxonomy = versions.install(now=now)
    people = _people()
    readers = [
        members.create(username=f"reader{n}", first_name=f"R{n}", roles=[Role.READER])
        for n in range(N_READERS)
    ]
    _settle()
    for table in connection.introspection.table_names():
        # Without autovacuum, statistics change only when we analyze.
        _execute(f"alter table {table} set (autovacuum_enabled = false)")
    _execute("analyze")
    studies = [_study(n, readers, people, taxonomy, now) for n in range(N_STUDIES)]
    sizes = _sizes(n_readings // 2)
    with transaction.atomic():
        _describe(studies, sizes, taxonomy)
        _fill(sum(sizes), taxonomy, now, progress)
        _close(studies, people["davi"], now)
    if is_analyzed:
        _execute("analyze")
    if is_derived:
        _derive(studies, now, progress)
    if is_analyzed:
        _execute("analyze")
    return _world({**people, "reader0": readers[0]}, studies[0])


def existing_world() -> World:
    """Return the world that an earlier ``fill`` left in the database."""
    people = {
        user.username: user for user in User.objects.filter(username__in=[*PEOPLE, "reader0"])
    }
    return _world(people, Study.objects.earliest("pk"))


def forget_statistics() -> None:
    """Make the planner believe that every table has one page and one row, as after a first start.

    Needs PostgreSQL 18. ``ANALYZE`` or ``table_statistics.keep_up`` restores the statistics.
    """
    for table in connection.introspection.table_names():
        _execute(
            "select pg_restore_relation_stats('schemaname', 'public', 'relname', %s::text,"
            " 'relpages', 1, 'reltuples', 1::real, 'relallvisible', 0)",
            [table],
        )
        _execute(
            "select pg_clear_attribute_stats('public', %s, attname, inherited)"
            " from pg_stats where schemaname = 'public' and tablename = %s",
            [table, table],
        )


def _world(people: dict[str, User], study: Study) -> World:
    closed, opened = (study.batches.get(name=name) for name in ("Batch 1", f"Batch {N_BATCHES}"))
    return World(people, study, closed, opened)


def _people() -> dict[str, User]:
    people = {
        name: members.create(username=name, first_name=name.title(), roles=roles)
        for name, roles in PEOPLE.items()
    }
    root = people["root"]
    root.is_staff = root.is_superuser = True
    root.save()
    return people


def _study(
    n: int, readers: list[User], people: dict[str, User], taxonomy: Taxonomy, now: datetime
) -> Study:
    davi = people["davi"]
    settings = Protocol(
        name=f"Study {n}", taxonomy=str(taxonomy), results_open=POLICIES.get(n, "batch_closed")
    )
    draft = lifecycle.create(protocol=settings, created_by=davi, now=now)
    study = lifecycle.open_study(study_id=draft.pk, actor=davi, now=now)
    own = [readers[(2 * n + i) % N_READERS] for i in range(READERS_EACH)]
    extra = [people["torn"]] if n == 1 else []
    roster.join(study=study, readers=[*own, *extra, people["clara"]], actor=davi, now=now)
    for place in range(1, N_BATCHES + 1):
        studies = batches.make(
            study=study, name=f"Batch {place}", rows=[], created_by=davi, now=now
        )
        Batch.objects.filter(pk=studies.pk).update(released_at=now)
    pool = batches.make(
        study=study, name="Pool", rows=[], created_by=davi, now=now, handout="pooled"
    )
    Batch.objects.filter(pk=pool.pk).update(released_at=now)
    return study


def _sizes(n_exams: int) -> list[int]:
    """Return the number of exams of each study."""
    first = int(n_exams * LARGEST)
    return [first, *[(n_exams - first) // (N_STUDIES - 1)] * (N_STUDIES - 1)]


def _describe(studies: list[Study], sizes: list[int], taxonomy: Taxonomy) -> None:
    """Create temporary tables that describe the studies to the statements of ``rows``."""
    _execute("set local statement_timeout = 0")
    # The planner believes that the tables are empty and would choose nested loops.
    _execute("set local enable_nestloop = off")
    _execute(U)
    _execute(
        "create temp table bench_study (study_id bigint, first_exam int, n_exams int,"
        " n_readers int, n_batches int)"
    )
    _execute(
        "create temp table bench_batch (study_id bigint, batch_id bigint, place int,"
        " is_closed bool, arm_share float8)"
    )
    _execute("create temp table bench_reader (study_id bigint, user_id bigint, place int)")
    for n, (study, size) in enumerate(zip(studies, sizes, strict=True)):
        _execute(
            "insert into bench_study values (%s, %s, %s, %s, %s)",
            [study.pk, sum(sizes[:n]), size, READERS_EACH, N_BATCHES],
        )
        _execute(
            "insert into bench_batch select study_id, id, row_number() over (order by id) - 1,"
            " name <> %s, 0.3 from annotations_batch where study_id = %s and handout = 'named'",
            [f"Batch {N_BATCHES}", study.pk],
        )
        _execute(
            "insert into bench_reader select study_id, user_id, row_number() over (order by id) - 1"
            " from annotations_studyreader where study_id = %s order by id limit %s",
            [study.pk, READERS_EACH],
        )
    # Prevalences from one in three to one in two thousand exams, as in published samples.
    _execute(
        "create temp table bench_class as select id as class_id,"
        " row_number() over (order by position) as place,"
        " 0.3 * power(0.9, row_number() over (order by position)) as prevalence"
        " from annotations_diagnosticclass where taxonomy_id = %s and not is_exclusive",
        [taxonomy.pk],
    )


def _fill(n_exams: int, taxonomy: Taxonomy, now: datetime, progress: ProgressCallback) -> None:
    dataset = Dataset.objects.create(name="bench", created_at=now)
    model = SuggestionModel.objects.create(
        name="criteria", version="bench", covered_classes=[], created_at=now
    )
    values = {
        "dataset": dataset.pk,
        "model": model.pk,
        "taxonomy": taxonomy.pk,
        "n_exams": n_exams,
        "packed": gzip.compress(b"no samples: a list needs none"),
    }
    _settle()
    for table in TRIGGERED:
        _execute(f"alter table {table} disable trigger user")
    for name, sql in FILL.items():
        began = time.perf_counter()
        n = _execute(sql, values)
        progress(f"{name:24}{n:>10,} rows {time.perf_counter() - began:8.1f} s")
    _settle()
    for table in TRIGGERED:
        _execute(f"alter table {table} enable trigger user")
    _execute("drop table plan, answers, bench_study, bench_batch, bench_reader, bench_class")


def _close(studies: list[Study], davi: User, now: datetime) -> None:
    """Close every batch that is completely read, and lock one study."""
    finished = Batch.objects.filter(study__in=studies, handout="named").exclude(
        name=f"Batch {N_BATCHES}"
    )
    finished.update(closed_at=now, closed_by=davi)
    # Reports of all batches would take an hour; only one per study is measured.
    finished.filter(name="Batch 1").update(agreement_is_due=True)
    locked = studies[LOCKED]
    locked.batches.filter(closed_at=None).update(closed_at=now, closed_by=davi)
    Study.objects.filter(pk=locked.pk).update(phase="locked", locked_at=now)


def _derive(studies: list[Study], now: datetime, progress: ProgressCallback) -> None:
    """Let the services compute consensus and agreement, as a worker does."""
    for study in studies:
        began = time.perf_counter()
        labels.compute(study=study, now=now)
        between = time.perf_counter()
        refresh.refresh_closed(study=study, now=now)
        refresh.refresh_study(study=study, now=now)
        progress(
            f"{study.name}: consensus {between - began:.1f} s,"
            f" agreement {time.perf_counter() - between:.1f} s"
        )


def _settle() -> None:
    """Fire deferred triggers now, because no table can be altered while one is pending."""
    _execute("set constraints all immediate")
    _execute("set constraints all deferred")


def _execute(sql: str, values: Any = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
