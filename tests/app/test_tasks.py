"""The tasks, with a real broker and a worker; and with no broker at all."""

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

PATIENCE_S = 30


def wait_until(is_so) -> bool:
    """Look until ``is_so`` or until nobody would wait any longer."""
    deadline = time.monotonic() + PATIENCE_S
    while not (result := is_so()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(result)


def forget_broker() -> None:
    """Drop the connections that are kept, so that the next one goes where the settings say."""
    pools.reset()
    app._after_fork()  # type: ignore[attr-defined]


@pytest.fixture
def queue(monkeypatch) -> Iterator[str]:
    """A queue of one's own: test runs side by side share the broker, not the work."""
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
    """Settings that point to where nothing listens."""
    monkeypatch.setitem(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    forget_broker()
    yield
    monkeypatch.undo()
    forget_broker()


@pytest.mark.django_db(transaction=True)
def test_a_submission_leads_to_a_report_through_broker_and_worker(queue, assign, ana, submit):
    assignment = assign(ana)
    with start_worker(app, pool="solo", perform_ping_check=False, queues=[queue]):
        with transaction.atomic():
            submit(assignment, "artifact")
            tasks.nudge(tasks.refresh_agreement)
        assert wait_until(lambda: AgreementReport.objects.filter(n_readings=1).exists())
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_reading_is_taken_all_the_same(no_broker, assign, ana, submit, caplog):
    assignment = assign(ana)
    with caplog.at_level(logging.ERROR), transaction.atomic():
        submit(assignment, "artifact")
        tasks.nudge(tasks.refresh_agreement)
    assert assignment.readings.count() == 1
    assert "on_commit" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_what_the_broker_lost_stays_due(no_broker, assign, ana, submit, caplog):
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


def test_every_task_of_the_timetable_exists():
    wanted = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert wanted <= app.tasks.keys()


def test_the_agreement_task_drains_every_batch(assign, ana, submit):
    for _ in range(3):
        submit(assign(ana), "artifact")
    tasks.refresh_agreement()
    assert AgreementReport.objects.filter(batch__isnull=False).count() == 3
    assert AgreementReport.objects.filter(batch=None).count() == 1  # of their study


def test_the_consensus_task_drains_every_study(make_batch, submit, close):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "artifact")
    close(batch)
    tasks.compute_consensus()
    assert Consensus.objects.count() == 1


@pytest.fixture
def two_due(assign, make_batch, make_study, ana, davi, submit, close, now):
    """Two closed batches, each alone in its study: agreement and consensus are due."""
    first = assign(ana)
    submit(first, "artifact")
    other = batches.create(
        study=make_study(name="Evening list"), name="Batch 1",
        exams=[first.exam], readers=[ana], created_by=davi, now=now,
    )  # fmt: skip
    submit(other.assignments.get(), "artifact")
    return [close(first.batch), close(other)]


class Broken(ArithmeticError):
    """What nobody thought of."""


@pytest.mark.parametrize(
    ("service", "work", "mark"),
    [(refresh, "refresh", "agreement_is_due"), (labels, "compute", "consensus_is_due")],
)
def test_what_comes_to_no_end_holds_up_nothing_else(two_due, now, monkeypatch, service, work, mark):
    bad, good = two_due
    honest = getattr(service, work)

    def some(**given):
        if bad.pk in {getattr(given.get("batch"), "pk", 0)} or given.get("study") == bad.study:
            raise Broken
        return honest(**given)

    monkeypatch.setattr(service, work, some)
    with pytest.raises(Broken):
        service.refresh_next(now=now)
    assert service.refresh_next(now=now)
    assert [getattr(Batch.objects.get(pk=one.pk), mark) for one in (bad, good)] == [True, False]
    with pytest.raises(Broken):  # it stays due, and is tried again
        service.refresh_next(now=now)
    monkeypatch.setattr(service, work, honest)
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
def test_sessions_that_are_over_are_cleared():
    for key, days in (("over", -1), ("running", 1)):
        expires = timezone.now() + timedelta(days=days)
        Session.objects.create(session_key=key, session_data="", expire_date=expires)
    tasks.clear_sessions()
    assert [one.session_key for one in Session.objects.all()] == ["running"]


def three_pieces() -> tasks.Step:
    """Work that is done after three steps."""
    left = 3

    def step(*, now: object) -> bool:
        nonlocal left
        left -= 1
        return left > 0

    step.left = lambda: left  # type: ignore[attr-defined]
    return step


def test_a_task_drains_what_is_due_in_one_time_slice():
    work = three_pieces()
    tasks.drain(work, tasks.refresh_agreement)
    assert work.left() == 0  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_task_enqueues_itself_again_when_its_time_slice_is_over(
    django_capture_on_commit_callbacks,
):
    work = three_pieces()
    with django_capture_on_commit_callbacks() as waiting:
        tasks.drain(work, tasks.refresh_agreement, slice_s=0)
    assert len(waiting) == 1
    assert work.left() == 2  # type: ignore[attr-defined]


def test_a_token_is_forgotten_when_it_has_expired(ana):
    tokens.make(user=ana, actor=ana, now=timezone.now())
    assert tokens.forget(now=timezone.now()) == 0
    assert tokens.forget(now=timezone.now() + 2 * tokens.LIFETIME) == 1
