"""The recount of a night: a study that fails, or that others hold, keeps no other from its own."""

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
from tests.app import props
from tests.app.counts.pattern_counting import amend_to_next_version, drain, of_batch

AF, NOISE = "atrial_fibrillation", "artifact"


@pytest.fixture
def read_in(make_exam, submit, ana, bruno, davi, now):
    """Read a batch of one exam in a study, and count it."""

    def make(study):
        batch = props.batch(study, "Monday", [make_exam()], [ana, bruno], by=davi, now=now)
        for assignment in batch.assignments.all():
            submit(assignment, AF)
        drain(now)
        return batch

    return make


@pytest.fixture
def broken(read_in, study, davi, now):
    """A study whose readings no mapping leads to the classes in force any more."""
    batch = read_in(study)
    amend_to_next_version(study, davi, now)
    drain(now)
    TaxonomyChange.objects.all().delete()
    return batch


@pytest.fixture
def sound(broken, read_in, make_study):
    """Another study, recounted after that, whose counts are wrong."""
    batch = read_in(make_study(name="Another"))
    ExamPattern.objects.filter(study=batch.study_id).update(states={NOISE: "20"})
    return batch


@pytest.fixture
def asked(monkeypatch):
    """The time slices that the task asks for, with the seconds they are to wait."""
    found = []
    monkeypatch.setattr(
        tasks.recount_agreement,
        "apply_async",
        lambda rest, countdown=None, **_: found.append((rest, countdown)),
    )
    return found


@pytest.fixture
def night(asked, monkeypatch, django_capture_on_commit_callbacks):
    """Work through a night, or a number of its time slices."""
    monkeypatch.setattr(tasks, "TIME_SLICE_S", 3600.0)

    def work(*args):
        with django_capture_on_commit_callbacks(execute=True):
            tasks.recount_agreement(*args)
        return asked

    return work


def is_right(batch, now):
    return recount.recount(of_batch(batch), repairs=False, now=now).holds


# -- A study that fails -------------------------------------------------------------------------


def test_a_study_that_fails_keeps_no_other_from_its_recount(sound, night, now):
    assert not is_right(sound, now)
    night()
    assert is_right(sound, now)


def test_the_batches_of_a_study_that_fails_are_recounted(broken, night, now):
    ExamPattern.objects.filter(batch=broken).update(states={NOISE: "20"})
    night()
    assert is_right(broken, now)


def test_a_failure_is_in_the_log_with_its_study_and_reason(sound, night, study, caplog):
    night()
    assert f"agreement of study {study.pk}: the recount failed" in caplog.text
    assert "NoMapping" in caplog.text


def test_a_failure_is_told_to_the_coordinator(sound, night, study, davi):
    night()
    (notice,) = Notice.objects.filter(kind=NoticeKind.RECOUNT_FAILED)
    assert (notice.user, notice.data["study"], notice.data["batch"]) == (davi, study.name, None)
    assert f"{study.name} · the whole study: last night's recount failed" in wording.of(notice).text


def test_a_failure_that_is_told_is_not_told_every_night(sound, night, davi, now):
    night()
    night()
    notices = Notice.objects.filter(kind=NoticeKind.RECOUNT_FAILED)
    assert notices.count() == 1
    notices.update(seen_at=now)
    night()
    assert notices.count() == 2


def test_a_broken_exam_is_a_failure_of_its_study_alone(
    read_in, study, make_study, night, now, monkeypatch, caplog
):
    broken, sound = read_in(study), read_in(make_study(name="Another"))
    ExamPattern.objects.filter(study=sound.study_id).update(states={NOISE: "20"})
    real = arrays.patterns

    def patterns(scope, exam_ids):
        if scope.study_id == broken.study_id:
            raise KeyError("a class of another list")
        return real(scope, exam_ids)

    monkeypatch.setattr(arrays, "patterns", patterns)
    night()
    assert is_right(sound, now)
    assert f"agreement of batch {broken.pk} of study {study.pk}: the recount failed" in caplog.text


def test_an_unexpected_error_ends_its_time_slice_and_not_the_night(
    read_in, study, make_study, night, asked, monkeypatch
):
    broken, following = read_in(study), make_study(name="Another")

    def patterns(scope, exam_ids):
        raise AttributeError

    monkeypatch.setattr(arrays, "patterns", patterns)
    for rest in ((study.pk, None, 0), (study.pk, broken.pk, 0)):
        with pytest.raises(AttributeError):
            night(*rest)
    assert asked == [
        ((study.pk, broken.pk, None, 0), 0),
        ((following.pk, None, None, 0), 0),
    ]


