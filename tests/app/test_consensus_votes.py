"""Who votes, and what a consensus must not miss: one voice per reader, no batch half counted."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection

from annotations.models import AgreementReport, Batch, Consensus
from annotations.services import adjudications, agreement, batches, consensus, export, export_tables

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"


def settle(now):
    while consensus.refresh_next(now=now):
        pass


def test_who_reads_an_exam_twice_has_one_vote(make_batch, make_exam, submit, close, ana, now):
    exam = make_exam()
    for _ in range(2):
        batch = make_batch([exam], [ana])
        submit(batch.assignments.get(), AF)
        close(batch)
    settle(now)
    found = Consensus.objects.get()
    assert (found.outcome, found.n_readings) == ("undecided", 1)


def test_the_first_reading_is_the_vote(make_batch, make_exam, submit, close, ana, bruno, now):
    exam = make_exam()
    first = make_batch([exam], [ana, bruno])
    again = make_batch([exam], [ana])
    submit(again.assignments.get(), FLUTTER)
    for assignment in first.assignments.all():
        submit(assignment, AF)
    close(first)
    close(again)
    settle(now)
    votes = Consensus.objects.get().labels.values_list("diagnostic_class__code", "n_positive")
    assert dict(votes) == {AF: 1, FLUTTER: 1}


def test_a_batch_of_a_long_name_can_be_adjudicated(
    make_batch, submit, close, ana, bruno, clara, davi, now
):
    batch = make_batch(name="B" * 120)
    submit(batch.assignments.get(reader=ana), AF)
    submit(batch.assignments.get(reader=bruno), FLUTTER)
    close(batch)
    sent = adjudications.send_undecided(
        batch_id=batch.pk, readers=[clara], created_by=davi, now=now
    )
    assert sent.name.endswith("B, adjudication")


def close_impatiently(batch, davi, now):
    """Close ``batch`` in another connection, unless somebody's lock is in the way."""

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
def test_no_batch_ends_while_a_consensus_is_computed(make_batch, study, davi, now, monkeypatch):
    batch = make_batch()
    real = consensus._votes

    def found(study):
        with pytest.raises(OperationalError, match="lock timeout"):
            close_impatiently(batch, davi, now)
        return real(study)

    monkeypatch.setattr(consensus, "_votes", found)
    consensus.compute(study=study, now=now)
    assert Batch.objects.get().is_open


@pytest.mark.django_db(transaction=True)
def test_no_batch_ends_between_two_tables_of_an_export(make_batch, study, davi, now, monkeypatch):
    batch = make_batch()
    real = export_tables.taxonomy

    def taxonomy(study):
        with pytest.raises(OperationalError, match="lock timeout"):
            close_impatiently(batch, davi, now)
        return real(study)

    monkeypatch.setattr(export_tables, "taxonomy", taxonomy)
    export.contents(study=study, now=now)
    assert Batch.objects.get().is_open


@pytest.mark.django_db(transaction=True)
def test_an_export_and_a_worker_never_wait_for_each_other(
    make_batch, study, submit, close, monkeypatch, now
):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, AF)
    agreement.refresh(batch=close(batch), now=now)
    Batch.objects.update(agreement_is_due=True)
    has_written = threading.Event()
    real = agreement._settle

    def settle_late(*args):
        if threading.current_thread() is not threading.main_thread():
            has_written.set()
            wait_until_somebody_waits()
        real(*args)

    def work():
        try:
            return agreement.refresh_next(now=now)
        finally:
            connection.close()

    monkeypatch.setattr(agreement, "_settle", settle_late)
    with ThreadPoolExecutor(1) as thread:
        worker = thread.submit(work)
        assert has_written.wait(30)
        export.contents(study=study, now=now)
        assert worker.result()
    assert AgreementReport.objects.count() == 1


def wait_until_somebody_waits():
    """Return when a statement in this database waits for somebody's lock."""
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
