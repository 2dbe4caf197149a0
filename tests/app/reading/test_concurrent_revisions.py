"""Concurrent revisions, and a batch that is closed at the same time."""

from __future__ import annotations

import uuid

import pytest

from annotations.models import Reading, Stage, SuggestionModel, SuggestionRun
from annotations.services.assignment import batches, guards
from annotations.services.reading import revisions
from annotations.services.suggestions import offers
from tests.app import signing
from tests.app.kept import kept
from tests.app.reading.test_races import at_once, sign
from tests.sizes import size

pytestmark = pytest.mark.django_db(transaction=True)


@kept
def shown_assignment(assign, ana, now):
    """Ana's assignment after she has read it and has seen the suggestions."""
    assignment = assign(ana)
    model = SuggestionModel.objects.create(
        name="m", version="1", covered_classes=[], created_at=now
    )
    SuggestionRun.objects.create(
        exam=assignment.exam, model=model, requested_at=now, finished_at=now
    )
    sign(assignment, now, uuid.uuid4())
    assignment.refresh_from_db()
    offers.show(assignment=assignment, now=now)
    return assignment


def revise(assignment, now, key=None):
    return signing.submit_revision(
        assignment_id=assignment.pk, reader=assignment.reader, findings=[], quality="good",
        comment="", reason="slip", idempotency_key=key or uuid.uuid4(), now=now,
    )  # fmt: skip


@pytest.mark.parametrize("attempt", range(size(1, 3)))
def test_two_tabs_revise_a_reading_once(shown_assignment, now, attempt):
    results = at_once(*[lambda: revise(shown_assignment, now)] * 3)
    refused = [result for result in results if isinstance(result, revisions.AlreadyRevised)]
    revised = Reading.objects.filter(stage=Stage.REVISED).count()
    assert (len(refused), revised) == (2, 1)


@pytest.mark.parametrize("attempt", range(size(1, 3)))
def test_one_key_sent_twice_at_once_makes_one_revision(shown_assignment, now, attempt):
    key = uuid.uuid4()
    results = at_once(*[lambda: revise(shown_assignment, now, key)] * 2)
    assert sorted(result.is_repeat for result in results) == [False, True]


@pytest.mark.parametrize("attempt", range(size(1, 3)))
def test_a_revision_is_stored_before_its_batch_closes_or_refused(
    shown_assignment, davi, now, attempt
):
    revised, closed = at_once(
        lambda: revise(shown_assignment, now),
        lambda: batches.close(batch_id=shown_assignment.batch_id, closed_by=davi, now=now),
    )
    assert not isinstance(closed, Exception)
    stored = Reading.objects.filter(stage=Stage.REVISED).exists()
    assert stored == (not isinstance(revised, guards.BatchClosed))
