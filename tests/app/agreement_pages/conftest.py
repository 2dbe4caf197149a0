"""Batches that three readers have read, and agreement reports; some are created once per module."""

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
from tests.app.builders import NOW
from tests.conftest import ModuleDb


@pytest.fixture(autouse=True)
def nudged_tasks(monkeypatch):
    """Record the tasks that pages start, instead of starting them."""
    tasks_nudged: list[object] = []
    monkeypatch.setattr(tasks, "nudge", tasks_nudged.append)
    return tasks_nudged


@dataclass(frozen=True)
class StudySetup:
    """Primary keys of the people and rows that all tests of a module share."""

    people: dict[str, int]
    taxonomy: int
    dataset: int
    study: int
    numbers: Iterator[int]
    """Yields a new exam number each time."""

    def person(self, username: str) -> User:
        return User.objects.get(pk=self.people[username])

    def exams(self, n_exams: int) -> list[Exam]:
        ward = Dataset.objects.get(pk=self.dataset)
        return [builders.exam(ward, next(self.numbers), now=NOW) for _ in range(n_exams)]


@pytest.fixture(scope="module")
def study_setup(module_db: ModuleDb) -> StudySetup:
    """Davi's study with three readers, and one user of every other role."""
    with module_db():
        classes = versions.install(now=NOW)
        users = [
            builders.person("Ana", Role.READER),
            builders.person("Bruno", Role.READER),
            builders.person("Carla", Role.READER),
            builders.person("Clara", Role.ADJUDICATOR),
            davi := builders.person("Davi", Role.COORDINATOR),
            builders.person("Rosa", Role.RESEARCHER),
            builders.person("Otto", Role.AUDITOR),
            builders.person("Eva"),
        ]
        return StudySetup(
            people={user.username: user.pk for user in users},
            taxonomy=classes.pk,
            dataset=builders.dataset(now=NOW).pk,
            study=builders.study(classes, davi, now=NOW, consensus_rule="majority_per_class").pk,
            numbers=count(1),
        )


def person_fixture(username: str) -> Callable[[None, StudySetup], User]:
    """Return a fixture that loads a user of the study setup."""

    @pytest.fixture(name=username)
    def load_person(db: None, study_setup: StudySetup) -> User:
        return study_setup.person(username)

    return load_person


ana, bruno, carla, clara, davi, rosa, otto, eva = map(
    person_fixture, ("ana", "bruno", "carla", "clara", "davi", "rosa", "otto", "eva")
)


@pytest.fixture
def taxonomy(db: None, study_setup: StudySetup) -> Taxonomy:
    return Taxonomy.objects.get(pk=study_setup.taxonomy)


@pytest.fixture
def study(db: None, study_setup: StudySetup) -> Study:
    return Study.objects.get(pk=study_setup.study)


@pytest.fixture
def make_exam(db: None, study_setup: StudySetup) -> Callable[[], Exam]:
    return lambda: study_setup.exams(1)[0]


# -- Votes of three readers on six exams ---------------------------------------------------------

BY_EXAM = [
    (AF, AF, AF),
    (AF, AF, ""),
    (AF, "", ""),
    ("", "", ""),
    (LBBB, LBBB, PVC),
    (AF, LBBB, AF),
]
"""For each exam, the class that each reader marks, or "" for a normal ECG."""


@pytest.fixture(scope="module")
def compared_batch(module_db: ModuleDb, study_setup: StudySetup) -> int:
    """A closed batch of six exams and three readers, with agreement of batch and study."""
    with module_db():
        readers = [study_setup.person(name) for name in ("ana", "bruno", "clara")]
        roles.give(readers[2], [Role.READER])
        batch = open_batch_of(study_setup, "Three readers", readers)
        exams = list(batch.assignments.order_by("exam").values_list("exam", flat=True).distinct())
        for exam, codes in zip(exams, BY_EXAM, strict=True):
            for reader, code in zip(readers, codes, strict=True):
                assignment = batch.assignments.get(exam=exam, reader=reader)
                is_not_assessable = reader == readers[0] and exam == exams[3]
                missing: dict[str, Any] = {"not_assessable": [PVC]} if is_not_assessable else {}
                builders.submit(
                    assignment, *([code] if code else ["normal_ecg"]), now=NOW, **missing
                )
        batches.close(batch_id=batch.pk, closed_by=study_setup.person("davi"), now=NOW)
        while refresh.work_next(now=NOW + timedelta(hours=1)):
            pass
        return batch.pk


def open_batch_of(study_setup: StudySetup, name: str, readers: list[User]) -> Batch:
    """Open a batch of six new exams."""
    study = Study.objects.get(pk=study_setup.study)
    exams = study_setup.exams(6)
    return builders.batch(study, name, exams, readers, by=study_setup.person("davi"), now=NOW)


@pytest.fixture
def batch(db: None, compared_batch: int) -> Batch:
    return Batch.objects.get(pk=compared_batch)


@pytest.fixture
def report(batch: Batch) -> AgreementReport:
    return AgreementReport.objects.get(batch=batch)


