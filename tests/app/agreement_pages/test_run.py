"""The progress of an agreement run, as polled by the page."""

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

FINISHED = {"text": "", "n_done": 0, "n_total": 0, "is_over": True}
NOTHING_NEWER = "The computation has finished. There are no newer results."


@pytest.fixture
def run(batch, davi, now):
    scope = Scope(batch.study_id, batch.pk)
    return runs.request(scope=scope, requested_by=davi, now=now)


def poll(client, batch, version=1):
    response = client.get(f"{addresses(batch)[0]}run/?version={version}")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.json()


def test_progress_has_stage_and_counts(signed_in, davi, batch, run):
    AgreementRun.objects.filter(pk=run.pk).update(
        stage=RunStage.COUNTING, n_done=3, n_total=8, n_attempts=2, failure="KeyError"
    )
    assert poll(signed_in(davi), batch) == {
        "lead": "A new version is being computed.",
        "text": "Counting new readings · 2 attempts failed",
        "n_done": 3, "n_total": 8, "is_over": False, "is_newer": False,
    }  # fmt: skip


def test_progress_says_that_the_run_is_stopping(signed_in, davi, batch, run, now):
    AgreementRun.objects.filter(pk=run.pk).update(
        stage=RunStage.COMPUTING, cancelled_at=now, cancelled_by=davi
    )
    assert poll(signed_in(davi), batch)["text"] == "Computing · stopping"


def test_progress_names_a_change_of_data_as_the_cause(signed_in, davi, batch, now):
    runs.note_change(Scope(batch.study_id, batch.pk), now=now)
    assert poll(signed_in(davi), batch)["lead"].startswith("The data have changed")


def test_progress_announces_a_newer_version(signed_in, davi, batch):
    assert poll(signed_in(davi), batch, version=0) == {
        **FINISHED, "lead": "Version 1 has been computed.", "is_newer": True,
    }  # fmt: skip


@pytest.mark.parametrize("version", ["1", "2", "99999999999999999999", ""])
def test_progress_says_that_nothing_changed(signed_in, davi, batch, version):
    progress = poll(signed_in(davi), batch, version)
    assert progress == {**FINISHED, "lead": progress["lead"], "is_newer": version == ""}


def test_a_newer_version_is_announced_during_the_next_run(signed_in, davi, batch, run):
    progress = poll(signed_in(davi), batch, version=0)
    assert (progress["is_newer"], progress["is_over"]) == (True, False)


def test_the_study_has_its_own_progress(signed_in, davi, batch, run):
    address = addresses(batch)[1]
    assert signed_in(davi).get(f"{address}run/?version=1").json()["lead"] == NOTHING_NEWER


def test_a_coordinator_who_reads_in_the_study_sees_no_progress(
    signed_in, davi, batch, run, make_batch, make_exam
):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    assert poll(signed_in(davi), batch, version=0) == {
        **FINISHED, "lead": NOTHING_NEWER, "is_newer": False,
    }  # fmt: skip


def test_a_batch_with_hidden_results_shows_no_progress(signed_in, davi, make_batch, submit, now):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, AF)
    while refresh.work_next(now=now + timedelta(hours=1)):
        pass
    runs.request(scope=Scope(batch.study_id, batch.pk), requested_by=davi, now=now)
    assert poll(signed_in(davi), batch, version=0)["lead"] == NOTHING_NEWER


def test_polling_loads_no_results_and_is_not_recorded_as_seen(signed_in, davi, batch, run):
    client = signed_in(davi)
    with CaptureQueriesContext(connection) as queries:
        poll(client, batch)
    assert not ResultsSeen.objects.filter(user=davi).exists()
    assert not [query for query in queries if '"results"' in query["sql"]]


def test_a_page_with_a_run_polls_its_progress(signed_in, davi, batch, run):
    page = signed_in(davi).get(addresses(batch)[0]).content.decode()
    assert f'data-url="{addresses(batch)[0]}run/?version=1"' in page
    assert "js/agreement/run.js" in page
    assert ">Reload</a>" in page


def test_a_page_without_a_run_does_not_poll(signed_in, davi, batch):
    page = signed_in(davi).get(addresses(batch)[0]).content.decode()
    assert 'data-part="run"' not in page


def test_an_empty_page_polls_too(signed_in, davi, make_batch, submit, close):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, AF)
    close(batch)
    runs.request(scope=Scope(batch.study_id, batch.pk), requested_by=davi, now=batch.created_at)
    page = signed_in(davi).get(addresses(batch)[0]).content.decode()
    assert f'data-url="{addresses(batch)[0]}run/?version=0"' in page
    assert page.count("Reload") == 1
