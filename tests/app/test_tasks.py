"""Tasks run with a real broker and worker; readings are accepted without a broker."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery.contrib.testing.worker import start_worker
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from kombu import pools

from annotations import tasks
from annotations.models import AgreementReport, AuditEvent, Batch, Consensus, SuggestionRun
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.exams import suggestion_requests
from annotations.services.people import tokens
from ecgreview.celery import app
from tests.app.kept import kept

MAX_WAIT_S = 30


def wait_until(is_so) -> bool:
    """Poll until ``is_so`` is true or ``MAX_WAIT_S`` is over; return its last value."""
    deadline = time.monotonic() + MAX_WAIT_S
    while not (result := is_so()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(result)


def forget_broker() -> None:
    """Drop pooled connections to the broker, so that the next one uses the current settings."""
    pools.reset()
    app._after_fork()  # type: ignore[attr-defined]


@pytest.fixture
def queue(monkeypatch) -> Iterator[str]:
    """A queue for this test only: parallel test runs share the broker."""
    name = f"test-{uuid.uuid4()}"
    monkeypatch.setitem(app.conf, "task_default_queue", name)
    forget_broker()
    app.amqp.__dict__.pop("queues", None)
    yield name
    with app.connection_for_write() as broker:
        broker.default_channel.queue_delete(name)  # type: ignore[attr-defined]
    monkeypatch.undo()
    app.amqp.__dict__.pop("queues", None)
    forget_broker()


@pytest.fixture
def no_broker(monkeypatch) -> Iterator[None]:
    """A broker address at which nothing listens."""
    monkeypatch.setitem(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    forget_broker()
    yield
    monkeypatch.undo()
    forget_broker()


@pytest.mark.django_db(transaction=True)
def test_a_submission_makes_a_report_through_broker_and_worker(queue, assign, ana, submit):
    assignment = assign(ana)
    with start_worker(app, pool="solo", perform_ping_check=False, queues=[queue]):
        with transaction.atomic():
            submit(assignment, "artifact")
            tasks.nudge(tasks.refresh_agreement)
        assert wait_until(lambda: AgreementReport.objects.filter(n_readings=1).exists())
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_reading_is_accepted_without_a_broker(no_broker, assign, ana, submit, caplog):
    assignment = assign(ana)
    with caplog.at_level(logging.ERROR), transaction.atomic():
        submit(assignment, "artifact")
        tasks.nudge(tasks.refresh_agreement)
    assert assignment.readings.count() == 1
    assert "on_commit" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_work_lost_by_the_broker_stays_due(no_broker, assign, ana, submit, caplog):
    assignment = assign(ana)
    with caplog.at_level(logging.ERROR), transaction.atomic():
        submit(assignment, "artifact")
        tasks.nudge(tasks.refresh_agreement)
    assert Batch.objects.get().agreement_is_due
    tasks.refresh_agreement()
    assert not Batch.objects.get().agreement_is_due


@pytest.mark.django_db
def test_a_nudge_waits_for_the_commit(assign, ana, submit, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as waiting:
        tasks.nudge(tasks.refresh_agreement)
    assert len(waiting) == 1


def test_every_scheduled_task_exists():
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled <= app.tasks.keys()


def test_the_agreement_task_drains_every_batch(assign, ana, submit):
    for _ in range(3):
        submit(assign(ana), "artifact")
    tasks.refresh_agreement()
    assert AgreementReport.objects.filter(batch__isnull=False).count() == 3
    assert AgreementReport.objects.filter(batch=None).count() == 1  # the report of their study


def test_the_consensus_task_drains_every_study(make_batch, submit, close):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "artifact")
    close(batch)
    tasks.compute_consensus()
    assert Consensus.objects.count() == 1


@kept
def two_due(assign, make_batch, make_study, ana, davi, submit, close, now):
    """Two closed batches in different studies; agreement and consensus are due."""
    first = assign(ana)
    submit(first, "artifact")
    other = batches.create(
        study=make_study(name="Evening list"), name="Batch 1",
        exams=[first.exam], readers=[ana], created_by=davi, now=now,
    )  # fmt: skip
    submit(other.assignments.get(), "artifact")
    return [close(first.batch), close(other)]


class UnexpectedError(ArithmeticError):
    """An error that the tasks do not handle specially."""


@pytest.mark.parametrize(
    ("service", "work", "flag"),
    [(refresh, "refresh", "agreement_is_due"), (labels, "compute", "consensus_is_due")],
)
def test_failing_work_does_not_block_other_work(two_due, now, monkeypatch, service, work, flag):
    bad, good = two_due
    real = getattr(service, work)

    def fail_for_bad_batch(**kwargs):
        if bad.pk in {getattr(kwargs.get("batch"), "pk", 0)} or kwargs.get("study") == bad.study:
            raise UnexpectedError
        return real(**kwargs)

    monkeypatch.setattr(service, work, fail_for_bad_batch)
    with pytest.raises(UnexpectedError):
        service.refresh_next(now=now)
    assert service.refresh_next(now=now)
    assert [getattr(Batch.objects.get(pk=batch.pk), flag) for batch in (bad, good)] == [True, False]
    with pytest.raises(UnexpectedError):  # the failed one stays due and is retried
        service.refresh_next(now=now)
    monkeypatch.setattr(service, work, real)
    assert service.refresh_next(now=now)
    assert not service.refresh_next(now=now)


def test_the_suggestions_task_drains_every_exam(taxonomy, make_exam, now):
    suggestion_requests.request(exams=[make_exam(), make_exam()], now=now)
    tasks.compute_suggestions()
    assert SuggestionRun.objects.filter(finished_at__isnull=False).count() == 2


@pytest.mark.parametrize(
    "task", [tasks.refresh_agreement, tasks.compute_consensus, tasks.compute_suggestions]
)
@pytest.mark.django_db
def test_a_task_with_nothing_due_does_nothing(task, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        task()
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_expired_sessions_are_deleted():
    for key, days in (("over", -1), ("running", 1)):
        expires = timezone.now() + timedelta(days=days)
        Session.objects.create(session_key=key, session_data="", expire_date=expires)
    tasks.clear_sessions()
    assert [session.session_key for session in Session.objects.all()] == ["running"]


def three_steps() -> tasks.Step:
    """Return a step function that is done after three calls."""
    n_left = 3

    def step(*, now: object) -> bool:
        nonlocal n_left
        n_left -= 1
        return n_left > 0

    step.n_left = lambda: n_left  # type: ignore[attr-defined]
    return step


def test_a_task_drains_what_is_due_in_one_time_slice():
    work = three_steps()
    tasks.drain(work, tasks.refresh_agreement)
    assert work.n_left() == 0  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_task_enqueues_itself_again_when_its_time_slice_is_over(
    django_capture_on_commit_callbacks,
):
    work = three_steps()
    with django_capture_on_commit_callbacks() as waiting:
        tasks.drain(work, tasks.refresh_agreement, slice_s=0)
    assert len(waiting) == 1
    assert work.n_left() == 2  # type: ignore[attr-defined]


def test_expired_tokens_are_deleted(ana):
    tokens.make(user=ana, actor=ana, now=timezone.now())
    assert tokens.delete_expired(now=timezone.now()) == 0
    assert tokens.delete_expired(now=timezone.now() + 2 * tokens.LIFETIME) == 1
