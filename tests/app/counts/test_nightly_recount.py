"""The nightly recount: a study that fails or is locked does not block the others."""

from __future__ import annotations

import logging
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from annotations import tasks
from annotations.models import (
    ExamPattern,
    Notice,
    NoticeKind,
    Reading,
    Scope,
    TaxonomyChange,
    UncountedExam,
)
from annotations.services.counts import arrays, live, recount
from annotations.services.notices import wording
from ecgreview.advisory_locks import Lock
from tests.app import builders
from tests.app.counts.pattern_counting import amend_to_next_version, drain, of_batch
from tests.app.kept import factory, kept

AF, NOISE = "atrial_fibrillation", "artifact"


@factory
def read_in(make_exam, submit, ana, bruno, davi, now):
    """Create a batch of one exam in a study, submit its readings and count them."""

    def make(study):
        batch = builders.batch(study, "Monday", [make_exam()], [ana, bruno], by=davi, now=now)
        for assignment in batch.assignments.all():
            submit(assignment, AF)
        drain(now)
        return batch

    return make


@kept
def unmapped_batch(read_in, study, davi, now):
    """A batch of a study that moved to a new taxonomy whose mappings were deleted."""
    batch = read_in(study)
    amend_to_next_version(study, davi, now)
    drain(now)
    TaxonomyChange.objects.all().delete()
    return batch


@kept
def wrong_batch(unmapped_batch, read_in, make_study):
    """A batch with wrong counts. Its study is recounted after the one that fails."""
    batch = read_in(make_study(name="Another"))
    ExamPattern.objects.filter(study=batch.study_id).update(states={NOISE: "20"})
    return batch


@pytest.fixture
def enqueued(monkeypatch):
    """The time slices that the task enqueues, as (arguments, countdown in seconds)."""
    slices = []
    monkeypatch.setattr(
        tasks.recount_agreement,
        "apply_async",
        lambda arguments, countdown=None, **_: slices.append((arguments, countdown)),
    )
    return slices


@pytest.fixture
def night(enqueued, monkeypatch, django_capture_on_commit_callbacks):
    """Run the nightly task and return the time slices that it enqueued."""
    monkeypatch.setattr(tasks, "TIME_SLICE_S", 3600.0)

    def work(*args):
        with django_capture_on_commit_callbacks(execute=True):
            tasks.recount_agreement(*args)
        return enqueued

    return work


def is_right(batch, now):
    return recount.recount(of_batch(batch), repairs=False, now=now).is_correct


# -- A study that fails -------------------------------------------------------------------------


def test_a_failing_study_does_not_block_others(wrong_batch, night, now):
    assert not is_right(wrong_batch, now)
    night()
    assert is_right(wrong_batch, now)


def test_batches_of_a_failing_study_are_recounted(unmapped_batch, night, now):
    ExamPattern.objects.filter(batch=unmapped_batch).update(states={NOISE: "20"})
    night()
    assert is_right(unmapped_batch, now)


def test_a_failure_is_logged_with_study_and_reason(wrong_batch, night, study, caplog):
    night()
    assert f"agreement of study {study.pk}: the recount failed" in caplog.text
    assert "NoMapping" in caplog.text


def test_the_coordinator_is_notified_of_a_failure(wrong_batch, night, study, davi):
    night()
    (notice,) = Notice.objects.filter(kind=NoticeKind.RECOUNT_FAILED)
    assert (notice.user, notice.data["study"], notice.data["batch"]) == (davi, study.name, None)
    assert f"{study.name} · the whole study: last night's recount failed" in wording.of(notice).text


def test_a_failure_is_not_repeated_until_its_notice_is_read(wrong_batch, night, davi, now):
    night()
    night()
    notices = Notice.objects.filter(kind=NoticeKind.RECOUNT_FAILED)
    assert notices.count() == 1
    notices.update(seen_at=now)
    night()
    assert notices.count() == 2


def test_a_failing_batch_does_not_block_other_studies(
    read_in, study, make_study, night, now, monkeypatch, caplog
):
    unmapped_batch, wrong_batch = read_in(study), read_in(make_study(name="Another"))
    ExamPattern.objects.filter(study=wrong_batch.study_id).update(states={NOISE: "20"})
    real = arrays.patterns

    def patterns(scope, exam_ids):
        if scope.study_id == unmapped_batch.study_id:
            raise KeyError("a class of another list")
        return real(scope, exam_ids)

    monkeypatch.setattr(arrays, "patterns", patterns)
    night()
    assert is_right(wrong_batch, now)
    assert (
        f"agreement of batch {unmapped_batch.pk} of study {study.pk}: the recount failed"
        in caplog.text
    )


