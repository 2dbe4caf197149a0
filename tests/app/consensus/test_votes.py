"""Each reader has one vote per exam, and votes are read consistently while batches close."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from annotations.models import AgreementReport, AgreementRun, Batch, Consensus, Study
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import adjudications, inputs, labels
from annotations.services.export import archive
from tests.app.kept import kept

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"


def compute_due(now):
    while labels.refresh_next(now=now):
        pass


def test_a_reader_of_an_exam_in_two_batches_has_one_vote(
    make_batch, make_exam, submit, close, ana, now
):
    exam = make_exam()
    for _ in range(2):
        batch = make_batch([exam], [ana])
        submit(batch.assignments.get(), AF)
        close(batch)
    compute_due(now)
    row = Consensus.objects.get()
    assert (row.outcome, row.n_readings) == ("incomplete", 1)


def test_the_first_reading_votes(make_batch, make_exam, submit, close, ana, bruno, now):
    exam = make_exam()
    first = make_batch([exam], [ana, bruno])
    again = make_batch([exam], [ana])
    submit(again.assignments.get(), FLUTTER)
    for assignment in first.assignments.all():
        submit(assignment, AF)
    close(first)
    close(again)
    compute_due(now)
    votes = Consensus.objects.get().labels.values_list("diagnostic_class__code", "n_positive")
    assert dict(votes) == {AF: 1, FLUTTER: 1}


def test_a_batch_of_a_long_name_can_be_adjudicated(
    make_batch, submit, close, ana, bruno, clara, davi, now
):
    batch = make_batch(name="B" * 120)
    submit(batch.assignments.get(reader=ana), AF)
    submit(batch.assignments.get(reader=bruno), FLUTTER)
    close(batch)
    sent = adjudications.send_disputed(batch_id=batch.pk, readers=[clara], created_by=davi, now=now)
    assert sent.name.endswith("B, adjudication")


@kept
def two_studies_due(make_batch, make_study, close, davi, now, ana, make_exam):
    """Closed batches of two studies, in the order in which their consensus is computed."""
    first = close(make_batch())
    other = batches.create(
        study=make_study(name="Evening list"), name="Batch 1",
        exams=[make_exam()], readers=[ana], created_by=davi, now=now,
    )  # fmt: skip
    return first, close(other)


@pytest.mark.django_db(transaction=True)
def test_a_study_locked_by_another_worker_is_skipped(two_studies_due, now):
    locked, free = two_studies_due
    lock_taken, done = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                Study.objects.select_for_update(no_key=True).get(pk=locked.study_id)
                lock_taken.set()
                done.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(hold)
        try:
            assert lock_taken.wait(30)
            with connection.cursor() as cursor:
                cursor.execute("set lock_timeout = '500ms'")
            assert labels.refresh_next(now=now)
        finally:
            done.set()
            holding.result()
            connection.close()
    locked.refresh_from_db()
    free.refresh_from_db()
    assert (locked.consensus_is_due, locked.n_consensus_attempts) == (True, 0)
    assert not free.consensus_is_due


def test_a_study_finished_by_another_worker_is_not_computed_again(
    make_batch, close, now, monkeypatch
):
    close(make_batch())
    original = Batch.objects.filter
    computed = []

    def count_the_attempt(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("UPDATE") and "n_consensus_attempts" in sql:
            # Another worker finishes between the claim and the computation.
            original().update(consensus_is_due=False)
        return result

    monkeypatch.setattr(labels, "compute", lambda **options: computed.append(options))
    with connection.execute_wrapper(without_recursion(count_the_attempt)):
        assert labels.refresh_next(now=now)
    assert computed == []


def without_recursion(wrapper):
    """Wrap a query wrapper so that it ignores its own queries."""
    is_inside = False

    def once(execute, sql, params, many, context):
        nonlocal is_inside
        if is_inside:
            return execute(sql, params, many, context)
        is_inside = True
        try:
            return wrapper(execute, sql, params, many, context)
        finally:
            is_inside = False

    return once


def test_a_changed_consensus_requests_reports_of_batches_and_study(
    make_batch, study, submit, close, now
):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, AF)
    close(batch)
    AgreementRun.objects.all().delete()
    compute_due(now)
    requested = AgreementRun.objects.unfinished().filter(study=study)
    assert set(requested.values_list("batch", flat=True)) == {batch.pk, None}


def close_with_lock_timeout(batch, davi, now):
    """Close ``batch`` on another connection; raise if a lock delays it by 100 ms."""

    def close():
        try:
            with connection.cursor() as cursor:
                cursor.execute("set lock_timeout = '100ms'")
            batches.close(batch_id=batch.pk, closed_by=davi, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(close).result()


@pytest.mark.django_db(transaction=True)
def test_a_batch_cannot_be_closed_while_consensus_is_computed(
    make_batch, study, davi, now, monkeypatch
):
    batch = make_batch()
    original = inputs.changed

    def close_then_load(*args):
        with pytest.raises(OperationalError, match="lock timeout"):
            close_with_lock_timeout(batch, davi, now)
        return original(*args)

    monkeypatch.setattr(inputs, "changed", close_then_load)
    labels.compute(study=study, now=now)
    assert Batch.objects.get().is_open


@pytest.mark.django_db(transaction=True)
def test_an_export_is_a_snapshot_and_blocks_nobody(make_batch, study, davi, now, monkeypatch):
    batch = make_batch()
    original = archive.TABLES["readings.csv"]

    def readings(study):
        close_with_lock_timeout(batch, davi, now)
        return original(study)

    monkeypatch.setitem(archive.TABLES, "readings.csv", readings)
    before = archive.contents(study=study, now=now)
    # The export doesn't delay the closing, and contains the data from before it.
    assert not Batch.objects.get().is_open
    assert before["readings.csv"].count(b"\n") == 1


@pytest.mark.django_db(transaction=True)
def test_an_export_and_a_worker_do_not_deadlock(make_batch, study, submit, close, monkeypatch, now):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, AF)
    refresh.refresh(batch=close(batch), now=now)
    Batch.objects.update(agreement_is_due=True)
    has_written = threading.Event()
    original = refresh._settle

    def settle_late(*args):
        if threading.current_thread() is not threading.main_thread():
            has_written.set()
            wait_for_a_blocked_statement()
        original(*args)

    def work():
        try:
            return refresh.refresh_next(now=now)
        finally:
            connection.close()

    monkeypatch.setattr(refresh, "_settle", settle_late)
    with ThreadPoolExecutor(1) as thread:
        worker = thread.submit(work)
        assert has_written.wait(30)
        archive.contents(study=study, now=now)
        assert worker.result()
    assert AgreementReport.objects.count() == 1


def wait_for_a_blocked_statement():
    """Return once a statement in this database waits for a lock."""
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "select 1 from pg_stat_activity"
                " where wait_event_type = 'Lock' and datname = current_database()"
            )
            if cursor.fetchone():
                return
    raise TimeoutError
