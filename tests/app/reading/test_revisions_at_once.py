"""Two revisions at once, and a batch that closes meanwhile: locks decide who was first."""

from __future__ import annotations

import uuid

import pytest

from annotations.models import Reading, Stage, SuggestionModel, SuggestionRun
from annotations.services.assignment import batches, guards
from annotations.services.reading import revisions
from annotations.services.suggestions import offers
from tests.app import signing
from tests.app.reading.test_races import at_once, sign

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shown(assign, ana, now):
    """An exam that Ana has read and was then shown the model's word about."""
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


@pytest.mark.parametrize("attempt", range(3))
def test_two_tabs_revise_once(shown, now, attempt):
    results = at_once(*[lambda: revise(shown, now)] * 3)
    refused = [one for one in results if isinstance(one, revisions.AlreadyRevised)]
    revised = Reading.objects.filter(stage=Stage.REVISED).count()
    assert (len(refused), revised) == (2, 1)


@pytest.mark.parametrize("attempt", range(3))
def test_one_key_sent_twice_at_once_is_one_revision(shown, now, attempt):
    key = uuid.uuid4()
    results = at_once(*[lambda: revise(shown, now, key)] * 2)
    assert sorted(one.is_repeat for one in results) == [False, True]


@pytest.mark.parametrize("attempt", range(3))
def test_a_closed_batch_has_no_later_revision(shown, davi, now, attempt):
    revised, closed = at_once(
        lambda: revise(shown, now),
        lambda: batches.close(batch_id=shown.batch_id, closed_by=davi, now=now),
    )
    assert not isinstance(closed, Exception)
    stored = Reading.objects.filter(stage=Stage.REVISED).exists()
    assert stored == (not isinstance(revised, guards.BatchClosed))
