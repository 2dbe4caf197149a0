"""Runs: when a report is made, how far it is, who stops it, and what is left when it dies."""

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

AF, NOISE = "atrial_fibrillation", "artifact"


def seconds(n):
    return timedelta(seconds=n)


@pytest.fixture
def batch(make_batch, make_exam, submit):
    """A batch of two exams, of which Ana and Bruno have read the first."""
    made = make_batch([make_exam(), make_exam()])
    for assignment in made.assignments.order_by("exam", "reader__username")[:2]:
        submit(assignment, AF)
    return made


@pytest.fixture
def read_on(batch, submit):
    """Submit the next reading that the batch waits for."""

    def read(*codes):
        return submit(batch.assignments.waiting().order_by("exam", "pk").first(), *codes)

    return read


@pytest.fixture
def refreshed(batch, now):
    """The batch, when every report is as new as can be."""
    settle(now)
    assert not AgreementRun.objects.unfinished().exists()
    return batch


def settle(now):
    while refresh.work_next(now=now):
        pass


def elsewhere(act):
    """Do something over another connection and return what it gives."""

    def run():
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(timeout=30)


def run_of(batch):
    return AgreementRun.objects.filter(batch=batch).latest("pk")


def while_computing(monkeypatch, act):
    """Do something once while the next report is being computed."""
    real = results.coefficients

    def compute(*args):
        monkeypatch.setattr(results, "coefficients", real)
        act()
        return real(*args)

    monkeypatch.setattr(results, "coefficients", compute)


class TestRipeness:
    def test_the_first_report_waits_for_nothing(self, batch, now):
        settle(now)
        assert AgreementReport.objects.of_scope(of_batch(batch)).get().n_readings == 2

    @pytest.mark.parametrize(
        ("after_s", "is_made"), [(0, False), (4, False), (5, True), (59, True)]
    )
    def test_a_change_waits_until_nothing_has_changed_for_a_while(
        self, refreshed, read_on, now, after_s, is_made
    ):
        read_on(AF)
        drain(now)
        settle(now + seconds(after_s))
        assert AgreementReport.objects.filter(batch=refreshed, number=2).exists() is is_made

    def test_it_waits_no_longer_than_a_minute_while_changes_go_on(self, refreshed, read_on, now):
        for after_s in (2, 61):
            read_on(AF)
            drain(now + seconds(after_s))
            settle(now + seconds(after_s))
        found = AgreementReport.objects.filter(batch=refreshed).order_by("number")
        assert [one.computed_at - now for one in found] == [seconds(0), seconds(61)]

    def test_who_asks_does_not_wait(self, refreshed, davi, now):
        runs.request(scope=of_batch(refreshed), requested_by=davi, now=now)
        assert refresh.refresh_due(now=now)
        assert run_of(refreshed).requested_by == davi

    def test_who_asks_hurries_what_waits_already(self, refreshed, read_on, davi, now):
        read_on(AF)
        drain(now)
        asked = runs.request(scope=of_batch(refreshed), requested_by=davi, now=now)
        assert asked == AgreementRun.objects.unfinished().get(batch=refreshed)
        assert refresh.refresh_due(now=now)
        assert AgreementReport.objects.filter(batch=refreshed).count() == 2

    def test_a_batch_that_is_closed_unread_has_a_report(self, make_batch, close, now):
        closed = close(make_batch())
        settle(now)
        assert closed.agreement_reports.get().n_readings == 0
        assert not Batch.objects.get(pk=closed.pk).agreement_is_due

    def test_nothing_to_do_asks_for_nothing(self, refreshed, now):
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

    def test_another_method_makes_a_new_version(self, refreshed, now, monkeypatch):
        monkeypatch.setattr(domain, "VERSION", "next")
        refresh.refresh(batch=refreshed, now=now)
        methods = AgreementReport.objects.filter(batch=refreshed).order_by("number")
        assert [one.method_version for one in methods][1:] == ["next"]

    def test_a_new_reading_makes_a_new_version_and_leaves_the_old(self, refreshed, read_on, now):
        old = AgreementReport.objects.get(batch=refreshed)
        read_on(NOISE)
        refresh.refresh(batch=refreshed, now=now)
        first, second = AgreementReport.objects.filter(batch=refreshed).order_by("number")
        assert (first.results, first.inputs_digest) == (old.results, old.inputs_digest)
        assert (second.number, second.n_readings) == (2, 3)
        assert list(AgreementReport.objects.newest().filter(batch=refreshed)) == [second]

    def test_the_newest_of_a_study_is_not_that_of_a_batch(self, refreshed, read_on, study, now):
        read_on(NOISE)
        refresh.refresh_study(study=study, now=now)
        newest = AgreementReport.objects.newest()
        assert {(one.batch_id, one.number) for one in newest} == {(None, 2), (refreshed.pk, 1)}

    def test_a_version_is_never_deleted(self, refreshed):
        with pytest.raises(IntegrityError, match="never changes"):
            AgreementReport.objects.filter(batch=refreshed)._raw_delete("default")

    def test_a_run_tells_its_report(self, refreshed):
        run = run_of(refreshed)
        assert run.report == AgreementReport.objects.get(batch=refreshed)
        assert (run.stage, run.is_finished, run.share) == (RunStage.DONE, True, None)

    def test_the_whole_study_has_one_vote_for_each_reader(
        self, refreshed, make_batch, submit, ana, study, now
    ):
        again = make_batch([refreshed.assignments.order_by("exam").first().exam], [ana])
        submit(again.assignments.get(), NOISE)
        report = refresh.refresh_study(study=study, now=now)
        assert (report.n_readings, report.batch) == (2, None)


