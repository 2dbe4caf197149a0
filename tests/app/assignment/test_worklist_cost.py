"""The cost of the next exam does not grow with the worklist (1,000 and 200,000 exams)."""

from __future__ import annotations

import base64
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from annotations import row_security
from annotations.models import Assignment, Role, User
from annotations.services.assignment import batches
from annotations.services.studies import roster
from annotations.services.taxonomy import versions
from bench import _long_list as filled
from tests.app import builders
from tests.app.builders import NOW

FEW, MANY = 1_000, 200_000

MAX_ROWS = 150
"""Maximum number of rows that one statement reads: a page of the worklist plus a margin."""


def client_of(user):
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def requests_of(user):
    """Return, by name, the addresses that worklist and desk request while a user reads."""
    middle = Assignment.objects.filter(reader=user).waiting().order_by("position")[0]
    return {
        "worklist": "/worklist/",
        "list": "/api/assignments/?limit=50",
        "waiting": "/api/assignments/?state=open&limit=1",
        "exam": f"/api/assignments/{middle.pk}/",
        "desk": f"/read/{middle.pk}/",
    }


def statements(user, address):
    """Return the SQL statements of a request with warm caches."""
    client = client_of(user)
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


def costs(user, sqls):
    """Return the planner's cost of each statement about assignments, in the reader's role."""
    with row_security.acting_as(user.pk):
        return [filled.statement_cost(sql) for sql in sqls if _is_about_assignments(sql)]


def _is_about_assignments(sql):
    return sql.startswith("SELECT") and "annotations_assignment" in sql


@pytest.fixture(scope="module")
def filled_lists(module_db):
    """A short worklist of Ana and a long one of Bruno, each half read."""
    with module_db():
        classes = versions.install(now=NOW)
        davi = builders.person("Davi", Role.COORDINATOR)
        ana, bruno = (builders.person(name, Role.READER) for name in ("Ana", "Bruno"))
        study = builders.study(classes, davi, now=NOW)
        dataset = builders.dataset(now=NOW)
        filled.exams(dataset, MANY)
        roster.join(study=study, readers=[ana, bruno], actor=davi, now=NOW)
        for reader, n in ((ana, FEW), (bruno, MANY)):
            batch = batches.make(study=study, name=f"{n}", rows=[], created_by=davi, now=NOW)
            filled.assignments(batch, reader, n)
            batches.release(batch_id=batch.pk, actor=davi, now=NOW)


@pytest.fixture
def lists(db, filled_lists):
    return User.objects.get(username="ana"), User.objects.get(username="bruno")


def test_requests_cost_the_same_on_a_long_worklist(lists):
    few, many = lists
    for name in requests_of(few):
        short = statements(few, requests_of(few)[name])
        long = statements(many, requests_of(many)[name])
        assert len(short) == len(long), name
        for work in costs(many, long):
            assert "Seq Scan annotations_assignment" not in work.scans, name
            assert work.n_rows <= MAX_ROWS, (name, work)


def test_a_page_from_the_middle_of_a_long_list_reads_few_rows(lists):
    _, many = lists
    middle = Assignment.objects.get(reader=many, position=3 * MANY // 4)
    place = json.dumps([middle.batch_id, middle.position]).encode()
    after = base64.urlsafe_b64encode(place).decode().rstrip("=")
    for state in ("", "state=open&"):
        address = f"/api/assignments/?{state}limit=50&after={after}"
        for work in costs(many, statements(many, address)):
            assert work.n_rows <= MAX_ROWS, work
