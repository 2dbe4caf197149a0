"""Batches that three have read, with their agreement: made once for all tests of a module."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from annotations import tasks
from annotations.models import (
    AgreementReport,
    Assignment,
    Batch,
    Dataset,
    Exam,
    Exposure,
    Role,
    Study,
    Suggestion,
    SuggestionModel,
    SuggestionRun,
    Taxonomy,
    User,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.people import roles
from annotations.services.reading import content
from annotations.services.taxonomy import versions
from tests.app import builders, signing
from tests.app.agreement_pages.pages import AF, LBBB, NOISE, PVC
from tests.app.conftest import NOW
from tests.conftest import ModuleDb


@pytest.fixture(autouse=True)
def nudged(monkeypatch):
    """The tasks that a page nudged; what they do is tested with the services."""
    asked: list[object] = []
    monkeypatch.setattr(tasks, "nudge", asked.append)
    return asked


@dataclass(frozen=True)
class Clinic:
    """Whom and what all tests of a module find, by their keys."""

    people: dict[str, int]
    taxonomy: int
    dataset: int
    study: int
    numbers: Iterator[int]
    """Of the exams, no two of which are alike."""

    def person(self, username: str) -> User:
        return User.objects.get(pk=self.people[username])

    def exams(self, n_exams: int) -> list[Exam]:
        ward = Dataset.objects.get(pk=self.dataset)
        return [builders.exam(ward, next(self.numbers), now=NOW) for _ in range(n_exams)]


@pytest.fixture(scope="module")
def clinic(module_db: ModuleDb) -> Clinic:
    """Davi's study and three readers, beside everybody else who has a name."""
    with module_db():
        classes = versions.install(now=NOW)
        cast = [
            builders.person("Ana", Role.READER),
            builders.person("Bruno", Role.READER),
            builders.person("Carla", Role.READER),
            builders.person("Clara", Role.ADJUDICATOR),
            davi := builders.person("Davi", Role.COORDINATOR),
            builders.person("Rosa", Role.RESEARCHER),
            builders.person("Otto", Role.AUDITOR),
            builders.person("Eva"),
        ]
        return Clinic(
            people={one.username: one.pk for one in cast},
            taxonomy=classes.pk,
            dataset=builders.dataset(now=NOW).pk,
            study=builders.study(classes, davi, now=NOW).pk,
            numbers=count(1),
        )


def somebody(username: str) -> Callable[[None, Clinic], User]:
    """Return a fixture: somebody of the clinic, as no other test has met them."""

    @pytest.fixture(name=username)
    def found(db: None, clinic: Clinic) -> User:
        return clinic.person(username)

    return found


ana, bruno, carla, clara, davi, rosa, otto, eva = map(
    somebody, ("ana", "bruno", "carla", "clara", "davi", "rosa", "otto", "eva")
)


@pytest.fixture
def taxonomy(db: None, clinic: Clinic) -> Taxonomy:
    return Taxonomy.objects.get(pk=clinic.taxonomy)


@pytest.fixture
def study(db: None, clinic: Clinic) -> Study:
    return Study.objects.get(pk=clinic.study)


@pytest.fixture
def make_exam(db: None, clinic: Clinic) -> Callable[[], Exam]:
    return lambda: clinic.exams(1)[0]


# -- What three say of six exams -----------------------------------------------------------------

BY_EXAM = [
    (AF, AF, AF),
    (AF, AF, ""),
    (AF, "", ""),
    ("", "", ""),
    (LBBB, LBBB, PVC),
    (AF, LBBB, AF),
]
"""By exam, what each of the three says."""


@pytest.fixture(scope="module")
def compared_batch(module_db: ModuleDb, clinic: Clinic) -> int:
    """A closed batch of six exams read by three, with its agreement and that of its study."""
    with module_db():
        readers = [clinic.person(name) for name in ("ana", "bruno", "clara")]
        roles.give(readers[2], [Role.READER])
        made = open_batch_of(clinic, "Three readers", readers)
        exams = list(made.assignments.order_by("exam").values_list("exam", flat=True).distinct())
        for exam, codes in zip(exams, BY_EXAM, strict=True):
            for reader, code in zip(readers, codes, strict=True):
                assignment = made.assignments.get(exam=exam, reader=reader)
                is_silent = reader == readers[0] and exam == exams[3]
                missing: dict[str, Any] = {"not_assessable": [PVC]} if is_silent else {}
                builders.submit(
                    assignment, *([code] if code else ["normal_ecg"]), now=NOW, **missing
                )
        batches.close(batch_id=made.pk, closed_by=clinic.person("davi"), now=NOW)
        while refresh.work_next(now=NOW + timedelta(hours=1)):
            pass
        return made.pk


