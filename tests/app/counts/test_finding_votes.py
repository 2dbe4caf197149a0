"""How the findings of votes are asked for: reading by reading, whatever statistics say."""

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
def test_each_reading_is_looked_at_once_and_once_for_its_correction(make_batch, submit, of_a_study):
    """A condition `reading__in` took two minutes for 60 exams, when tables were thought empty."""
    batch = make_batch()
    for assignment in batch.assignments.select_related("reader"):
        submit(assignment, AF)
    study = Study.objects.select_related("taxonomy").get(pk=batch.study_id)
    scope = Scope(study.pk) if of_a_study else Scope(study.pk, batch.pk)
    with CaptureQueriesContext(connection) as asked:
        told = list(finding_votes.findings(scope, study if of_a_study else None))
    assert len(told) == batch.assignments.count()
    seen = [one.get("Relation Name") for one in plan(asked.captured_queries[-1]["sql"])]
    assert seen.count("annotations_reading") == 2


def plan(asked: str) -> list[dict[str, Any]]:
    """Return the nodes of the plan of a query that was read through a cursor of the server."""
    with connection.cursor() as cursor:
        cursor.execute("explain (format json) " + asked[asked.index("SELECT") :].replace("%", "%%"))
        (found,) = cursor.fetchone()
    found = json.loads(found) if isinstance(found, str) else found
    return list(nodes(found[0]["Plan"]))
