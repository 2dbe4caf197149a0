"""The query plan for loading the findings that vote."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.models import Scope, Study
from annotations.services.counts import finding_votes
from tests.app.agreement_pages.pages import AF
from tests.app.assignment.test_leases_plans import nodes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("of_a_study", [True, False])
def test_the_query_plan_visits_readings_twice_whatever_statistics_say(
    make_batch, submit, of_a_study
):
    """The query visits a reading once for itself and once for its correction.

    An earlier query used ``reading__in``. With table statistics from empty tables, PostgreSQL took
    two minutes for 60 exams.
    """
    batch = make_batch()
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, AF)
    study = Study.objects.select_related("taxonomy").get(pk=batch.study_id)
    scope = Scope(study.pk) if of_a_study else Scope(study.pk, batch.pk)
    with CaptureQueriesContext(connection) as captured:
        votes = list(finding_votes.findings(scope, study if of_a_study else None))
    assert len(votes) == batch.assignments.count()
    tables = [
        node.get("Relation Name") for node in plan_nodes(captured.captured_queries[-1]["sql"])
    ]
    assert tables.count("annotations_reading") == 2


def plan_nodes(sql: str) -> list[dict[str, Any]]:
    """Return the plan nodes of a query that ran through a server-side cursor."""
    with connection.cursor() as cursor:
        cursor.execute("explain (format json) " + sql[sql.index("SELECT") :].replace("%", "%%"))
        (explained,) = cursor.fetchone()
    explained = json.loads(explained) if isinstance(explained, str) else explained
    return list(nodes(explained[0]["Plan"]))
