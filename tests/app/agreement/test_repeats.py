"""Hidden repeats: agreement of readers with their own first readings."""

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
from tests.app.kept import factory, kept

pytestmark = pytest.mark.django_db

AF, NOISE = "atrial_fibrillation", "artifact"


@kept
def study(make_study):
    """A study whose protocol repeats half of each reader's exams."""
    return make_study(repeat_fraction=0.5, washout_days=0, washout_exams=1)


@kept
def batch(study, make_exam, ana, bruno, davi, now):
    """A batch: Ana is assigned four exams and three of them again, Bruno each exam once."""
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


@factory
def submit_at(batch, now):
    """Submit the reading of ``reader`` for the exam at a position of their worklist."""

    def make(reader, position, *codes, quality="good", not_assessable=()):
        assignment = batch.assignments.get(reader=reader, position=position)
        return signing.submit_reading(
            assignment_id=assignment.pk, reader=reader, based_on=0,
            findings=[content.FindingIn(code, "definite") for code in codes], quality=quality,
            comment="", idempotency_key=uuid.UUID(int=assignment.pk), not_assessable=not_assessable,
            now=now,
        )  # fmt: skip

    return make


@kept
def first(submit_at, ana, bruno):
    """Read every exam once. Both readers mark AF in the first two."""
    for reader in (ana, bruno):
        for position in range(1, 5):
            submit_at(reader, position, *([AF] if position <= 2 else []))


def run_pending_work(now):
    while refresh.work_next(now=now):
        pass


def repeat_counts(results, code=AF):
    """Count exams in which a class was marked both times, first only, second only, or never."""
    (line,) = results["repeats"]
    column = [row["class"] for row in results["classes"]].index(code)
    return tuple(line[field][column] for field in ("n11", "n10", "n01", "n00"))


def test_the_report_has_no_repeats_before_one_is_read(batch, first, now):
    assert refresh.refresh(batch=batch, now=now).results["repeats"] == []


def test_a_repeat_is_compared_with_the_first_reading(batch, first, submit_at, ana, now):
    submit_at(ana, 5, AF)
    submit_at(ana, 6)
    submit_at(ana, 7)
    results = refresh.refresh(batch=batch, now=now).results
    assert repeat_counts(results) == (1, 1, 0, 1)
    assert repeat_counts(results, NOISE) == (0, 0, 0, 3)


def test_the_report_of_the_study_has_repeats_too(batch, first, submit_at, ana, study, now):
    submit_at(ana, 5)
    assert repeat_counts(refresh.refresh_study(study=study, now=now).results) == (0, 1, 0, 0)


def test_coefficients_come_from_the_domain(batch, first, submit_at, ana, now):
    for position, codes in ((5, [AF]), (6, []), (7, [AF])):
        submit_at(ana, position, *codes)
    results = refresh.refresh(batch=batch, now=now).results
    line = next(row for row in domain.repeat_lines(results) if row["class"] == AF)
    assert line["cohen_kappa"]["estimate"] == pytest.approx(-0.5)
    assert line["percent_agreement"]["n"] == 3


def test_unreadable_and_not_assessable_repeats_are_not_compared(batch, first, submit_at, ana, now):
    submit_at(ana, 5, not_assessable=[AF])
    submit_at(ana, 6, quality="unreadable")
    results = refresh.refresh(batch=batch, now=now).results
    assert repeat_counts(results) == (0, 0, 0, 0)
    assert repeat_counts(results, NOISE) == (0, 0, 0, 1)


def test_repeats_do_not_change_agreement_between_readers(batch, first, submit_at, ana, now):
    before = refresh.refresh(batch=batch, now=now).results
    submit_at(ana, 5, NOISE)
    after = refresh.refresh(batch=batch, now=now).results
    assert after["classes"] == before["classes"]


def test_a_repeat_makes_a_new_version(batch, first, submit_at, ana, now):
    before = refresh.refresh(batch=batch, now=now)
    submit_at(ana, 5, AF)
    after = refresh.refresh(batch=batch, now=now)
    assert (after.number, after.inputs_digest == before.inputs_digest) == (2, False)


def test_a_repeat_alone_refreshes_batch_and_study(batch, first, submit_at, ana, study, now):
    run_pending_work(now)
    submit_at(ana, 5, AF)
    for minutes in (10, 20):  # the run of the study is requested when the run of the batch ends
        run_pending_work(now + timedelta(minutes=minutes))
    for scope in (Scope(study.pk, batch.pk), Scope(study.pk)):
        newest = AgreementReport.objects.of_scope(scope).latest("number")
        assert repeat_counts(newest.results) == (1, 0, 0, 0)
    batch.refresh_from_db()
    assert not batch.agreement_is_due


def test_a_repeat_submitted_during_a_refresh_leaves_the_batch_due(
    batch, first, submit_at, ana, now, monkeypatch
):
    original_load = load.load

    def load_then_submit(scope):
        rows = original_load(scope)
        submit_at(ana, 5, AF)
        return rows

    monkeypatch.setattr(load, "load", load_then_submit)
    assert refresh.refresh(batch=batch, now=now).results["repeats"] == []
    batch.refresh_from_db()
    assert batch.agreement_is_due


def test_the_study_compares_repeats_in_the_current_taxonomy(
    batch, first, submit_at, ana, study, davi, now
):
    submit_at(ana, 5, AF)
    amend_to_next_version(study, davi, now)
    results = refresh.refresh_study(study=study, now=now).results
    (line,) = results["repeats"]
    assert sum(line["n11"]) >= 1
    assert len(line["n11"]) == len(results["classes"])