def open_batch_of(clinic: Clinic, name: str, readers: list[User]) -> Batch:
    """Open a batch of six new exams."""
    study = Study.objects.get(pk=clinic.study)
    exams = clinic.exams(6)
    return builders.batch(study, name, exams, readers, by=clinic.person("davi"), now=NOW)


@pytest.fixture
def batch(db: None, compared_batch: int) -> Batch:
    return Batch.objects.get(pk=compared_batch)


@pytest.fixture
def report(batch: Batch) -> AgreementReport:
    return AgreementReport.objects.get(batch=batch)


# -- What readers say over time ------------------------------------------------------------------

SAID = {
    "ana": [AF, AF, AF, "", "", NOISE],
    "bruno": [AF, AF, "", "", AF, NOISE],
    "carla": [AF, AF, AF, "", "", ""],
}
"""What three readers say of six exams."""


def sign_at(assignment: Assignment, *codes, minutes=0, active_ms=0, **more):
    """Submit what a reader says, some minutes after the start and within some time."""
    return signing.submit_reading(
        assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
        findings=[content.FindingIn(code, "definite") for code in codes], quality="good",
        comment="", idempotency_key=uuid.UUID(int=assignment.pk), active_ms=active_ms,
        display={}, now=NOW + timedelta(minutes=minutes), **more,
    )  # fmt: skip


@pytest.fixture
def sign():
    return sign_at


def read_each_minute(clinic: Clinic, name: str) -> Batch:
    """Open six exams and let three readers read them, one each minute."""
    made = open_batch_of(clinic, name, [clinic.person(name) for name in SAID])
    for assignment in made.assignments.select_related("reader"):
        number = list(made.assignments.filter(reader=assignment.reader).order_by("exam"))
        at = number.index(assignment)
        code = SAID[assignment.reader.username][at]
        sign_at(assignment, *([code] if code else []), minutes=at, active_ms=1000 * (at + 1))
    return made


@pytest.fixture
def open_batch(db: None, clinic: Clinic) -> Batch:
    """Six exams that three readers have read, one each minute."""
    return read_each_minute(clinic, "Still open")


@pytest.fixture(scope="module")
def closed_batch(module_db: ModuleDb, clinic: Clinic) -> int:
    """The same, closed, with all results computed."""
    with module_db():
        made = read_each_minute(clinic, "Each minute")
        batches.close(batch_id=made.pk, closed_by=clinic.person("davi"), now=NOW)
        while refresh.work_next(now=NOW) or labels.refresh_next(now=NOW):
            pass
        return made.pk


@pytest.fixture
def closed(db: None, closed_batch: int) -> Batch:
    return Batch.objects.get(pk=closed_batch)


# -- Suggestions for half of the readings ----------------------------------------------------------

ARMS = [{"arm": "none", "weight": 1}, {"arm": "concurrent", "weight": 1}]


@pytest.fixture
def randomised(make_study):
    """A study in which chance decides who sees suggestions."""
    return make_study(
        name="By chance", suggestion_policy="randomised", suggestion_arms=ARMS,
        consensus_rule="agreement_then_majority",
    )  # fmt: skip


@pytest.fixture
def arms_batch(randomised, make_exam, ana, bruno, carla, davi, sign, now, close):
    """Twelve exams with AF suggested in all; who sees it always says AF, the others never."""
    exams = [make_exam() for _ in range(12)]
    model = SuggestionModel.objects.create(
        name="probe", version="1", covered_classes=[AF, NOISE], created_at=now
    )
    kind = randomised.taxonomy.classes.get(code=AF)
    for exam in exams:
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=now, finished_at=now
        )
        Suggestion.objects.create(run=run, diagnostic_class=kind, strength=0.9, evidence="RR")
    made = batches.create(
        study=randomised, name="Chance", exams=exams, readers=[ana, bruno, carla], created_by=davi,
        now=now,
    )  # fmt: skip
    for assignment in made.assignments.select_related("reader", "batch"):
        is_shown = assignment.arm == "concurrent"
        if is_shown:
            Exposure.objects.create(
                assignment=assignment, run=SuggestionRun.objects.get(exam=assignment.exam),
                arm="concurrent", first_shown_at=now,
            )  # fmt: skip
        sign(assignment, *([AF] if is_shown else []), active_ms=10_000 if is_shown else 20_000)
    close(made)
    return made
