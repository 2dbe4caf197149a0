"""The agreement page: report versions, and buttons to start and cancel a run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations import tasks
from annotations.models import (
    AgreementReport,
    AgreementRun,
    Role,
    Scope,
)
from annotations.services.agreement import refresh
from annotations.services.counts import runs as counts_runs
from annotations.services.people import roles
from ecgreview import agreement as domain
from tests.app.agreement_pages.pages import AF, PVC, addresses

pytestmark = pytest.mark.django_db


def test_pages_use_the_stored_report(signed_in, davi, batch, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("recomputed")

    monkeypatch.setattr(domain, "report", refuse)
    monkeypatch.setattr(domain, "pair_lines", refuse)
    for address in addresses(batch):
        for part in ("", "readers/", "exams/", "file/?format=json"):
            assert signed_in(davi).get(address + part).status_code == 200


def test_the_number_of_statements_does_not_grow_with_exams(
    signed_in, davi, batch, make_batch, make_exam, submit, close, ana, bruno, now
):
    def n_statements(batch):
        return {part: n_statements_of(batch, part) for part in
                ("", "readers/", "exams/?said=any", "pair/?first=1&second=2")}  # fmt: skip

    def n_statements_of(batch, part):
        address = f"/batches/{batch.pk}/agreement/{part}"
        client = signed_in(davi)
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    larger = make_batch([make_exam() for _ in range(12)], [ana, bruno])
    for assignment in larger.assignments.all():
        submit(assignment, AF, PVC)
    close(larger)
    while refresh.work_next(now=now + timedelta(hours=2)):
        pass
    assert n_statements(larger) == n_statements(batch)


def test_a_coordinator_can_request_a_run(signed_in, davi, batch, nudged_tasks):
    for address in addresses(batch):
        assert signed_in(davi).post(f"{address}computing/").status_code == 302
    runs = AgreementRun.objects.unfinished()
    assert {(run.scope, run.requested_by) for run in runs} == {
        (Scope(batch.study_id, batch.pk), davi), (Scope(batch.study_id), davi),
    }  # fmt: skip
    assert nudged_tasks == [tasks.refresh_agreement] * 2
    assert "A new version is being computed." in signed_in(davi).get(address).content.decode()


def test_a_run_can_be_canceled(signed_in, davi, batch):
    address = addresses(batch)[0]
    client = signed_in(davi)
    client.post(f"{address}computing/")
    assert "Stop" in client.get(address).content.decode()
    client.post(f"{address}cancelling/")
    run = AgreementRun.objects.of_scope(Scope(batch.study_id, batch.pk)).latest("pk")
    assert (run.cancelled_by, run.is_finished) == (davi, True)
    assert "Nothing is being computed." in client.post(
        f"{address}cancelling/", follow=True
    ).content.decode()  # fmt: skip


def test_the_empty_page_can_request_a_run_after_one_was_canceled(
    signed_in, davi, make_batch, submit, close
):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, AF)
    close(batch)
    address = f"/batches/{batch.pk}/agreement/"
    client = signed_in(davi)
    assert "Being computed" in client.get(address).content.decode()
    client.post(f"{address}computing/")
    client.post(f"{address}cancelling/")
    page = client.get(address).content.decode()
    assert ("Nothing to compare yet" in page, f'action="{address}computing/"' in page) == (
        True, True,
    )  # fmt: skip


def test_a_run_for_hidden_results_is_refused(signed_in, davi, make_batch):
    batch, earlier = make_batch(), set(AgreementRun.objects.values_list("pk", flat=True))
    page = signed_in(davi).post(f"/batches/{batch.pk}/agreement/computing/", follow=True)
    assert "This agreement is not visible to you yet." in page.content.decode()
    assert set(AgreementRun.objects.values_list("pk", flat=True)) == earlier


def test_a_coordinator_who_reads_in_the_study_cannot_request_a_run(
    signed_in, davi, batch, make_batch, make_exam, nudged_tasks
):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    for address in addresses(batch):
        signed_in(davi).post(f"{address}computing/")
    assert (AgreementRun.objects.filter(requested_by=davi).exists(), nudged_tasks) == (False, [])


@pytest.fixture
def second_version(batch, report, now):
    """A second version of the report, computed with another version of the method."""
    return AgreementReport.objects.create(
        study=batch.study, batch=batch, number=report.number + 1, taxonomy=report.taxonomy,
        protocol_version=1, method_version="4", inputs_digest="f" * 64, computed_at=now,
        checked_at=now, n_readings=report.n_readings, results=report.results,
    )  # fmt: skip


def test_older_versions_can_be_opened(signed_in, davi, batch, second_version):
    address = addresses(batch)[0]
    client = signed_in(davi)
    assert client.get(address).context["report"] == second_version
    older = client.get(f"{address}?version=1")
    assert older.context["report"].number == 1
    assert "This is version 1, not the latest." in older.content.decode()


def test_a_page_states_the_method(signed_in, davi, batch, report):
    page = signed_in(davi).get(addresses(batch)[0]).content.decode()
    method = report.results["method"]
    assert report.inputs_digest in page
    assert (
        f"from {method['n_replicates']:,} bootstrap replicates with seed {method['seed']}" in page
    )


def test_canceling_a_finished_run_shows_a_message(signed_in, davi, batch, monkeypatch):
    def finished(**_):
        raise counts_runs.RunFinished

    address = addresses(batch)[0]
    client = signed_in(davi)
    client.post(f"{address}computing/")
    monkeypatch.setattr(counts_runs, "cancel", finished)
    assert "Nothing is being computed." in client.post(
        f"{address}cancelling/", follow=True
    ).content.decode()  # fmt: skip
