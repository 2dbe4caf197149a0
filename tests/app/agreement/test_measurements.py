"""Measurements: how they are collected and what the report states."""

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
def submit_measured(now):
    """Submit a reading with AF and these measurements."""

    def make(assignment, *measured, key=None, **more):
        return signing.submit_reading(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
            findings=[content.FindingIn(AF, "definite", (), measured)], quality="good", comment="",
            idempotency_key=uuid.UUID(int=key or assignment.pk), now=now, **more,
        )  # fmt: skip

    return make


@pytest.fixture
def read(make_batch, make_exam, submit_measured):
    """Open a batch and submit Ana's and Bruno's readings, all with AF.

    Each argument has the two readers' measurements of one exam in ms; None means not measured.
    """

    def make(*exams_read, exams=None):
        batch = make_batch(exams or [make_exam() for _ in exams_read])
        rows = batch.assignments.order_by("exam", "reader__username").select_related("reader")
        for assignment, value in zip(
            rows, [value for two in exams_read for value in two], strict=True
        ):
            submit_measured(assignment, *([] if value is None else marks(value)))
        return batch

    return make


def collected(study, ana, bruno, now):
    drain(now)
    people = [ana.pk, bruno.pk]
    _, measured = finding_votes.load(
        Scope(study.pk), study, study.taxonomy_id, CODES, people=people
    )
    return measured


def test_only_exams_measured_by_both_readers_are_kept(read, study, ana, bruno, now):
    read((160, 164), (200, None), (150, 151), (None, None))
    (line,) = collected(study, ana, bruno, now)
    exams = (((0, 150.0), (1, 151.0)), ((0, 160.0), (1, 164.0)))
    assert line == Measured(1, "interval", exams)


def test_several_measurements_of_one_reader_are_averaged(
    make_batch, submit_measured, study, ana, bruno, now
):
    batch = make_batch()
    submit_measured(
        batch.assignments.get(reader=ana), *marks(100, 110), *marks(1.5, kind="amplitude")
    )
    submit_measured(batch.assignments.get(reader=bruno), *marks(104))
    (line,) = collected(study, ana, bruno, now)
    assert (line.kind, line.exams) == ("interval", (((0, 105.0), (1, 104.0)),))


def test_kinds_of_measurement_are_kept_apart(make_batch, submit_measured, study, ana, bruno, now):
    batch = make_batch()
    for reader in (ana, bruno):
        assignment = batch.assignments.get(reader=reader)
        submit_measured(assignment, *marks(100), *marks(1.5, kind="amplitude"))
    assert [line.kind for line in collected(study, ana, bruno, now)] == ["amplitude", "interval"]


def test_several_exams_of_one_patient_are_clustered(read, make_visits, study, ana, bruno, now):
    read((160, 164), (150, 151), exams=make_visits(1, 5))
    (line,) = collected(study, ana, bruno, now)
    assert line.is_clustered


def test_the_first_of_two_readings_in_different_batches_counts(
    make_batch, make_exam, submit_measured, study, ana, bruno, now
):
    exam = make_exam()
    first = make_batch([exam], [ana, bruno])
    for reader, value in ((ana, 160), (bruno, 164)):
        submit_measured(first.assignments.get(reader=reader), *marks(value))
    submit_measured(make_batch([exam], [ana]).assignments.get(), *marks(300))
    (line,) = collected(study, ana, bruno, now)
    assert line.exams == (((0, 160.0), (1, 164.0)),)


def test_the_report_compares_measurements(read, close, study, now):
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


def test_exams_without_measurements_give_none(read, study, ana, bruno, now):
    read((None, None))
    assert collected(study, ana, bruno, now) == ()