class TestChangesMeanwhile:
    def test_what_comes_in_while_it_is_computed_asks_for_another(
        self, batch, read_on, now, monkeypatch
    ):
        while_computing(monkeypatch, lambda: (read_on(AF), drain(now)))
        refresh.refresh(batch=batch, now=now)
        assert AgreementReport.objects.get(batch=batch).n_readings == 2
        assert Batch.objects.get(pk=batch.pk).agreement_is_due
        assert AgreementRun.objects.unfinished().filter(batch=batch).exists()
        settle(now + seconds(5))
        assert AgreementReport.objects.newest().get(batch=batch).n_readings == 3
        assert not Batch.objects.get(pk=batch.pk).agreement_is_due

    def test_what_is_uncounted_when_it_ends_leaves_it_due(self, batch, read_on, now, monkeypatch):
        while_computing(monkeypatch, lambda: read_on(AF))
        refresh.refresh(batch=batch, now=now)
        assert Batch.objects.get(pk=batch.pk).agreement_is_due
        for after_s in (5, 10):
            settle(now + seconds(after_s))
        assert AgreementReport.objects.newest().get(batch=batch).n_readings == 3


class TestCancelling:
    def test_what_waits_is_stopped_at_once(self, refreshed, read_on, davi, now):
        read_on(AF)
        drain(now)
        run = runs.cancel(run_id=run_of(refreshed).pk, actor=davi, now=now)
        assert (run.finished_at, run.cancelled_by) == (now, davi)
        settle(now + seconds(60))
        assert AgreementReport.objects.filter(batch=refreshed).count() == 1

    def test_what_is_at_work_stops_behind_its_stage(self, batch, davi, now, monkeypatch):
        while_computing(
            monkeypatch,
            lambda: runs.cancel(run_id=run_of(batch).pk, actor=davi, now=now),
        )
        assert refresh.refresh_next(now=now)
        run = run_of(batch)
        assert (run.finished_at, run.report, run.failure) == (now, None, "")
        assert not AgreementReport.objects.filter(batch=batch).exists()
        assert not refresh.refresh_next(now=now)

    def test_the_next_reading_asks_again(self, batch, read_on, davi, now):
        drain(now)
        runs.cancel(run_id=run_of(batch).pk, actor=davi, now=now)
        read_on(AF)
        settle(now + seconds(5))
        assert AgreementReport.objects.get(batch=batch).n_readings == 3

    def test_a_run_is_cancelled_once(self, batch, davi, now):
        drain(now)
        run = runs.cancel(run_id=run_of(batch).pk, actor=davi, now=now)
        with pytest.raises(runs.RunFinished):
            runs.cancel(run_id=run.pk, actor=davi, now=now)

    def test_what_was_cancelled_by_a_worker_that_died_ends(self, batch, davi, now):
        drain(now)
        AgreementRun.objects.filter(batch=batch).update(stage=RunStage.COMPUTING)
        runs.cancel(run_id=run_of(batch).pk, actor=davi, now=now)
        settle(now)
        assert (run_of(batch).is_finished, run_of(batch).report) == (True, None)


