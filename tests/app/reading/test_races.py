"""Concurrent requests: locks in PostgreSQL decide which one comes first."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from annotations import desk_payloads
from annotations.models import (
    Assignment,
    AuditEvent,
    Batch,
    Consensus,
    Draft,
    Exam,
    Reading,
    SuggestionModel,
    SuggestionRun,
)
from annotations.services import audit
from annotations.services.agreement import refresh as agreement_refresh
from annotations.services.agreement import results
from annotations.services.assignment import batches, deferrals, guards, qualification
from annotations.services.consensus import labels
from annotations.services.imports import recordings
from annotations.services.reading import content, corrections, drafts
from annotations.services.reading import signing as reading_signing
from annotations.services.refusals import NameTaken
from annotations.services.studies import lifecycle
from annotations.services.suggestions import offers
from annotations.services.taxonomy import versions
from ecgreview.protocol import Protocol
from tests.app import signing
from tests.domain.ecg import signals, wfdb_files
from tests.sizes import size

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """Run each function in its own thread, started together; return results or exceptions."""
    ready = threading.Barrier(len(functions), timeout=30)

    def run(function: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            ready.wait()
            return function()
        except (Exception, threading.BrokenBarrierError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(functions)) as threads:
        return list(threads.map(run, functions))


def sign(
    assignment: Assignment,
    now,
    key: uuid.UUID,
    comment: str = "",
    supersedes: uuid.UUID | None = None,
) -> reading_signing.Submission:
    return signing.submit_reading(
        assignment_id=assignment.pk,
        reader=assignment.reader,
        based_on=0,
        findings=[content.FindingIn("artifact", "definite")],
        quality="good",
        comment=comment,
        idempotency_key=key,
        active_ms=0,
        display={},
        now=now,
        supersedes=supersedes,
    )


def test_the_queue_position_comes_from_one_snapshot(make_batch, make_exam, ana, now):
    batch = make_batch([make_exam() for _ in range(9)], [ana])
    *others, last = batch.assignments.all().in_reading_order()

    def sign_one_more_after(execute, *query):
        answer = execute(*query)
        if others:
            at_once(lambda: sign(others.pop(0), now, uuid.uuid4()))
        return answer

    with connection.execute_wrapper(sign_one_more_after):
        queue = desk_payloads.assignment_payload(last, ana, now=now)["queue"]

    assert (queue["position"], queue["total"]) == (9, 9)


@pytest.mark.parametrize("attempt", range(size(2, 5)))
def test_two_tabs_submit_one_reading(assign, ana, now, attempt):
    assignment = assign(ana)
    results = at_once(*[lambda: sign(assignment, now, uuid.uuid4())] * 4)
    refused = [result for result in results if isinstance(result, guards.AlreadySubmitted)]
    assert (len(refused), Reading.objects.count()) == (3, 1)


@pytest.mark.parametrize("attempt", range(size(2, 5)))
def test_one_key_sent_twice_at_once_makes_one_reading(assign, ana, now, attempt):
    assignment, key = assign(ana), uuid.uuid4()
    results = at_once(*[lambda: sign(assignment, now, key)] * 4)
    assert sorted(result.is_repeat for result in results) == [False, True, True, True]
    assert Reading.objects.count() == 1


def test_one_key_for_two_assignments_at_once_makes_one_reading(assign, ana, now):
    first, second, key = assign(ana), assign(ana), uuid.uuid4()
    results = at_once(lambda: sign(first, now, key), lambda: sign(second, now, key))
    assert sum(isinstance(result, reading_signing.KeyReused) for result in results) == 1
    assert Reading.objects.count() == 1


@pytest.mark.parametrize("attempt", range(size(2, 5)))
def test_a_reading_is_stored_before_its_batch_closes_or_refused(assign, ana, davi, now, attempt):
    assignment = assign(ana)
    submitted, closed = at_once(
        lambda: sign(assignment, now, uuid.uuid4()),
        lambda: batches.close(batch_id=assignment.batch_id, closed_by=davi, now=now),
    )
    assert isinstance(closed, Batch)
    is_in = not isinstance(submitted, guards.BatchClosed)
    assert Reading.objects.exists() == is_in
    # Whichever request was first, the agreement of the batch is due.
    assert Batch.objects.get().agreement_is_due


def test_a_batch_closed_during_a_submission_refuses_it(assign, ana, davi, now, monkeypatch):
    assign(ana)  # in another batch, which stays open
    assignment, settle = assign(ana), qualification.settle

    def close_and_settle(*args, **named):
        (closed,) = at_once(
            lambda: batches.close(batch_id=assignment.batch_id, closed_by=davi, now=now)
        )
        assert isinstance(closed, Batch)
        settle(*args, **named)

    monkeypatch.setattr(qualification, "settle", close_and_settle)
    with pytest.raises(guards.BatchClosed):
        sign(assignment, now, uuid.uuid4())
    assert not Reading.objects.exists()


def test_two_tabs_save_one_draft(assign, ana, now):
    assignment = assign(ana)

    def save(text: str) -> Draft:
        return drafts.save(
            assignment_id=assignment.pk, reader=ana, based_on=0, content={"comment": text}, now=now
        )

    results = at_once(lambda: save("left"), lambda: save("right"))
    assert sum(isinstance(result, drafts.StaleDraft) for result in results) == 1
    assert Draft.objects.get().version == 1


def test_only_one_of_two_requests_closes_a_batch(make_batch, davi, now):
    batch = make_batch()
    results = at_once(*[lambda: batches.close(batch_id=batch.pk, closed_by=davi, now=now)] * 2)
    assert sum(isinstance(result, batches.AlreadyClosed) for result in results) == 1


def test_the_agreement_never_misses_a_reading(make_batch, make_exam, ana, bruno, now):
    batch = make_batch([make_exam() for _ in range(6)])
    anas = list(batch.assignments.filter(reader=ana).select_related("reader"))
    brunos = list(batch.assignments.filter(reader=bruno).select_related("reader"))

    def read(assignments):
        return [sign(assignment, now, uuid.uuid4()) for assignment in assignments]

    def refresh():
        return [agreement_refresh.refresh_next(now=now) for _ in range(8)]

    results = at_once(lambda: read(anas), lambda: read(brunos), refresh, refresh)
    assert not [result for result in results if isinstance(result, Exception)]
    while agreement_refresh.refresh_next(now=now):
        pass
    batch.refresh_from_db()
    assert batch.agreement_reports.newest().get().n_readings == 12


def test_a_batch_being_refreshed_is_skipped_by_other_workers(assign, ana, now, monkeypatch):
    sign(assign(ana), now, uuid.uuid4())
    real = results.coefficients
    results_of_others = []

    def compute(*args):
        (result,) = at_once(lambda: agreement_refresh.refresh_next(now=now))
        results_of_others.append(result)
        return real(*args)

    monkeypatch.setattr(results, "coefficients", compute)
    agreement_refresh.refresh_next(now=now)
    assert results_of_others == [False]


def test_two_workers_make_one_consensus(make_batch, study, submit, close, now):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "artifact")
    close(batch)
    results = at_once(*[lambda: labels.compute(study=study, now=now)] * 3)
    assert results == [None] * 3
    assert Consensus.objects.count() == 1


def test_two_imports_of_one_folder_store_each_exam_once(tmp_path, now):
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        wfdb_files.write(tmp_path / str(number), values=signals.heartbeats() + number)

    def run():
        return recordings.import_path(
            path=tmp_path, dataset_name="Ward 3", started_by=None, now=now
        )

    first, second = at_once(run, run)
    assert first.n_imported + second.n_imported == first.n_known + second.n_known == 4
    assert Exam.objects.count() == 4


def test_only_one_of_two_studies_gets_the_name(taxonomy, davi, now):
    def create():
        protocol = Protocol(name="Evening list", taxonomy=str(taxonomy))
        return lifecycle.create(protocol=protocol, created_by=davi, now=now)

    results = at_once(create, create)
    assert sum(isinstance(result, NameTaken) for result in results) == 1


def test_only_one_of_two_batches_gets_the_name(make_batch, make_exam, ana):
    exam = make_exam()
    results = at_once(*[lambda: make_batch([exam], [ana], "Monday")] * 2)
    assert sum(isinstance(result, NameTaken) for result in results) == 1


def test_two_installers_install_one_taxonomy(now):
    first, second = at_once(*[lambda: versions.install(now=now)] * 2)
    assert first == second


@pytest.mark.parametrize("attempt", range(size(2, 5)))
def test_two_tabs_correct_a_reading_once(assign, ana, now, attempt):
    assignment, key = assign(ana), uuid.uuid4()
    sign(assignment, now, key)
    results = at_once(*[lambda: sign(assignment, now, uuid.uuid4(), supersedes=key)] * 4)
    refused = [result for result in results if isinstance(result, corrections.NotTheLatest)]
    assert (len(refused), Reading.objects.count()) == (3, 2)
    assert Reading.objects.effective().count() == 1


@pytest.mark.parametrize("attempt", range(size(2, 5)))
def test_a_correction_and_showing_suggestions_exclude_each_other(assign, ana, now, attempt):
    assignment, key = assign(ana), uuid.uuid4()
    first = sign(assignment, now, key).reading
    model = SuggestionModel.objects.create(
        name="m", version="1", covered_classes=[], created_at=now
    )
    SuggestionRun.objects.create(
        exam=assignment.exam, model=model, requested_at=now, finished_at=now
    )
    assignment.refresh_from_db()
    run, corrected = at_once(
        lambda: offers.show(assignment=assignment, now=now),
        lambda: sign(assignment, now, uuid.uuid4(), supersedes=key),
    )
    assert isinstance(run, SuggestionRun)
    assert isinstance(corrected, reading_signing.Submission | corrections.ReadingFinal)
    is_superseded = Reading.objects.filter(supersedes=first).exists()
    assert is_superseded == isinstance(corrected, reading_signing.Submission)


def test_an_exam_deferred_during_its_submission_is_submitted(assign, ana, now):
    assignment = assign(ana)
    results = at_once(
        lambda: sign(assignment, now, uuid.uuid4()),
        lambda: deferrals.defer(assignment_id=assignment.pk, reader=ana, now=now),
    )
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(result, guards.AlreadySubmitted) for result in refused)
    assert Reading.objects.count() == 1


@pytest.mark.parametrize("attempt", range(size(2, 3)))
def test_two_tabs_defer_an_exam_once(assign, ana, now, attempt):
    assignment = assign(ana)
    at_once(*[lambda: deferrals.defer(assignment_id=assignment.pk, reader=ana, now=now)] * 4)
    events = AuditEvent.objects.filter(action=audit.Action.ASSIGNMENT_DEFERRED)
    assert events.count() == 1