def test_after_an_unexpected_error_the_next_time_slice_is_queued(
    read_in, study, make_study, night, enqueued, monkeypatch
):
    unmapped_batch, following = read_in(study), make_study(name="Another")

    def patterns(scope, exam_ids):
        raise AttributeError

    monkeypatch.setattr(arrays, "patterns", patterns)
    for arguments in ((study.pk, None, 0), (study.pk, unmapped_batch.pk, 0)):
        with pytest.raises(AttributeError):
            night(*arguments)
    assert enqueued == [
        ((study.pk, unmapped_batch.pk, None, 0), 0),
        ((following.pk, None, None, 0), 0),
    ]


# -- Counts locked by others --------------------------------------------------------------------


@pytest.fixture
def held_ids(monkeypatch):
    """IDs of studies whose counts appear locked by another connection. Tests add to this set."""
    real = live.lock
    ids: set[int] = set()

    def lock(study_id, *, waits=True, **more):
        if study_id in ids and not waits:
            raise live.Busy(study_id)
        real(study_id, waits=waits, **more)

    monkeypatch.setattr(live, "lock", lock)
    return ids


@kept
def wrong_batches(read_in, study, make_study):
    """A batch with wrong counts in each of two studies."""
    batches = read_in(study), read_in(make_study(name="Another"))
    ExamPattern.objects.update(states={NOISE: "20"})
    return batches


def test_a_locked_study_is_postponed_and_others_are_recounted(wrong_batches, held_ids, night, now):
    first, second = wrong_batches
    held_ids.add(first.study_id)
    assert night() == [((first.study_id, None, None, 1), tasks.BUSY_S)]
    assert (is_right(first, now), is_right(second, now)) == (False, True)


def test_a_postponed_study_is_recounted_alone(wrong_batches, held_ids, night, now):
    first, second = wrong_batches
    night(first.study_id, None, None, 1)
    assert (is_right(first, now), is_right(second, now)) == (True, False)


def test_a_postponed_recount_resumes_where_it_stopped(wrong_batches, held_ids, night):
    first, _ = wrong_batches
    held_ids.add(first.study_id)
    assert night(first.study_id, first.pk, 7, 3) == [
        ((first.study_id, first.pk, 7, 4), tasks.BUSY_S)
    ]


def test_a_study_locked_all_night_is_logged_and_notified(wrong_batches, held_ids, night, caplog):
    first, _ = wrong_batches
    held_ids.add(first.study_id)
    assert night(first.study_id, None, None, recount.MAX_WAITS) == []
    assert f"agreement of study {first.study_id}: not recounted" in caplog.text
    assert Notice.objects.filter(kind=NoticeKind.RECOUNT_FAILED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_step_raises_instead_of_waiting_for_a_real_lock(read_in, study, now):
    read_in(study)
    other = connections.create_connection("default")
    key = [Lock.PATTERN_COUNTS.value, study.pk]
    with other.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s, %s)", key)
        with pytest.raises(live.Busy):
            recount.step(recount.Position(Scope(study.pk)), now=now)
        # Closing the connection would release the lock later, when its server process ends.
        cursor.execute("select pg_advisory_unlock(%s, %s)", key)
    other.close()
    assert recount.step(recount.Position(Scope(study.pk)), now=now)


# -- Exams queued for counting -------------------------------------------------------------------


def test_exams_counted_under_the_old_taxonomy_are_requeued(read_in, study, davi, now, caplog):
    read_in(study)
    amend_to_next_version(study, davi, now)
    UncountedExam.objects.all().delete()  # as if another worker had counted the reading
    scope = Scope(study.pk)
    report = recount.recount(scope, repairs=True, now=now)
    assert (report.is_correct, report.n_waiting) == (True, 1)
    assert live.uncounted(scope).exists()
    drain(now)
    report = recount.recount(scope, repairs=False, now=now)
    assert (report.is_correct, report.n_waiting) == (True, 0)


def test_a_check_does_not_requeue_exams(read_in, study, davi, now):
    read_in(study)
    amend_to_next_version(study, davi, now)
    UncountedExam.objects.all().delete()
    assert recount.recount(Scope(study.pk), repairs=False, now=now).n_waiting == 1
    assert not UncountedExam.objects.exists()


# -- The command --------------------------------------------------------------------------------


def run_command(*arguments):
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("recount_agreement", *arguments, stdout=out)
    return end.value.code, out.getvalue().splitlines()


def test_the_command_exits_with_1_when_a_study_fails(unmapped_batch, study):
    code, lines = run_command(study.slug)
    assert code == 1
    assert lines == [
        "the whole study: failed with NoMapping; see the log",
        f"{unmapped_batch.name}: 1 exams are correct",
    ]


def test_the_command_recounts_all_studies_even_if_one_fails(wrong_batch, study, now):
    code, lines = run_command("--repair")
    assert code == 1
    assert f"{study.slug}:" in lines
    assert "1 of 1 exams" in lines[-1]
    assert is_right(wrong_batch, now)


def test_the_log_has_the_details_of_a_failed_command(unmapped_batch, study, caplog):
    with caplog.at_level(logging.ERROR):
        run_command(study.slug)
    assert "NoMapping" in caplog.text
    assert Reading.objects.exists()