# -- Counts that others hold --------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch):
    """Let others hold the counts of a study."""
    real = live.lock
    ids: set[int] = set()

    def lock(study_id, *, waits=True, **more):
        if study_id in ids and not waits:
            raise live.Busy(study_id)
        real(study_id, waits=waits, **more)

    monkeypatch.setattr(live, "lock", lock)
    return ids


@pytest.fixture
def both(read_in, study, make_study):
    """Two studies, both of them counted wrong."""
    found = read_in(study), read_in(make_study(name="Another"))
    ExamPattern.objects.update(states={NOISE: "20"})
    return found


def test_a_study_that_others_hold_is_put_off_and_the_night_goes_on(both, held, night, now):
    first, second = both
    held.add(first.study_id)
    assert night() == [((first.study_id, None, None, 1), tasks.BUSY_S)]
    assert (is_right(first, now), is_right(second, now)) == (False, True)


def test_what_was_put_off_is_recounted_with_its_batches_and_nothing_else(both, held, night, now):
    first, second = both
    night(first.study_id, None, None, 1)
    assert (is_right(first, now), is_right(second, now)) == (True, False)


def test_what_was_put_off_in_the_middle_goes_on_there(both, held, night):
    first, _ = both
    held.add(first.study_id)
    assert night(first.study_id, first.pk, 7, 3) == [
        ((first.study_id, first.pk, 7, 4), tasks.BUSY_S)
    ]


def test_what_is_held_all_night_is_told(both, held, night, caplog):
    first, _ = both
    held.add(first.study_id)
    assert night(first.study_id, None, None, recount.MAX_WAITS) == []
    assert f"agreement of study {first.study_id}: not recounted" in caplog.text
    assert Notice.objects.filter(kind=NoticeKind.RECOUNT_FAILED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_holds_the_counts_really_is_not_waited_for(read_in, study, now):
    read_in(study)
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s, %s)", [Lock.PATTERN_COUNTS.value, study.pk])
    with pytest.raises(live.Busy):
        recount.step(recount.Position(Scope(study.pk)), now=now)
    other.close()
    assert recount.step(recount.Position(Scope(study.pk)), now=now)


# -- What waits is no difference ----------------------------------------------------------------


def test_what_an_amendment_left_under_old_classes_waits(read_in, study, davi, now, caplog):
    read_in(study)
    amend_to_next_version(study, davi, now)
    UncountedExam.objects.all().delete()  # as if the reading was counted meanwhile
    scope = Scope(study.pk)
    found = recount.recount(scope, repairs=True, now=now)
    assert (found.holds, found.n_waiting) == (True, 1)
    assert live.uncounted(scope).exists()
    drain(now)
    found = recount.recount(scope, repairs=False, now=now)
    assert (found.holds, found.n_waiting) == (True, 0)


def test_a_check_queues_nothing(read_in, study, davi, now):
    read_in(study)
    amend_to_next_version(study, davi, now)
    UncountedExam.objects.all().delete()
    assert recount.recount(Scope(study.pk), repairs=False, now=now).n_waiting == 1
    assert not UncountedExam.objects.exists()


# -- The command --------------------------------------------------------------------------------


def recounted(*arguments):
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("recount_agreement", *arguments, stdout=out)
    return end.value.code, out.getvalue().splitlines()


def test_the_command_ends_with_1_when_a_study_could_not_be_counted(broken, study):
    code, lines = recounted(study.slug)
    assert code == 1
    assert lines == [
        "the whole study: failed with NoMapping; the log tells more",
        f"{broken.name}: 1 exams hold",
    ]


def test_the_command_recounts_all_studies_whatever_one_does(sound, study, now):
    code, lines = recounted("--repair")
    assert code == 1
    assert f"{study.slug}:" in lines
    assert "1 of 1 exams" in lines[-1]
    assert is_right(sound, now)


def test_the_log_has_what_the_command_only_names(broken, study, caplog):
    with caplog.at_level(logging.ERROR):
        recounted(study.slug)
    assert "NoMapping" in caplog.text
    assert Reading.objects.exists()