class WorkerLost(BaseException):
    """Stands for a signal that kills the worker."""


class TestDying:
    def test_a_run_that_dies_is_taken_up_again(self, batch, now, monkeypatch):
        def lost():
            raise WorkerLost

        while_computing(monkeypatch, lost)
        with pytest.raises(WorkerLost):
            refresh.refresh_next(now=now)
        dead = run_of(batch)
        assert (dead.n_attempts, dead.failure, dead.is_finished) == (1, "WorkerLost", False)
        assert not AgreementReport.objects.filter(batch=batch).exists()
        assert refresh.refresh_next(now=now)
        run = run_of(batch)
        assert (run, run.n_attempts, run.failure) == (dead, 2, "")
        assert run.report.n_readings == 2

    def test_what_fails_is_tried_again_later_and_later(self, batch, now, monkeypatch):
        def failing(*args):
            raise ArithmeticError

        monkeypatch.setattr(results, "coefficients", failing)
        drain(now)
        moments = []
        for after_s in range(100):
            try:
                refresh.refresh_due(now=now + seconds(after_s))
            except ArithmeticError:
                run = AgreementRun.objects.filter(started_at=now + seconds(after_s)).get()
                moments.append((run.batch_id is None, after_s))
        assert [s for is_study, s in moments if not is_study] == [0, 10, 30, 70]

    @pytest.mark.django_db(transaction=True)
    def test_people_see_how_far_it_is(self, batch, now, monkeypatch):
        seen = []

        def look():
            run = AgreementRun.objects.unfinished().get(batch=batch)
            seen.append((run.stage, run.n_attempts))

        monkeypatch.setattr(live, "count_all", _then(live.count_all, lambda: elsewhere(look)))
        while_computing(monkeypatch, lambda: elsewhere(look))
        refresh.refresh_next(now=now)
        assert seen == [(RunStage.COUNTING, 1), (RunStage.COMPUTING, 1)]

    @pytest.mark.django_db(transaction=True)
    def test_nobody_else_works_on_it_meanwhile(self, batch, now, monkeypatch):
        found = []
        while_computing(
            monkeypatch, lambda: found.append(elsewhere(lambda: refresh.refresh_next(now=now)))
        )
        refresh.refresh_next(now=now)
        assert (found, AgreementReport.objects.filter(batch=batch).count()) == ([False], 1)

    @pytest.mark.django_db(transaction=True)
    def test_a_claim_ends_with_the_work(self, batch, now):
        refresh.refresh_next(now=now)

        def claim():
            with runs.exclusive(of_batch(batch), waits=False) as is_ours:
                return is_ours

        assert elsewhere(claim)

    @pytest.mark.django_db(transaction=True)
    def test_a_claim_ends_with_its_connection(self, batch, now):
        with runs.exclusive(of_batch(batch), waits=False):
            connection.close()

        def claim():
            with runs.exclusive(of_batch(batch), waits=False) as is_ours:
                return is_ours

        assert elsewhere(claim)


def _then(act, more):
    def both(*args, **values):
        act(*args, **values)
        more()

    return both


def test_the_share_of_a_stage_is_told(study, now):
    run = AgreementRun(study=study, requested_at=now, n_done=200, n_total=800)
    assert (run.share, run.scope) == (0.25, Scope(study.pk))


def test_counting_tells_how_far_it_is(batch, now, monkeypatch):
    monkeypatch.setattr(live, "EXAMS_AT_ONCE", (1,))
    told = []
    live.count_all(of_batch(batch), now=now, progress=lambda *so_far: told.append(so_far))
    assert told == [(0, 2), (1, 2)]


def test_the_task_counts_and_reports(batch):
    tasks.refresh_agreement()
    assert set(AgreementReport.objects.values_list("batch", "n_readings")) == {
        (batch.pk, 2),
        (None, 2),
    }
