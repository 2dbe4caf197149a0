"""A refresh gathers its inputs once, computes without the database, then stores the report."""

from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations import services
from annotations.models import AgreementReport, DetailKind, Scope
from annotations.services.agreement import inputs, refresh, results
from annotations.services.counts import live
from ecgreview.agreement.accuracy import reader_profiles, suggestion_effect
from tests.app.agreement_pages.pages import AF

pytestmark = pytest.mark.django_db

ROOMS = Path(services.__file__).parent
MAX_MODULES = 12

ROWS_OF_READINGS = re.compile(
    r'^(?!select count\(|select 1 )select .*"annotations_reading"\."id"', re.I
)
"""Matches SQL that loads rows of readings, but not counts and existence checks."""


@pytest.fixture
def counted_batch(arms_batch, now):
    """The batch, with all its readings counted."""
    live.count_all(Scope(arms_batch.study_id, arms_batch.pk), now=now)
    live.count_all(Scope(arms_batch.study_id), now=now)
    return arms_batch


@pytest.fixture(params=["batch", "study"])
def scope(request, counted_batch):
    return Scope(counted_batch.study_id, counted_batch.pk if request.param == "batch" else None)


def refresh_scope(scope, batch, now):
    if scope.is_study:
        return refresh.refresh_study(study=batch.study, now=now)
    return refresh.refresh(batch=batch, now=now)


def modules_entered(action):
    """Return the service modules in which ``action`` calls a function."""
    entered = set()

    def note(frame, event, _arg):
        if event == "call":
            entered.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    paths = (Path(name) for name in entered)
    return {str(path.relative_to(ROOMS)) for path in paths if path.is_relative_to(ROOMS)}


def test_a_refresh_enters_at_most_twelve_modules(scope, counted_batch, now):
    entered = modules_entered(lambda: refresh_scope(scope, counted_batch, now))
    assert {"agreement/inputs.py", "agreement/results.py", "agreement/versions.py"} < entered
    assert len(entered) <= MAX_MODULES, sorted(entered)


def test_computing_makes_no_query(scope, django_assert_num_queries):
    gathered = inputs.gather(scope, software="1")
    with django_assert_num_queries(0):
        coefficients = results.coefficients(gathered.counts, gathered.groups)
        detail_rows = list(
            results.details(
                gathered,
                {},
                progress=lambda *_: None,
                gather_reader=partial(inputs.gather_reader, scope),
            )
        )
    assert coefficients["classes"]
    assert {detail.kind for detail in detail_rows} == set(DetailKind)
    assert all(detail.results for detail in detail_rows)


def test_a_refresh_loads_readings_once(scope, counted_batch, now):
    with CaptureQueriesContext(connection) as queries:
        report = refresh_scope(scope, counted_batch, now)
    assert report.details.count() == len(DetailKind) - 1 + 3
    loads = [query["sql"] for query in queries if ROWS_OF_READINGS.match(query["sql"])]
    by_conditions = Counter(sql[sql.index(" FROM ") :] for sql in loads)
    assert loads
    assert set(by_conditions.values()) == {1}
    # Two loads rank readings by "turn": the reading matrix and the adjudicators' readings.
    assert sum('AS "turn"' in sql for sql in loads) == 2


def test_the_number_of_readers_does_not_change_the_number_of_loads(
    make_batch, make_exam, ana, bruno, carla, sign, close, now
):
    def n_statements(readers, name):
        batch = make_batch([make_exam(), make_exam()], readers, name)
        for assignment in batch.assignments.select_related("reader"):
            sign(assignment, AF)
        close(batch)
        live.count_all(Scope(batch.study_id, batch.pk), now=now)
        with CaptureQueriesContext(connection) as queries:
            inputs.gather(Scope(batch.study_id, batch.pk), software="")
        return len(queries)

    assert n_statements([ana, bruno], "Two") == n_statements([ana, bruno, carla], "Three")


def test_a_second_refresh_computes_nothing(scope, counted_batch, now, monkeypatch):
    first = refresh_scope(scope, counted_batch, now)
    monkeypatch.setattr(results, "coefficients", None)
    monkeypatch.setattr(reader_profiles, "profile", None)
    monkeypatch.setattr(suggestion_effect, "compare", None)
    assert refresh_scope(scope, counted_batch, now + timedelta(hours=1)) == first
    assert AgreementReport.objects.of_scope(scope).count() == 1
