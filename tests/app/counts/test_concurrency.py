"""Twenty readers submit simultaneously while workers count: every reading is counted once."""

from __future__ import annotations

import random
import threading
import uuid
from functools import partial

import pytest
from django.db import OperationalError, connection, transaction
from rest_framework.test import APIClient

from annotations import row_security
from annotations.models import (
    AgreementReport,
    Assignment,
    Batch,
    ExamPattern,
    Reading,
    Role,
    Scope,
    UncountedExam,
)
from annotations.services.agreement import inputs, refresh
from annotations.services.assignment import batches
from annotations.services.counts import live, writes
from annotations.services.reading.signing import Submission
from tests.app.counts.pattern_counting import differences, drain, of_batch, sets
from tests.app.reading.test_races import at_once, sign
from tests.sizes import size

pytestmark = pytest.mark.django_db(transaction=True)

N_READERS, N_EXAMS = size(8, 20), size(4, 6)
CLASSES = ("atrial_fibrillation", "artifact", "sinus_bradycardia")


@pytest.fixture
def readers(make_user):
    return [make_user(f"Reader{number:02d}", Role.READER) for number in range(N_READERS)]


@pytest.fixture
def batch(readers, make_exam, make_batch):
    return make_batch([make_exam() for _ in range(N_EXAMS)], readers)


class Desk:
    """A reader who submits every assignment over HTTP and corrects some of them."""

    def __init__(self, reader):
        self.reader = reader
        self.rng = random.Random(reader.username)
        self.client = APIClient()

    def read_all(self):
        self.client.force_login(self.reader, backend="django.contrib.auth.backends.ModelBackend")
        for assignment in Assignment.objects.filter(reader=self.reader).order_by("pk"):
            key = self.send(assignment)
            if self.rng.random() < 0.4:
                self.send(assignment, supersedes=key)

    def send(self, assignment, **more):
        key = str(uuid.uuid4())
        response = self.client.post(
            f"/api/assignments/{assignment.pk}/reading/",
            {"based_on": 0, "comment": "", **self.answer(), **more},
            format="json",
            headers={"Idempotency-Key": key},
        )
        assert response.status_code == 201, response.content
        return key

    def answer(self):
        if self.rng.random() < 0.15:
            return {"quality": "unreadable", "findings": []}
        codes = [code for code in CLASSES if self.rng.random() < 0.4]
        findings = [{"class": code, "certainty": "definite"} for code in codes]
        return {"quality": "good", "findings": findings}


def while_reading(desks, now):
    """Return functions to run concurrently: one per desk, and two counting workers."""
    finished = threading.Semaphore(0)

    def read(desk):
        try:
            desk.read_all()
        finally:
            finished.release()

    def work():
        while finished._value < len(desks):
            refresh.work_next(now=now)

    return [*(partial(read, desk) for desk in desks), work, work]


def test_each_reading_of_many_concurrent_readers_is_counted_once(
    readers, batch, study, monkeypatch, now
):
    monkeypatch.setattr(live, "EXAMS_AT_ONCE", (3, 1))
    results = at_once(*while_reading([Desk(reader) for reader in readers], now))
    assert [result for result in results if result is not None] == []
    drain(now)
    assert differences(study, now) == []
    n_effective = Reading.objects.effective().count()
    assert n_effective == N_READERS * N_EXAMS < Reading.objects.count()
    for scope in (of_batch(batch), Scope(study.pk)):
        markers = ExamPattern.objects.filter(study=study, batch=scope.batch_id)
        counted = sum(len(result.readers) + result.n_unreadable for result in markers)
        assert (counted, markers.count()) == (n_effective, N_EXAMS)
        assert sum(sets(scope).values()) == N_EXAMS
    report = refresh.refresh(batch=batch, now=now)
    assert report.n_readings == n_effective
    assert AgreementReport.objects.newest().get(batch=batch) == report


def test_workers_never_count_an_exam_twice(readers, batch, study, now, monkeypatch):
    monkeypatch.setattr(live, "EXAMS_AT_ONCE", (1,))
    for assignment in batch.assignments.select_related("reader"):
        sign(assignment, now, uuid.uuid4())
    results = at_once(*[lambda: drain(now)] * 6)
    assert set(results) == {None}
    drain(now)
    assert differences(study, now) == []


