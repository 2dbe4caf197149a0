"""Agreement runs: when they start, their progress, canceling, and recovery after a crash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from annotations import tasks
from annotations.models import AgreementReport, AgreementRun, Batch, RunStage, Scope
from annotations.services.agreement import refresh, results
from annotations.services.counts import live, runs
from ecgreview import agreement as domain
from tests.app.counts.pattern_counting import drain, of_batch
from tests.app.kept import kept

AF, NOISE = "atrial_fibrillation", "artifact"


def seconds(n):
    return timedelta(seconds=n)


@kept
def batch(make_batch, make_exam, submit):
    """A batch of two exams; Ana and Bruno have read the first."""
    partly_read = make_batch([make_exam(), make_exam()])
    for assignment in partly_read.assignments.order_by("exam", "reader__username")[:2]:
        submit(assignment, AF)
    return partly_read


@pytest.fixture
def submit_next(batch, submit):
    """Submit the next pending reading of the batch."""

    def read(*codes):
        return submit(batch.assignments.waiting().order_by("exam", "pk").first(), *codes)

    return read


@kept
def refreshed(batch, now):
    """The batch, with all reports up to date."""
    run_pending_work(now)
    assert not AgreementRun.objects.unfinished().exists()
    return batch


def run_pending_work(now):
    while refresh.work_next(now=now):
        pass


def on_another_connection(action):
    """Run ``action`` in a thread with its own database connection; return its result."""

    def run():
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(timeout=30)


def latest_run(batch):
    return AgreementRun.objects.filter(batch=batch).latest("pk")


def while_computing(monkeypatch, action):
    """Run ``action`` once, while the next report is being computed."""
    original = results.coefficients

    def compute(*args):
        monkeypatch.setattr(results, "coefficients", original)
        action()
        return original(*args)

    monkeypatch.setattr(results, "coefficients", compute)


class TestDebounce:
    def test_the_first_report_is_computed_immediately(self, batch, now):
        run_pending_work(now)
        assert AgreementReport.objects.of_scope(of_batch(batch)).get().n_readings == 2

    @pytest.mark.parametrize(
        ("after_s", "is_computed"), [(0, False), (4, False), (5, True), (59, True)]
    )
    def test_a_change_is_reported_after_five_quiet_seconds(
        self, refreshed, submit_next, now, after_s, is_computed
    ):
        submit_next(AF)
        drain(now)
        run_pending_work(now + seconds(after_s))
        assert AgreementReport.objects.filter(batch=refreshed, number=2).exists() is is_computed

    def test_changes_wait_at_most_a_minute(self, refreshed, submit_next, now):
        for after_s in (2, 61):
            submit_next(AF)
            drain(now + seconds(after_s))
            run_pending_work(now + seconds(after_s))
        reports = AgreementReport.objects.filter(batch=refreshed).order_by("number")
        assert [report.computed_at - now for report in reports] == [seconds(0), seconds(61)]

    def test_a_requested_run_starts_immediately(self, refreshed, davi, now):
        runs.request(scope=of_batch(refreshed), requested_by=davi, now=now)
        assert refresh.refresh_due(now=now)
        assert latest_run(refreshed).requested_by == davi

    def test_a_request_speeds_up_a_waiting_run(self, refreshed, submit_next, davi, now):
        submit_next(AF)
        drain(now)
        requested = runs.request(scope=of_batch(refreshed), requested_by=davi, now=now)
        assert requested == AgreementRun.objects.unfinished().get(batch=refreshed)
        assert refresh.refresh_due(now=now)
        assert AgreementReport.objects.filter(batch=refreshed).count() == 2

    def test_a_batch_closed_without_readings_has_a_report(self, make_batch, close, now):
        closed = close(make_batch())
        run_pending_work(now)
        assert closed.agreement_reports.get().n_readings == 0
        assert not Batch.objects.get(pk=closed.pk).agreement_is_due

    def test_an_unchanged_batch_needs_no_work(self, refreshed, now):
        assert not refresh.work_next(now=now + seconds(600))


class TestVersions:
    def test_the_same_readings_make_no_new_version(self, refreshed, now):
        later = now + seconds(100)
        refresh.refresh(batch=refreshed, now=later)
        report = AgreementReport.objects.get(batch=refreshed)
        assert (report.number, report.computed_at, report.checked_at) == (1, now, later)

    def test_the_same_readings_are_not_computed_again(self, refreshed, now, monkeypatch):
        monkeypatch.setattr(results, "coefficients", None)
        refresh.refresh(batch=refreshed, now=now)

    def test_a_new_method_version_makes_a_new_report_version(self, refreshed, now, monkeypatch):
        monkeypatch.setattr(domain, "VERSION", "next")
        refresh.refresh(batch=refreshed, now=now)
        reports = AgreementReport.objects.filter(batch=refreshed).order_by("number")
        assert [report.method_version for report in reports][1:] == ["next"]

    def test_a_new_reading_makes_a_new_version_and_keeps_the_old(self, refreshed, submit_next, now):
        old = AgreementReport.objects.get(batch=refreshed)
        submit_next(NOISE)
        refresh.refresh(batch=refreshed, now=now)
        first, second = AgreementReport.objects.filter(batch=refreshed).order_by("number")
        assert (first.results, first.inputs_digest) == (old.results, old.inputs_digest)
        assert (second.number, second.n_readings) == (2, 3)
        assert list(AgreementReport.objects.newest().filter(batch=refreshed)) == [second]

    def test_the_newest_reports_are_per_study_and_batch(self, refreshed, submit_next, study, now):
        submit_next(NOISE)
        refresh.refresh_study(study=study, now=now)
        newest = AgreementReport.objects.newest()
        assert {(report.batch_id, report.number) for report in newest} == {
            (None, 2),
            (refreshed.pk, 1),
        }

    def test_the_database_refuses_to_delete_a_version(self, refreshed):
        with pytest.raises(IntegrityError, match="never changes"):
            AgreementReport.objects.filter(batch=refreshed)._raw_delete("default")

    def test_a_finished_run_has_its_report(self, refreshed):
        run = latest_run(refreshed)
        assert run.report == AgreementReport.objects.get(batch=refreshed)
        assert (run.stage, run.is_finished, run.share) == (RunStage.DONE, True, None)

    def test_the_study_counts_one_vote_per_reader_and_exam(
        self, refreshed, make_batch, submit, ana, study, now
    ):
        again = make_batch([refreshed.assignments.order_by("exam").first().exam], [ana])
        submit(again.assignments.get(), NOISE)
        report = refresh.refresh_study(study=study, now=now)
        assert (report.n_readings, report.batch) == (2, None)


class TestChangesDuringARun:
    def test_a_reading_counted_during_a_run_requests_another_run(
        self, batch, submit_next, now, monkeypatch
    ):
        while_computing(monkeypatch, lambda: (submit_next(AF), drain(now)))
        refresh.refresh(batch=batch, now=now)
        assert AgreementReport.objects.get(batch=batch).n_readings == 2
        assert Batch.objects.get(pk=batch.pk).agreement_is_due
        assert AgreementRun.objects.unfinished().filter(batch=batch).exists()
        run_pending_work(now + seconds(5))
        assert AgreementReport.objects.newest().get(batch=batch).n_readings == 3
        assert not Batch.objects.get(pk=batch.pk).agreement_is_due

    def test_a_reading_not_yet_counted_leaves_the_batch_due(
        self, batch, submit_next, now, monkeypatch
    ):
        while_computing(monkeypatch, lambda: submit_next(AF))
        refresh.refresh(batch=batch, now=now)
        assert Batch.objects.get(pk=batch.pk).agreement_is_due
        for after_s in (5, 10):
            run_pending_work(now + seconds(after_s))
        assert AgreementReport.objects.newest().get(batch=batch).n_readings == 3


class TestCanceling:
    def test_a_waiting_run_is_canceled_immediately(self, refreshed, submit_next, davi, now):
        submit_next(AF)
        drain(now)
        run = runs.cancel(run_id=latest_run(refreshed).pk, actor=davi, now=now)
        assert (run.finished_at, run.cancelled_by) == (now, davi)
        run_pending_work(now + seconds(60))
        assert AgreementReport.objects.filter(batch=refreshed).count() == 1

    def test_a_running_run_stops_after_its_stage(self, batch, davi, now, monkeypatch):
        while_computing(
            monkeypatch,
            lambda: runs.cancel(run_id=latest_run(batch).pk, actor=davi, now=now),
        )
        assert refresh.refresh_next(now=now)
        run = latest_run(batch)
        assert (run.finished_at, run.report, run.failure) == (now, None, "")
        assert not AgreementReport.objects.filter(batch=batch).exists()
        assert not refresh.refresh_next(now=now)

    def test_the_next_reading_requests_a_run_again(self, batch, submit_next, davi, now):
        drain(now)
        runs.cancel(run_id=latest_run(batch).pk, actor=davi, now=now)
        submit_next(AF)
        run_pending_work(now + seconds(5))
        assert AgreementReport.objects.get(batch=batch).n_readings == 3

    def test_a_run_cannot_be_canceled_twice(self, batch, davi, now):
        drain(now)
        run = runs.cancel(run_id=latest_run(batch).pk, actor=davi, now=now)
        with pytest.raises(runs.RunFinished):
            runs.cancel(run_id=run.pk, actor=davi, now=now)

    def test_a_canceled_run_of_a_dead_worker_is_finished(self, batch, davi, now):
        drain(now)
        AgreementRun.objects.filter(batch=batch).update(stage=RunStage.COMPUTING)
        runs.cancel(run_id=latest_run(batch).pk, actor=davi, now=now)
        run_pending_work(now)
        assert (latest_run(batch).is_finished, latest_run(batch).report) == (True, None)


class WorkerLost(BaseException):
    """Simulates a signal that kills the worker."""


class TestFailures:
    def test_a_run_of_a_dead_worker_is_retried(self, batch, now, monkeypatch):
        def kill_worker():
            raise WorkerLost

        while_computing(monkeypatch, kill_worker)
        with pytest.raises(WorkerLost):
            refresh.refresh_next(now=now)
        interrupted = latest_run(batch)
        assert (interrupted.n_attempts, interrupted.failure, interrupted.is_finished) == (
            1,
            "WorkerLost",
            False,
        )
        assert not AgreementReport.objects.filter(batch=batch).exists()
        assert refresh.refresh_next(now=now)
        run = latest_run(batch)
        assert (run, run.n_attempts, run.failure) == (interrupted, 2, "")
        assert run.report.n_readings == 2

    def test_a_failing_run_is_retried_with_growing_delays(self, batch, now, monkeypatch):
        def failing(*args):
            raise ArithmeticError

        monkeypatch.setattr(results, "coefficients", failing)
        drain(now)
        attempts = []
        for after_s in range(100):
            try:
                refresh.refresh_due(now=now + seconds(after_s))
            except ArithmeticError:
                run = AgreementRun.objects.filter(started_at=now + seconds(after_s)).get()
                attempts.append((run.batch_id is None, after_s))
        assert [s for is_study, s in attempts if not is_study] == [0, 10, 30, 70]

    @pytest.mark.django_db(transaction=True)
    def test_other_connections_see_the_stage(self, batch, now, monkeypatch):
        observed = []

        def observe():
            run = AgreementRun.objects.unfinished().get(batch=batch)
            observed.append((run.stage, run.n_attempts))

        monkeypatch.setattr(
            live, "count_all", followed_by(live.count_all, lambda: on_another_connection(observe))
        )
        while_computing(monkeypatch, lambda: on_another_connection(observe))
        refresh.refresh_next(now=now)
        assert observed == [(RunStage.COUNTING, 1), (RunStage.COMPUTING, 1)]

    @pytest.mark.django_db(transaction=True)
    def test_two_workers_never_compute_the_same_run(self, batch, now, monkeypatch):
        results_elsewhere = []
        while_computing(
            monkeypatch,
            lambda: results_elsewhere.append(
                on_another_connection(lambda: refresh.refresh_next(now=now))
            ),
        )
        refresh.refresh_next(now=now)
        assert (results_elsewhere, AgreementReport.objects.filter(batch=batch).count()) == (
            [False],
            1,
        )

    @pytest.mark.django_db(transaction=True)
    def test_the_lock_is_released_when_the_work_ends(self, batch, now):
        refresh.refresh_next(now=now)

        def try_lock():
            with runs.exclusive(of_batch(batch), waits=False) as is_locked:
                return is_locked

        assert on_another_connection(try_lock)

    @pytest.mark.django_db(transaction=True)
    def test_the_lock_is_released_with_its_connection(self, batch, now):
        with runs.exclusive(of_batch(batch), waits=False):
            connection.close()

        def try_lock():
            with runs.exclusive(of_batch(batch), waits=False) as is_locked:
                return is_locked

        assert on_another_connection(try_lock)


def followed_by(act, more):
    def both(*args, **values):
        act(*args, **values)
        more()

    return both


def test_a_run_knows_the_share_done(study, now):
    run = AgreementRun(study=study, requested_at=now, n_done=200, n_total=800)
    assert (run.share, run.scope) == (0.25, Scope(study.pk))


def test_counting_reports_progress(batch, now, monkeypatch):
    monkeypatch.setattr(live, "EXAMS_AT_ONCE", (1,))
    reported = []
    live.count_all(of_batch(batch), now=now, progress=lambda *so_far: reported.append(so_far))
    assert reported == [(0, 2), (1, 2)]


def test_the_task_counts_and_computes_reports(batch):
    tasks.refresh_agreement()
    assert set(AgreementReport.objects.values_list("batch", "n_readings")) == {
        (batch.pk, 2),
        (None, 2),
    }
