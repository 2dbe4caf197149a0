"""How far a computation is: what a page that asks again is told, and who is told nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.models import AgreementRun, ResultsSeen, Role, RunStage, Scope
from annotations.services.agreement import refresh
from annotations.services.counts import runs
from annotations.services.people import roles
from tests.app.agreement_pages.pages import AF, addresses

pytestmark = pytest.mark.django_db

OVER = {"text": "", "n_done": 0, "n_total": 0, "is_over": True}
NOTHING_NEWER = "The computation has finished. There are no newer results."


@pytest.fixture
def run(batch, davi, now):
    """A computation that Davi asked for."""
    scope = Scope(batch.study_id, batch.pk)
    return runs.request(scope=scope, requested_by=davi, now=now)


def told(client, batch, version=1):
    answer = client.get(f"{addresses(batch)[0]}run/?version={version}")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.json()


def test_it_is_told_how_far_it_is(signed_in, davi, batch, run):
    AgreementRun.objects.filter(pk=run.pk).update(
        stage=RunStage.COUNTING, n_done=3, n_total=8, n_attempts=2, failure="KeyError"
    )
    assert told(signed_in(davi), batch) == {
        "lead": "A new version is being computed.",
        "text": "Counting new readings · 2 attempts failed",
        "n_done": 3, "n_total": 8, "is_over": False, "is_newer": False,
    }  # fmt: skip


def test_it_is_told_that_it_stops(signed_in, davi, batch, run, now):
    AgreementRun.objects.filter(pk=run.pk).update(
        stage=RunStage.COMPUTING, cancelled_at=now, cancelled_by=davi
    )
    assert told(signed_in(davi), batch)["text"] == "Computing · stopping"


def test_what_a_change_asked_for_is_told_as_such(signed_in, davi, batch, now):
    runs.note_change(Scope(batch.study_id, batch.pk), now=now)
    assert told(signed_in(davi), batch)["lead"].startswith("The data have changed")


def test_it_is_told_that_it_is_over_with_newer_numbers(signed_in, davi, batch):
    assert told(signed_in(davi), batch, version=0) == {
        **OVER, "lead": "Version 1 has been computed.", "is_newer": True,
    }  # fmt: skip


@pytest.mark.parametrize("version", ["1", "2", "99999999999999999999", ""])
def test_it_is_told_that_nothing_changed(signed_in, davi, batch, version):
    found = told(signed_in(davi), batch, version)
    assert found == {**OVER, "lead": found["lead"], "is_newer": version == ""}


def test_newer_numbers_are_told_of_while_the_next_ones_are_made(signed_in, davi, batch, run):
    found = told(signed_in(davi), batch, version=0)
    assert (found["is_newer"], found["is_over"]) == (True, False)


def test_the_whole_study_has_its_own(signed_in, davi, batch, run):
    address = addresses(batch)[1]
    assert signed_in(davi).get(f"{address}run/?version=1").json()["lead"] == NOTHING_NEWER


def test_who_reads_in_the_study_is_told_nothing(signed_in, davi, batch, run, make_batch, make_exam):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    assert told(signed_in(davi), batch, version=0) == {
        **OVER, "lead": NOTHING_NEWER, "is_newer": False,
    }  # fmt: skip


def test_before_the_policy_opens_a_batch_nothing_is_told(signed_in, davi, make_batch, submit, now):
    made = make_batch()
    for assignment in made.assignments.all():
        submit(assignment, AF)
    while refresh.work_next(now=now + timedelta(hours=1)):
        pass
    runs.request(scope=Scope(made.study_id, made.pk), requested_by=davi, now=now)
    assert told(signed_in(davi), made, version=0)["lead"] == NOTHING_NEWER


def test_asking_is_no_look_at_results_and_reads_none(signed_in, davi, batch, run):
    client = signed_in(davi)
    with CaptureQueriesContext(connection) as asked:
        told(client, batch)
    assert not ResultsSeen.objects.filter(user=davi).exists()
    assert not [one for one in asked if '"results"' in one["sql"]]


def test_a_page_says_where_to_ask(signed_in, davi, batch, run):
    page = signed_in(davi).get(addresses(batch)[0]).content.decode()
    assert f'data-url="{addresses(batch)[0]}run/?version=1"' in page
    assert "js/agreement/run.js" in page
    assert ">Reload</a>" in page


def test_a_page_without_a_run_does_not_ask(signed_in, davi, batch):
    page = signed_in(davi).get(addresses(batch)[0]).content.decode()
    assert 'data-part="run"' not in page


def test_an_empty_page_asks_too(signed_in, davi, make_batch, submit, close):
    made = make_batch()
    for assignment in made.assignments.all():
        submit(assignment, AF)
    close(made)
    runs.request(scope=Scope(made.study_id, made.pk), requested_by=davi, now=made.created_at)
    page = signed_in(davi).get(addresses(made)[0]).content.decode()
    assert f'data-url="{addresses(made)[0]}run/?version=0"' in page
    assert page.count("Reload") == 1