def test_a_second_worker_leaves_a_claimed_exam_to_the_first(batch, now, monkeypatch):
    sign(batch.assignments.select_related("reader").first(), now, uuid.uuid4())

    def claim_without_locking():
        return list(UncountedExam.objects.select_related("batch"))

    monkeypatch.setattr(live, "_claim", claim_without_locking)
    with transaction.atomic():
        live.lock(batch.study_id)
        assert at_once(lambda: live.count_next(now=now)) == [True]
    assert (UncountedExam.objects.count(), ExamPattern.objects.count()) == (1, 0)


def test_a_submission_does_not_wait_for_a_counting_worker(readers, batch, now, monkeypatch):
    """A worker holds the lock on the counts while a reader submits."""
    first, second = batch.assignments.select_related("reader").order_by("exam", "pk")[:2]
    sign(first, now, uuid.uuid4())
    real = writes.markers
    submitted: list[Submission] = []

    def submit():
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '500ms'")
        with row_security.acting_as(second.reader_id):
            return sign(second, now, uuid.uuid4())

    def meanwhile(*args):
        real(*args)
        if not submitted:
            submitted.extend(at_once(submit))

    monkeypatch.setattr(writes, "markers", meanwhile)
    live.count_next(now=now)
    assert submitted[0].reading.reader == second.reader
    monkeypatch.undo()
    assert UncountedExam.objects.get().exam_id == second.exam_id


def test_a_counting_worker_does_not_wait_for_a_submission(readers, batch, now):
    first, second = batch.assignments.select_related("reader").order_by("exam", "pk")[:2]
    sign(first, now, uuid.uuid4())

    def count():
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '500ms'")
        return live.count_next(now=now)

    with transaction.atomic():
        sign(second, now, uuid.uuid4())
        assert at_once(count) == [True]
    drain(now)
    assert sum(sets(of_batch(batch)).values()) == 1
    assert sets(of_batch(batch)) == {tuple(sorted((first.reader_id, second.reader_id))): 1}


def test_two_readers_do_not_wait_for_each_others_queue_rows(readers, batch, now):
    """Both insert into the queue before either commits."""
    first, second = batch.assignments.select_related("reader").order_by("exam", "pk")[:2]
    insert_queued = (
        "insert into annotations_uncountedexam (batch_id, exam_id) values (%s, %s) returning id"
    )

    def insert():
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '500ms'")
            cursor.execute(insert_queued, [second.batch_id, second.exam_id])
            return cursor.fetchone()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(insert_queued, [first.batch_id, first.exam_id])
        (inserted,) = at_once(insert)
        assert isinstance(inserted, tuple)


def test_loading_counts_and_counting_exclude_each_other(batch, now):
    """Without the lock, loaded counts could mix values from before and after an update."""

    def with_lock_timeout(query):
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '200ms'")
        return query()

    def load_counts():
        return with_lock_timeout(lambda: inputs.counts(of_batch(batch)))

    with transaction.atomic():
        live.lock(batch.study_id)
        (refused,) = at_once(load_counts)
    assert isinstance(refused, OperationalError)
    with transaction.atomic():
        inputs.counts(of_batch(batch))
        (counted,) = at_once(load_counts)
        sign(batch.assignments.select_related("reader").first(), now, uuid.uuid4())
    assert counted.n_exams == N_EXAMS
    with transaction.atomic():
        inputs.counts(of_batch(batch))
        assert at_once(lambda: live.count_next(now=now)) == [False]
        (refused,) = at_once(
            lambda: with_lock_timeout(lambda: live.count_all(of_batch(batch), now=now))
        )
    assert isinstance(refused, OperationalError)


def test_a_batch_closed_during_counting_is_counted_completely(readers, batch, study, davi, now):
    assignments = list(batch.assignments.select_related("reader")[:20])
    results = at_once(
        *[
            lambda assignment=assignment: sign(assignment, now, uuid.uuid4())
            for assignment in assignments
        ],
        lambda: batches.close(batch_id=batch.pk, closed_by=davi, now=now),
        lambda: drain(now),
    )
    assert sum(isinstance(assignment, Batch) for assignment in results) == 1
    drain(now)
    assert differences(study, now) == []
    markers = ExamPattern.objects.filter(batch=batch)
    assert sum(len(assignment.readers) for assignment in markers) == Reading.objects.count()
