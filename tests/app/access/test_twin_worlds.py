"""Nothing a reader gets may depend on another reader's work, or on a model's before its time."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from annotations import payloads
from annotations.models import (
    Role,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
)
from annotations.models.reading import ReadingQuerySet
from annotations.models.study import BatchQuerySet
from annotations.services import agreement, consensus, drafts, readings

from . import twins

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def still_clock(monkeypatch, now):
    """Both worlds live through the same instant."""
    monkeypatch.setattr(timezone, "now", lambda: now)


@pytest.fixture
def bruno_works(world, bruno, now):
    """Bruno reads, comments, drafts; agreement and consensus follow."""

    def work():
        his = list(world.batch.assignments.filter(reader=bruno, readings=None))
        for number, assignment in enumerate(his):
            readings.submit(
                assignment_id=assignment.pk,
                reader=bruno,
                based_on=0,
                findings=[readings.FindingIn("atrial_fibrillation", "possible")],
                quality="poor",
                comment="what Bruno says",
                idempotency_key=uuid.UUID(int=10**6 + number),
                active_ms=123_456,
                display={"layout": "12x1"},
                now=now,
            )
        while agreement.refresh_next(now=now):
            pass
        while consensus.refresh_next(now=now):
            pass

    return work


@pytest.fixture
def bruno_drafts(world, bruno, now):
    """Bruno is in the middle of an exam."""

    def work():
        his = world.batch.assignments.filter(reader=bruno, readings=None)[0]
        content = {"findings": [], "quality": "poor", "comment": "not sure"}
        drafts.save(assignment_id=his.pk, reader=bruno, based_on=0, content=content, now=now)

    return work


@pytest.fixture
def model_works(world, taxonomy, now):
    """A model has its say about every exam of the open batch."""

    def work():
        codes = ["atrial_fibrillation"]
        model = SuggestionModel.objects.create(
            name="probe", version="1", covered_classes=codes, created_at=now
        )
        for exam in {one.exam for one in world.batch.assignments.all()}:
            run = SuggestionRun.objects.create(
                exam=exam, model=model, requested_at=now, finished_at=now
            )
            Suggestion.objects.create(
                run=run,
                diagnostic_class=taxonomy.classes.get(code=codes[0]),
                strength=0.9,
                evidence="irregular RR",
            )

    return work


def look(world, user, own, deed=None):
    """Return what ``user`` sees in the world in which ``deed`` was done."""
    with twins.parallel():
        if deed is not None:
            deed()
        return twins.session(world, user, own)
    raise AssertionError


def compare(world, user, own, deed):
    """Return in what two worlds differ for ``user``; the first session only warms the caches."""
    look(world, user, own)
    return twins.differences(look(world, user, own), look(world, user, own, deed))


def test_a_reader_sees_nothing_of_what_another_submits(world, ana, bruno_works):
    assert compare(world, ana, world.assignment, bruno_works) == []


def test_a_reader_sees_nothing_of_what_another_drafts(world, ana, bruno_drafts):
    assert compare(world, ana, world.assignment, bruno_drafts) == []


def test_a_reader_sees_nothing_of_a_model_before_submitting(world, ana, model_works):
    assert compare(world, ana, None, model_works) == []


def test_an_adjudicator_sees_nothing_of_an_open_batch(world, clara, bruno_works):
    assert compare(world, clara, None, bruno_works) == []


@pytest.fixture
def gil(make_user, world, make_batch):
    """A coordinator who reads the same exams."""
    gil = make_user("Gil", Role.READER, Role.COORDINATOR)
    exams = [one.exam for one in world.batch.assignments.filter(reader=world.people["ana"])]
    make_batch(exams, [gil], "Gil's own")
    return gil


def test_a_coordinator_who_reads_sees_nothing_of_what_another_submits(world, gil, bruno_works):
    own = gil.assignments.all().in_reading_order()[0]
    assert compare(world, gil, own, bruno_works) == []


def test_the_probe_sees_what_a_coordinator_may_see(world, davi, bruno_works):
    assert compare(world, davi, None, bruno_works) != []


class TestTheProbeFindsALeak:
    """A probe that cannot fail proves nothing: each of these opens one hole."""

    def test_when_every_reading_is_visible(self, world, ana, bruno_works, monkeypatch):
        monkeypatch.setattr(ReadingQuerySet, "visible_to", lambda self, user: self)
        found = compare(world, ana, world.assignment, bruno_works)
        assert "GET /api/readings/: body" in found

    def test_when_readings_are_known_by_their_number(self, world, ana, bruno_works, monkeypatch):
        honest = payloads.reading_payload
        numbered = lambda reading: {**honest(reading), "id": reading.pk}  # noqa: E731
        monkeypatch.setattr(payloads, "reading_payload", numbered)
        assert compare(world, ana, world.assignment, bruno_works) != []

    def test_when_the_firewall_is_open(self, world, gil, bruno_works, monkeypatch):
        monkeypatch.setattr(BatchQuerySet, "not_read_by", lambda self, user: self)
        assert compare(world, gil, None, bruno_works) != []
