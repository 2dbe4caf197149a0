"""Batches that three have read, with their agreement."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from annotations import tasks
from annotations.models import (
    AgreementReport,
    Role,
)
from annotations.services import (
    agreement,
    consensus,
    readings,
    roles,
)
from tests.app import signing
from tests.app.agreement.pages import AF, LBBB, NOISE, PVC


@pytest.fixture(autouse=True)
def nudged(monkeypatch):
    """The tasks that a page nudged; what they do is tested with the services."""
    asked: list[object] = []
    monkeypatch.setattr(tasks, "nudge", asked.append)
    return asked


@pytest.fixture
def clara_reads(clara):
    """Clara, who reads here as a third."""
    roles.give(clara, [Role.READER])
    return clara


@pytest.fixture
def batch(make_batch, make_exam, submit, close, ana, bruno, clara_reads, now):
    """A closed batch of six exams read by three, with its agreement and that of its study."""
    readers = [ana, bruno, clara_reads]
    given = [  # by exam, what each of the three says
        (AF, AF, AF),
        (AF, AF, ""),
        (AF, "", ""),
        ("", "", ""),
        (LBBB, LBBB, PVC),
        (AF, LBBB, AF),
    ]
    made = make_batch([make_exam() for _ in given], readers, name="Three readers")
    exams = list(made.assignments.order_by("exam").values_list("exam", flat=True).distinct())
    for exam, codes in zip(exams, given, strict=True):
        for reader, code in zip(readers, codes, strict=True):
            assignment = made.assignments.get(exam=exam, reader=reader)
            missing = {"not_assessable": [PVC]} if reader == ana and exam == exams[3] else {}
            submit(assignment, *([code] if code else ["normal_ecg"]), **missing)
    close(made)
    while agreement.work_next(now=now + timedelta(hours=1)):
        pass
    return made


@pytest.fixture
def report(batch):
    return AgreementReport.objects.get(batch=batch)


@pytest.fixture
def carla(make_user):
    """A third reader."""
    return make_user("Carla", Role.READER)


@pytest.fixture
def sign(now):
    """Submit what a reader says, some minutes after the start and within some time."""

    def make(assignment, *codes, minutes=0, active_ms=0, **more):
        return signing.submit_reading(
            assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
            findings=[readings.FindingIn(code, "definite") for code in codes], quality="good",
            comment="", idempotency_key=uuid.UUID(int=assignment.pk), active_ms=active_ms,
            display={}, now=now + timedelta(minutes=minutes), **more,
        )  # fmt: skip

    return make


SAID = {
    "ana": [AF, AF, AF, "", "", NOISE],
    "bruno": [AF, AF, "", "", AF, NOISE],
    "carla": [AF, AF, AF, "", "", ""],
}
"""What three readers say of six exams."""


@pytest.fixture
def open_batch(make_batch, make_exam, ana, bruno, carla, sign):
    """Six exams that three readers have read, one each minute."""
    made = make_batch([make_exam() for _ in range(6)], [ana, bruno, carla])
    for assignment in made.assignments.select_related("reader"):
        number = list(made.assignments.filter(reader=assignment.reader).order_by("exam"))
        at = number.index(assignment)
        code = SAID[assignment.reader.username][at]
        sign(assignment, *([code] if code else []), minutes=at, active_ms=1000 * (at + 1))
    return made


@pytest.fixture
def closed(open_batch, close, now):
    """The same, closed, with all results computed."""
    close(open_batch)
    while agreement.work_next(now=now) or consensus.refresh_next(now=now):
        pass
    return open_batch
