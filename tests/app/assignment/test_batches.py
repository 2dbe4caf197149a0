"""Batches: creating, closing and sending to adjudication."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from django.urls import reverse

from annotations.models import Assignment, Batch
from annotations.services.assignment import batches
from annotations.services.consensus import adjudications
from annotations.services.refusals import NameTaken
from annotations.services.studies import roster
from ecgreview import design
from tests.app.kept import kept


def test_every_reader_gets_every_exam_once(make_batch, make_exam):
    exam = make_exam()
    batch = make_batch([exam, make_exam(), exam])
    assert batch.assignments.count() == 4


def test_the_order_is_the_published_hmac(make_batch, study, ana):
    assignment = make_batch().assignments.get(reader=ana)
    message = f"{ana.pk}:{assignment.exam_id}".encode()
    expected = hmac.new(study.seed.encode(), message, hashlib.sha256).hexdigest()
    assert assignment.order_key == expected


def test_readers_get_exams_in_different_orders(make_batch, make_exam, ana, bruno):
    batch = make_batch([make_exam() for _ in range(12)])
    orders = [
        list(
            Assignment.objects.visible_to(reader)
            .filter(batch=batch)
            .in_reading_order()
            .values_list("exam", flat=True)
        )
        for reader in (ana, bruno)
    ]
    assert orders[0] != orders[1]


def test_a_batch_needs_exams(make_batch):
    with pytest.raises(batches.NoExams):
        make_batch([])


def test_a_batch_needs_readers(make_batch, make_exam):
    with pytest.raises(batches.NoReaders):
        make_batch([make_exam()], [])


def test_a_batch_with_too_many_readings_is_refused(make_batch, make_exam, ana, bruno, monkeypatch):
    monkeypatch.setattr(batches, "MAX_READINGS", 3)
    with pytest.raises(batches.TooManyReadings, match="4"):
        make_batch([make_exam(), make_exam()], [ana, bruno])


def test_the_form_says_when_a_batch_is_too_large(
    make_exam, ana, davi, study, signed_in, monkeypatch
):
    monkeypatch.setattr(batches, "MAX_READINGS", 0)
    form = {"name": "All", "codes": make_exam().code, "readers": [ana.pk], "step": "create"}
    page = signed_in(davi).post(reverse("batch-new", args=[study.slug]), form)
    assert page.status_code == 400
    assert "Plan fewer exams at a time" in page.content.decode()


@pytest.mark.parametrize("name", ["davi", "eva"])
def test_people_without_the_reader_role_are_refused(make_batch, make_exam, request, name):
    with pytest.raises(roster.NotAReader, match=name.title()):
        make_batch([make_exam()], [request.getfixturevalue(name)])


def test_a_deactivated_reader_is_refused(make_batch, make_exam, ana):
    ana.is_active = False
    ana.save()
    with pytest.raises(roster.NotAReader):
        make_batch([make_exam()], [ana])


def test_batch_names_are_unique_in_a_study(make_batch, make_exam):
    make_batch(name="Monday")
    with pytest.raises(NameTaken):
        make_batch(name="Monday")
    assert Batch.objects.count() == 1


def test_closing_records_person_and_time(make_batch, close, davi, now):
    closed = close(make_batch())
    assert (closed.closed_by, closed.closed_at) == (davi, now)


def test_closing_makes_agreement_due(make_batch, close):
    assert close(make_batch()).agreement_is_due


def test_closing_makes_consensus_due(make_batch, close):
    assert close(make_batch()).consensus_is_due


def test_closing_a_batch_twice_is_refused(make_batch, close):
    batch = make_batch()
    close(batch)
    with pytest.raises(batches.AlreadyClosed):
        close(batch)


@kept
def disputed(make_batch, make_exam, submit, close, ana, bruno):
    """A closed batch: the readers agree on one exam and disagree on the other."""
    batch = make_batch([make_exam(), make_exam()], name="Monday")
    agreed, other = batch.assignments.order_by("exam").values_list("exam", flat=True).distinct()
    codes = {(ana, agreed): "artifact", (bruno, agreed): "artifact"}
    codes |= {(ana, other): "atrial_flutter", (bruno, other): "atrial_fibrillation"}
    for (reader, exam), code in codes.items():
        submit(batch.assignments.get(reader=reader, exam=exam), code)
    return close(batch)


def adjudicate(batch, readers, davi, now):
    return adjudications.send_disputed(batch_id=batch.pk, readers=readers, created_by=davi, now=now)


def test_only_disputed_exams_are_sent(disputed, clara, davi, now):
    sent = adjudicate(disputed, [clara], davi, now)
    other = disputed.assignments.order_by("exam").last().exam
    assert [item.exam for item in sent.assignments.all()] == [other]


def test_the_new_batch_is_named_after_the_old(disputed, clara, davi, now):
    assert adjudicate(disputed, [clara], davi, now).name == "Monday, adjudication"


def test_sending_disputed_exams_twice_is_refused(disputed, clara, davi, now):
    adjudicate(disputed, [clara], davi, now)
    with pytest.raises(NameTaken):
        adjudicate(disputed, [clara], davi, now)


def test_an_open_batch_cannot_be_adjudicated(make_batch, clara, davi, now):
    with pytest.raises(adjudications.BatchStillOpen):
        adjudicate(make_batch(), [clara], davi, now)


def test_agreement_leaves_nothing_to_adjudicate(make_batch, submit, close, clara, davi, now):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "artifact")
    with pytest.raises(adjudications.NothingDisputed):
        adjudicate(close(batch), [clara], davi, now)


def test_people_without_the_adjudicator_role_are_refused(disputed, ana, davi, now):
    with pytest.raises(roster.NotAReader):
        adjudicate(disputed, [ana], davi, now)


def test_adjudicators_who_have_read_an_exam_are_refused(
    make_batch, make_exam, submit, close, ana, clara, davi, now
):
    batch = make_batch([make_exam()], [ana, clara])
    for assignment, code in zip(
        batch.assignments.order_by("pk"), ["atrial_flutter", "atrial_fibrillation"], strict=True
    ):
        submit(assignment, code)
    with pytest.raises(adjudications.AlreadyRead, match="Clara"):
        adjudicate(close(batch), [clara], davi, now)


def test_the_patient_gap_of_the_protocol_is_requested(make_batch, study, monkeypatch):
    requests = []
    generate = design.generate

    def record_request(request):
        requests.append(request)
        return generate(request)

    monkeypatch.setattr(design, "generate", record_request)
    make_batch()
    # The protocol counts exams in between, the request counts positions.
    assert requests[0].patient_gap == study.patient_gap + 1
