"""Hidden repeats come into the agreement: how far readers agree with themselves."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from annotations.models import AgreementReport, Scope
from annotations.services.agreement import refresh
from annotations.services.assignment import batches, handout
from annotations.services.counts import load
from annotations.services.reading import content
from annotations.services.studies import roster
from ecgreview import agreement as domain
from tests.app import signing
from tests.app.counts.pattern_counting import amend_to_next_version

pytestmark = pytest.mark.django_db

AF, NOISE = "atrial_fibrillation", "artifact"


@pytest.fixture
def study(make_study):
    """A study in which exams come a second time."""
    return make_study(repeat_fraction=0.5, washout_days=0, washout_exams=1)


@pytest.fixture
def batch(study, make_exam, ana, bruno, davi, now):
    """Ana reads four exams and three of them again; Bruno reads each once."""
    roster.join(study=study, readers=[ana, bruno], actor=davi, now=now)
    exams = [make_exam() for _ in range(4)]
    rows = [
        handout.Row(reader.pk, exam.pk, place)
        for reader in (ana, bruno)
        for place, exam in enumerate(exams, start=1)
    ]
    rows += [
        handout.Row(ana.pk, exam.pk, place, occurrence=2)
        for place, exam in enumerate(exams[:3], start=5)
    ]
    planned = batches.make(study=study, name="Repeats", rows=rows, created_by=davi, now=now)
    return batches.release(batch_id=planned.pk, actor=davi, now=now)


@pytest.fixture
def say(batch, now):
    """Let a reader say something at one of their places."""

    def make(reader, position, *codes, quality="good", not_assessable=()):
        assignment = batch.assignments.get(reader=reader, position=position)
        return signing.submit_reading(
            assignment_id=assignment.pk, reader=reader, based_on=0,
            findings=[content.FindingIn(code, "definite") for code in codes], quality=quality,
            comment="", idempotency_key=uuid.UUID(int=assignment.pk), not_assessable=not_assessable,
            now=now,
        )  # fmt: skip

    return make


@pytest.fixture
def first(say, ana, bruno):
    """Everybody has read everything once: Ana gives AF to the first two."""
    for reader in (ana, bruno):
        for position in range(1, 5):
            say(reader, position, *([AF] if position <= 2 else []))


def settle(now):
    while refresh.work_next(now=now):
        pass


def of_ana(results, code=AF):
    """Return both, first only, second only, neither, of a class."""
    (line,) = results["repeats"]
    column = [one["class"] for one in results["classes"]].index(code)
    return tuple(line[field][column] for field in ("n11", "n10", "n01", "n00"))


def test_without_repeats_there_is_none(batch, first, now):
    assert refresh.refresh(batch=batch, now=now).results["repeats"] == []


def test_a_reader_is_compared_with_what_they_said_before(batch, first, say, ana, now):
    say(ana, 5, AF)
    say(ana, 6)
    say(ana, 7)
    results = refresh.refresh(batch=batch, now=now).results
    assert of_ana(results) == (1, 1, 0, 1)
    assert of_ana(results, NOISE) == (0, 0, 0, 3)


def test_the_whole_study_has_them_too(batch, first, say, ana, study, now):
    say(ana, 5)
    assert of_ana(refresh.refresh_study(study=study, now=now).results) == (0, 1, 0, 0)


def test_the_numbers_are_those_of_the_domain(batch, first, say, ana, now):
    for position, codes in ((5, [AF]), (6, []), (7, [AF])):
        say(ana, position, *codes)
    results = refresh.refresh(batch=batch, now=now).results
    line = next(one for one in domain.repeat_lines(results) if one["class"] == AF)
    assert line["cohen_kappa"]["estimate"] == pytest.approx(-0.5)
    assert line["percent_agreement"]["n"] == 3


def test_what_cannot_be_told_is_not_compared(batch, first, say, ana, now):
    say(ana, 5, not_assessable=[AF])
    say(ana, 6, quality="unreadable")
    results = refresh.refresh(batch=batch, now=now).results
    assert of_ana(results) == (0, 0, 0, 0)
    assert of_ana(results, NOISE) == (0, 0, 0, 1)


def test_repeats_do_not_count_between_readers(batch, first, say, ana, now):
    before = refresh.refresh(batch=batch, now=now).results
    say(ana, 5, NOISE)
    after = refresh.refresh(batch=batch, now=now).results
    assert after["classes"] == before["classes"]


def test_a_repeat_makes_a_new_version(batch, first, say, ana, now):
    before = refresh.refresh(batch=batch, now=now)
    say(ana, 5, AF)
    after = refresh.refresh(batch=batch, now=now)
    assert (after.number, after.inputs_digest == before.inputs_digest) == (2, False)


def test_a_repeat_by_itself_brings_batch_and_study_up_to_date(batch, first, say, ana, study, now):
    settle(now)
    say(ana, 5, AF)
    for minutes in (10, 20):  # the second time for the study, which is told by the batch
        settle(now + timedelta(minutes=minutes))
    for scope in (Scope(study.pk, batch.pk), Scope(study.pk)):
        newest = AgreementReport.objects.of_scope(scope).latest("number")
        assert of_ana(newest.results) == (1, 0, 0, 0)
    batch.refresh_from_db()
    assert not batch.agreement_is_due


def test_a_repeat_that_comes_in_meanwhile_leaves_the_batch_due(
    batch, first, say, ana, now, monkeypatch
):
    loaded = load.load

    def load_and_read_on(scope):
        found = loaded(scope)
        say(ana, 5, AF)
        return found

    monkeypatch.setattr(load, "load", load_and_read_on)
    assert refresh.refresh(batch=batch, now=now).results["repeats"] == []
    batch.refresh_from_db()
    assert batch.agreement_is_due


def test_the_study_compares_in_the_classes_in_force(batch, first, say, ana, study, davi, now):
    say(ana, 5, AF)
    amend_to_next_version(study, davi, now)
    results = refresh.refresh_study(study=study, now=now).results
    (line,) = results["repeats"]
    assert sum(line["n11"]) >= 1
    assert len(line["n11"]) == len(results["classes"])
