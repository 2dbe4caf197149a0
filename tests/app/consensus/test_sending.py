"""Exams of several batches are sent to adjudicators together."""

from __future__ import annotations

from collections import Counter

import pytest

from annotations import row_security
from annotations.models import AssignmentState, Exam, Purpose, Role
from annotations.services.assignment import batches
from annotations.services.consensus import adjudications
from annotations.services.consensus.adjudications import Distribution
from ecgreview import design

pytestmark = pytest.mark.django_db

AVB, LVH = "first_degree_av_block", "left_ventricular_hypertrophy"


@pytest.fixture
def carlos(make_user):
    return make_user("Carlos", Role.ADJUDICATOR)


@pytest.fixture
def disputed(read, make_exam, ana, bruno):
    """Five exams in dispute, each in its own batch."""
    exams = [make_exam() for _ in range(5)]
    for number, exam in enumerate(exams):
        read({ana: [AVB], bruno: []}, exam, name=f"Batch {number}")
    return exams


@pytest.fixture
def send(study, davi, now):
    def make(exams, readers, name="Second look", **more):
        return adjudications.send(
            study=study, exams=exams, readers=readers, name=name, created_by=davi, now=now, **more
        )

    return make


def loads(batch):
    return Counter(batch.assignments.values_list("reader__username", flat=True))


def test_every_adjudicator_reads_every_exam_of_several_batches(send, disputed, clara, carlos):
    sent = send(disputed, [clara, carlos])
    assert (sent.purpose, sent.is_released) == (Purpose.ADJUDICATION, True)
    assert loads(sent) == {clara.username: 5, carlos.username: 5}


def test_exams_are_divided_evenly(send, disputed, clara, carlos):
    sent = send(disputed, [clara, carlos], distribution=Distribution.DIVIDED)
    assert sorted(loads(sent).values()) == [2, 3]
    assert sent.assignments.values("exam").distinct().count() == 5


class TestAdjudicatorWhoReadAnExam:
    @pytest.fixture
    def of_clara(self, read, make_exam, ana, clara):
        exam = make_exam()
        read({ana: [AVB], clara: []}, exam, name="Clara reads")
        return exam

    def test_is_refused_if_everybody_reads_all(self, send, disputed, of_clara, clara, carlos):
        with pytest.raises(adjudications.AlreadyRead, match="Clara"):
            send([*disputed, of_clara], [clara, carlos])

    def test_gets_the_other_exams_if_they_are_divided(
        self, send, disputed, of_clara, clara, carlos
    ):
        sent = send([*disputed, of_clara], [clara, carlos], distribution=Distribution.DIVIDED)
        assert sent.assignments.get(exam=of_clara).reader == carlos
        assert set(loads(sent).values()) == {3}

    def test_leaves_nobody_for_the_exam(self, send, of_clara, clara):
        with pytest.raises(design.NobodyLeft):
            send([of_clara], [clara], distribution=Distribution.DIVIDED)


def test_an_exam_does_not_go_to_the_same_adjudicator_twice(send, disputed, clara, carlos):
    send(disputed[:1], [clara])
    with pytest.raises(adjudications.AlreadySent, match="Clara"):
        send(disputed, [clara, carlos], name="Again")
    sent = send(disputed[:1], [clara, carlos], name="Again", distribution=Distribution.DIVIDED)
    assert loads(sent) == {carlos.username: 1}


def test_exams_that_lack_readings_are_refused(send, disputed, read, make_exam, ana, bruno, clara):
    short, elsewhere = make_exam(), make_exam()
    read({ana: [AVB], bruno: None}, short, name="Short")
    with pytest.raises(adjudications.ReadingsIncomplete) as refusal:
        send([*disputed, short, elsewhere], [clara])
    assert refusal.value.details == {"n": 2}


def test_exams_without_tracings_are_refused_with_their_number(send, disputed, clara):
    for exam in disputed[:2]:
        exam.tracings.all().delete()
    with pytest.raises(adjudications.NothingToDraw) as refusal:
        send(disputed, [clara])
    assert refusal.value.details == {"n": 2}


def test_needs_an_adjudicator_and_an_exam(send, disputed, clara):
    with pytest.raises(batches.NoReaders):
        send(disputed, [])
    with pytest.raises(batches.NoExams):
        send([], [clara])


def test_works_while_results_are_hidden_from_the_sender(send, disputed, study, clara, davi):
    study.batches.update(results_open="study_locked")
    with row_security.acting_as(davi.pk):
        sent = send(list(Exam.objects.order_by("pk")), [clara])
    assert sent.assignments.filter(state=AssignmentState.WAITING).count() == 5