# -- Readings over time --------------------------------------------------------------------------

VOTES = {
    "ana": [AF, AF, AF, "", "", NOISE],
    "bruno": [AF, AF, "", "", AF, NOISE],
    "carla": [AF, AF, AF, "", "", ""],
}
"""For each reader, the class marked in each of six exams, or "" for none."""


def sign_at(assignment: Assignment, *codes, minutes=0, active_ms=0, **more):
    """Submit a reading ``minutes`` after the start, with ``active_ms`` of reading time."""
    return signing.submit_reading(
        assignment_id=assignment.pk, reader=assignment.reader, based_on=0,
        findings=[content.FindingIn(code, "definite") for code in codes], quality="good",
        comment="", idempotency_key=uuid.UUID(int=assignment.pk), active_ms=active_ms,
        display={}, now=NOW + timedelta(minutes=minutes), **more,
    )  # fmt: skip


@pytest.fixture
def sign():
    return sign_at


def read_each_minute(study_setup: StudySetup, name: str) -> Batch:
    """Open a batch of six exams; three readers read one exam per minute."""
    batch = open_batch_of(study_setup, name, [study_setup.person(name) for name in VOTES])
    for assignment in batch.assignments.select_related("reader"):
        number = list(batch.assignments.filter(reader=assignment.reader).order_by("exam"))
        place = number.index(assignment)
        code = VOTES[assignment.reader.username][place]
        sign_at(assignment, *([code] if code else []), minutes=place, active_ms=1000 * (place + 1))
    return batch


@pytest.fixture
def open_batch(db: None, study_setup: StudySetup) -> Batch:
    """An open batch of six exams that three readers have read, one per minute."""
    return read_each_minute(study_setup, "Still open")


@pytest.fixture(scope="module")
def closed_batch(module_db: ModuleDb, study_setup: StudySetup) -> int:
    """A batch like ``open_batch``, but closed, with the results that are due immediately."""
    with module_db():
        batch = read_each_minute(study_setup, "Each minute")
        batches.close(batch_id=batch.pk, closed_by=study_setup.person("davi"), now=NOW)
        while refresh.work_next(now=NOW) or labels.refresh_next(now=NOW):
            pass
        return batch.pk


@pytest.fixture
def closed(db: None, closed_batch: int) -> Batch:
    return Batch.objects.get(pk=closed_batch)


# -- Suggestions for half of the readings ----------------------------------------------------------

ARMS = [{"arm": "none", "weight": 1}, {"arm": "concurrent", "weight": 1}]


@pytest.fixture(scope="module")
def closed_arms_batch(module_db: ModuleDb, study_setup: StudySetup) -> int:
    """Twelve exams with AF suggested in each; readers mark AF only if they see the suggestion."""
    with module_db():
        taxonomy = Taxonomy.objects.get(pk=study_setup.taxonomy)
        davi = study_setup.person("davi")
        study = builders.study(
            taxonomy, davi, now=NOW, name="Randomized", suggestion_policy="randomised",
            suggestion_arms=ARMS, consensus_rule="agreement_then_majority",
        )  # fmt: skip
        exams = study_setup.exams(12)
        suggest_af(exams, taxonomy)
        batch = batches.create(
            study=study, name="Randomized batch", exams=exams,
            readers=[study_setup.person(name) for name in VOTES], created_by=davi, now=NOW,
        )  # fmt: skip
        read_with_suggestions(batch)
        batches.close(batch_id=batch.pk, closed_by=davi, now=NOW)
        return batch.pk


def suggest_af(exams: list[Exam], taxonomy: Taxonomy) -> None:
    """Suggest AF in each of ``exams``."""
    model = SuggestionModel.objects.create(
        name="probe", version="1", covered_classes=[AF, NOISE], created_at=NOW
    )
    af_class = taxonomy.classes.get(code=AF)
    for exam in exams:
        run = SuggestionRun.objects.create(
            exam=exam, model=model, requested_at=NOW, finished_at=NOW
        )
        Suggestion.objects.create(run=run, diagnostic_class=af_class, strength=0.9, evidence="RR")


def read_with_suggestions(batch: Batch) -> None:
    """Submit all readings of ``batch``: AF, and in half the time, where it is suggested."""
    for assignment in batch.assignments.select_related("reader", "batch"):
        is_shown = assignment.arm == "concurrent"
        if is_shown:
            Exposure.objects.create(
                assignment=assignment, run=SuggestionRun.objects.get(exam=assignment.exam),
                arm="concurrent", first_shown_at=NOW,
            )  # fmt: skip
        sign_at(assignment, *([AF] if is_shown else []), active_ms=10_000 if is_shown else 20_000)


@pytest.fixture
def arms_batch(db: None, closed_arms_batch: int) -> Batch:
    return Batch.objects.get(pk=closed_arms_batch)


@pytest.fixture
def randomized(arms_batch: Batch) -> Study:
    """A study that randomizes who sees suggestions."""
    return arms_batch.study
