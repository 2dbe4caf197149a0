"""Submitting a reading: what it stores, repeats of a request, and refusals."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError

from annotations.models import Assignment, Batch, Draft, Reading
from annotations.services.assignment import guards
from annotations.services.reading import content, drafts
from annotations.services.reading import signing as reading_signing
from tests.app import signing


def sign(assignment, now, *codes, **changes):
    values = {
        "assignment_id": assignment.pk,
        "reader": assignment.reader,
        "based_on": 0,
        "findings": [content.FindingIn(code, "definite") for code in codes],
        "quality": "good",
        "comment": "",
        "idempotency_key": uuid.uuid4(),
        "active_ms": 58_000,
        "display": {},
        "now": now,
    }
    return signing.submit_reading(**{**values, **changes})


def test_a_submission_stores_its_findings(assign, ana, now):
    reading = sign(assign(ana), now, "atrial_fibrillation", "low_qrs_voltage").reading
    stored = reading.findings.values_list("diagnostic_class__code", "certainty")
    assert sorted(stored) == [("atrial_fibrillation", "definite"), ("low_qrs_voltage", "definite")]


def test_a_submission_without_findings_is_accepted(assign, ana, now):
    assert sign(assign(ana), now).reading.n_findings == 0


def test_a_submission_stores_the_taxonomy(assign, ana, now, taxonomy):
    assert sign(assign(ana), now).reading.taxonomy == taxonomy


def test_a_submission_makes_the_agreement_due(assign, ana, now):
    assignment = assign(ana)
    sign(assignment, now)
    assert Batch.objects.get(pk=assignment.batch_id).agreement_is_due


def test_a_submission_deletes_the_draft(assign, ana, now):
    assignment = assign(ana)
    drafts.save(assignment_id=assignment.pk, reader=ana, based_on=0, content={}, now=now)
    sign(assignment, now, based_on=1)
    assert not Draft.objects.exists()


def test_the_same_submission_sent_again_is_a_repeat(assign, ana, now):
    assignment, key = assign(ana), uuid.uuid4()
    first = sign(assignment, now, "atrial_fibrillation", idempotency_key=key)
    second = sign(assignment, now, "atrial_fibrillation", idempotency_key=key)
    assert (second.reading, first.is_repeat, second.is_repeat) == (first.reading, False, True)


def test_a_repeat_is_accepted_after_the_batch_was_closed(assign, ana, now, close):
    assignment, key = assign(ana), uuid.uuid4()
    sign(assignment, now, idempotency_key=key)
    close(assignment.batch)
    assert sign(assignment, now, idempotency_key=key).is_repeat


def test_a_key_with_different_content_is_refused(assign, ana, now):
    assignment, key = assign(ana), uuid.uuid4()
    sign(assignment, now, idempotency_key=key)
    with pytest.raises(reading_signing.KeyReused):
        sign(assignment, now, "atrial_fibrillation", idempotency_key=key)


def test_other_integrity_errors_are_not_reported_as_a_reused_key(assign, ana, now):
    with pytest.raises(IntegrityError, match="active_ms"):
        sign(assign(ana), now, active_ms=-1)


def test_a_key_cannot_be_used_for_two_assignments(assign, ana, now):
    key = uuid.uuid4()
    sign(assign(ana), now, idempotency_key=key)
    with pytest.raises(reading_signing.KeyReused):
        sign(assign(ana), now, idempotency_key=key)


def test_a_second_submission_is_refused(assign, ana, now):
    assignment = assign(ana)
    sign(assignment, now)
    with pytest.raises(guards.AlreadySubmitted):
        sign(assignment, now)


def test_a_closed_batch_refuses_readings(assign, ana, now, close):
    assignment = assign(ana)
    close(assignment.batch)
    with pytest.raises(guards.BatchClosed):
        sign(assignment, now)


def test_a_batch_closed_during_a_submission_refuses_it(assign, ana, now, close, monkeypatch):
    assignment = assign(ana)
    # Close the batch after the submission has checked it.
    monkeypatch.setattr(
        "annotations.services.assignment.guards.refuse_if_not_waiting",
        lambda _: close(assignment.batch),
    )
    with pytest.raises(guards.BatchClosed):
        sign(assignment, now)
    assert not Reading.objects.exists()


def test_a_reading_based_on_another_draft_is_refused(assign, ana, now):
    assignment = assign(ana)
    drafts.save(assignment_id=assignment.pk, reader=ana, based_on=0, content={}, now=now)
    with pytest.raises(drafts.StaleDraft) as refusal:
        sign(assignment, now)
    assert refusal.value.draft == Draft.objects.get()


def test_an_assignment_of_another_reader_does_not_exist(assign, ana, bruno, now):
    with pytest.raises(Assignment.DoesNotExist):
        sign(assign(ana), now, reader=bruno)


def test_a_missing_assignment_is_refused(assign, ana, now):
    assignment = assign(ana)
    with pytest.raises(Assignment.DoesNotExist):
        sign(assignment, now, assignment_id=assignment.pk + 1)


@pytest.mark.parametrize(
    ("codes", "quality", "refusal", "named"),
    [
        (["no_such_class"], "good", content.UnknownClass, ("no_such_class",)),
        (["normal_ecg", "low_qrs_voltage"], "good", content.ExclusiveClass, ("normal_ecg",)),
        (
            ["low_qrs_voltage", "low_qrs_voltage"],
            "good",
            content.RepeatedClass,
            ("low_qrs_voltage",),
        ),
        (["normal_ecg"], "unreadable", content.UnreadableWithFindings, ("normal_ecg",)),
    ],
)
def test_invalid_findings_are_refused_with_their_codes(
    assign, ana, now, codes, quality, refusal, named
):
    with pytest.raises(refusal) as refused:
        sign(assign(ana), now, *codes, quality=quality)
    assert refused.value.details == {"codes": ", ".join(named)}


def test_a_refused_reading_stores_nothing(assign, ana, now):
    with pytest.raises(content.UnknownClass):
        sign(assign(ana), now, "no_such_class")
    assert not Reading.objects.exists()


def test_an_exam_can_be_submitted_as_unreadable(assign, ana, now):
    readable = sign(assign(ana), now).reading
    assert not sign(assign(ana), now, quality="unreadable").reading.is_readable
    assert list(Reading.objects.readable()) == [readable]
