"""What readers measured, and what the report tells of it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from annotations.models import AgreementReport, Scope
from annotations.services.agreement import refresh
from annotations.services.counts import finding_votes
from annotations.services.reading import content
from ecgreview.agreement.reports.measured import Measured
from tests.app import signing
from tests.app.agreement_pages.pages import AF, LBBB
from tests.app.counts.pattern_counting import drain

pytestmark = pytest.mark.django_db

CODES = [LBBB, AF]


def marks(*values, kind="interval"):
    return tuple(
        {"kind": kind, "tracing": 1, "lead": "II", "from_s": 0.1, "to_s": 0.2, "value": value}
        for value in values
    )


@pytest.fixture
def say(now):
    """Submit a reading of AF with these measurements."""

    def make(assignment, *measured, key=None, **more):
        return signing.submit_reading(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
            findings=[content.FindingIn(AF, "definite", (), measured)], quality="good", comment="",
            idempotency_key=uuid.UUID(int=key or assignment.pk), now=now, **more,
        )  # fmt: skip

    return make


@pytest.fixture
def read(make_batch, make_exam, say):
    """Open a batch in which Ana and Bruno measure so many ms, exam by exam; None: they do not."""

    def make(*exams_read, exams=None):
        batch = make_batch(exams or [make_exam() for _ in exams_read])
        rows = batch.assignments.order_by("exam", "reader__username").select_related("reader")
        for assignment, one in zip(rows, [one for two in exams_read for one in two], strict=True):
            say(assignment, *([] if one is None else marks(one)))
        return batch

    return make


def collected(study, ana, bruno, now):
    drain(now)
    people = [ana.pk, bruno.pk]
    _, measured = finding_votes.load(
        Scope(study.pk), study, study.taxonomy_id, CODES, people=people
    )
    return measured


def test_exams_that_two_measured_are_kept(read, study, ana, bruno, now):
    read((160, 164), (200, None), (150, 151), (None, None))
    (found,) = collected(study, ana, bruno, now)
    exams = (((0, 150.0), (1, 151.0)), ((0, 160.0), (1, 164.0)))
    assert found == Measured(1, "interval", exams)


def test_of_ones_own_measurements_the_mean_counts(make_batch, say, study, ana, bruno, now):
    batch = make_batch()
    say(batch.assignments.get(reader=ana), *marks(100, 110), *marks(1.5, kind="amplitude"))
    say(batch.assignments.get(reader=bruno), *marks(104))
    (found,) = collected(study, ana, bruno, now)
    assert (found.kind, found.exams) == ("interval", (((0, 105.0), (1, 104.0)),))


def test_each_kind_is_by_itself(make_batch, say, study, ana, bruno, now):
    batch = make_batch()
    for reader in (ana, bruno):
        assignment = batch.assignments.get(reader=reader)
        say(assignment, *marks(100), *marks(1.5, kind="amplitude"))
    assert [one.kind for one in collected(study, ana, bruno, now)] == ["amplitude", "interval"]


def test_exams_of_one_patient_are_told(read, make_visits, study, ana, bruno, now):
    read((160, 164), (150, 151), exams=make_visits(1, 5))
    (found,) = collected(study, ana, bruno, now)
    assert found.is_clustered


def test_who_reads_again_in_another_batch_keeps_the_first_vote(
    make_batch, make_exam, say, study, ana, bruno, now
):
    exam = make_exam()
    first = make_batch([exam], [ana, bruno])
    for reader, value in ((ana, 160), (bruno, 164)):
        say(first.assignments.get(reader=reader), *marks(value))
    say(make_batch([exam], [ana]).assignments.get(), *marks(300))
    (found,) = collected(study, ana, bruno, now)
    assert found.exams == (((0, 160.0), (1, 164.0)),)


def test_the_report_compares_them(read, close, study, now):
    batch = read((160, 164), (200, 202), (150, 151), (180, None))
    close(batch)
    while refresh.work_next(now=now + timedelta(hours=1)):
        pass
    for report in AgreementReport.objects.filter(study=study):
        (line,) = report.results["measured"]
        assert (line["class"], line["kind"], line["n_exams"]) == (AF, "interval", 3)
        (pair,) = line["pairs"]
        assert abs(pair["bias"]["estimate"]) == pytest.approx(7 / 3)
        assert line["icc"]["agreement"]["estimate"] > 0.9
        assert len(line["points"]) == 3


def test_a_study_without_measurements_has_none(read, study, ana, bruno, now):
    read((None, None))
    assert collected(study, ana, bruno, now) == ()
