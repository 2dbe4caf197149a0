"""The demo: six people, sixty synthetic exams, one closed batch and one to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
from django.conf import settings
from django.db import transaction

from annotations.models import Batch, Dataset, Exam, ImportRun, Role, Study, User
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.demo import readings
from annotations.services.exams import previous_exams, suggestion_requests
from annotations.services.exams import recordings as exams_recordings
from annotations.services.imports import recordings as imports_recordings
from annotations.services.people import accounts
from annotations.services.studies import lifecycle
from annotations.services.taxonomy import mappings, versions
from ecgreview.ecg import audit, synth
from ecgreview.ecg.formats import Recording
from ecgreview.ecg.visits import Visit
from ecgreview.protocol import Protocol

# The setting DEMO_EXAMS may ask for fewer. A third of them are in the pilot.
N_EXAMS = 60
# The first exams of Batch 1 belong to patients who also have an exam in the pilot. Days between the
# two exams.
DAYS_BEFORE = (412, 37, 1830, 95, 730, 12)
SEED = 66
DATASET = "Synthetic demo"
STUDY = "Demo study"
PILOT, FIRST = "Pilot", "Batch 1"
OWN = "My recordings"

# Progress callback. It gets a description of the current step.
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One person of the demo: name, role, and what they do there."""

    first_name: str
    last_name: str
    role: Role
    describes: str


PEOPLE: Mapping[str, Part] = MappingProxyType(
    {
        "ana": Part("Ana", "Lima", Role.READER, "reads"),
        "bruno": Part("Bruno", "Costa", Role.READER, "reads, without seeing Ana's"),
        "clara": Part("Clara", "Reis", Role.ADJUDICATOR, "adjudicates what is undecided"),
        "davi": Part("Davi", "Alves", Role.COORDINATOR, "coordinates the study"),
        "rosa": Part("Rosa", "Melo", Role.RESEARCHER, "exports what is agreed"),
        "otto": Part("Otto", "Nunes", Role.AUDITOR, "audits who did what"),
    }
)
READERS = ("ana", "bruno")


def prepare(
    *, now: datetime, data_dir: Path | None = None, progress: Progress | None = None
) -> dict[str, User]:
    """Create the parts of the demo that are missing, and return its people by user name.

    Each step is atomic. If the process is killed, the next start completes the demo.

    Raises:
        ingest.NothingToImport: there is no recording at ``data_dir``.
    """
    report = progress or _ignore_progress
    people = {username: _person(username, part, now) for username, part in PEOPLE.items()}
    mappings.install_built_in(now=now)
    report("synthetic exams")
    exams = _synthetic_exams(now)
    n_pilot = len(exams) // 3
    report("study and batches")
    study = _study(people["davi"], now)
    _pilot(study, exams[:n_pilot], people, now)
    _batch(study, FIRST, exams[n_pilot:], people, now)
    if data_dir is not None:
        report("your recordings")
        add_recordings(data_dir=data_dir, now=now)
    return people


def add_recordings(
    *, data_dir: Path, now: datetime, progress: imports_recordings.Progress | None = None
) -> ImportRun:
    """Import recordings into the demo, and release those that nobody reads yet as a new batch.

    Raises:
        ingest.NothingToImport: there is no recording at ``data_dir``.
    """
    people = {username: _person(username, part, now) for username, part in PEOPLE.items()}
    run = imports_recordings.import_path(
        path=data_dir, dataset_name=OWN, started_by=people["davi"], now=now, progress=progress
    )
    study = _study(people["davi"], now)
    unassigned = run.dataset.exams.originals().exclude(assignments__batch__study=study)
    if new := list(unassigned.order_by("pk")):
        _batch(study, _free_name(study), new, people, now)
    return run


def _ignore_progress(doing: str) -> None:
    pass


def _person(username: str, part: Part, now: datetime) -> User:
    user = User.objects.filter(username=username).first()
    return user or accounts.create(
        username=username,
        first_name=part.first_name,
        last_name=part.last_name,
        roles=[part.role],
        now=now,
    )


@transaction.atomic
def _synthetic_exams(now: datetime) -> list[Exam]:
    """Return the demo's exams in the order of ``_drawings``."""
    dataset, _ = Dataset.objects.get_or_create(
        name=DATASET,
        defaults={
            "is_synthetic": True,
            "licence": "CC0-1.0",
            "attribution": "Drawn by ECG Review; recorded from nobody.",
            "created_at": now,
        },
    )
    stored = list(dataset.exams.order_by("source_key"))
    if stored:
        return stored
    exams = exams_recordings.store(dataset=dataset, recordings=_drawings(), now=now)
    _link(dataset, exams, now)
    suggestion_requests.request(exams=exams, now=now)
    return exams


def _link(dataset: Dataset, exams: Sequence[Exam], now: datetime) -> None:
    """Give each of the first exams of Batch 1 a previous exam in the pilot."""
    n_pilot = len(exams) // 3
    visits = [
        Visit(exam.source_key, f"patient-{number}", day, number)
        for number, days in enumerate(DAYS_BEFORE[:n_pilot])
        for exam, day in ((exams[number], 0), (exams[n_pilot + number], days))
    ]
    previous_exams.link(dataset=dataset, visits=visits, actor=None, now=now)


def _drawings() -> list[Recording]:
    """Return the first ``settings.DEMO_EXAMS`` of sixty synthetic recordings, the same every time.

    Among the sixty, each abnormal condition occurs at least once, and a third are normal. In
    CODE-II half are normal; the demo has fewer, so that readers find something more often.
    """
    rng = np.random.default_rng(SEED)
    others = [name for name in synth.CONDITIONS if name != "normal_ecg"]
    n_more = N_EXAMS - len(others)
    more = list(rng.choice(others, size=n_more - N_EXAMS // 3, replace=False))
    names = [*others, *more, *["normal_ecg"] * (N_EXAMS // 3)]
    return [
        _drawing(number, str(names[row]), rng)
        for number, row in enumerate(rng.permutation(N_EXAMS)[: settings.DEMO_EXAMS])
    ]


def _drawing(number: int, condition: str, rng: np.random.Generator) -> Recording:
    exam = synth.synthesize(condition, rng)
    return Recording(
        signal=exam.signal,
        source_key=f"{number:02d}-{condition}",
        patient_key=None,
        age_years=exam.age_years,
        sex="F" if exam.sex == "F" else "M",
        warnings=audit.audit(exam.signal),
    )


def _study(coordinator: User, now: datetime) -> Study:
    study = Study.objects.filter(slug=lifecycle.slug_for(STUDY)).first()
    if study:
        return study
    settings = Protocol(name=STUDY, taxonomy=str(versions.install(now=now)), prior_exam="shown")
    draft = lifecycle.create(protocol=settings, created_by=coordinator, now=now, is_demo=True)
    return lifecycle.open_study(study_id=draft.pk, actor=coordinator, now=now)


def _batch(
    study: Study, name: str, exams: Sequence[Exam], people: Mapping[str, User], now: datetime
) -> Batch:
    batch = study.batches.filter(name=name).first()
    return batch or batches.create(
        study=study,
        name=name,
        exams=exams,
        readers=[people[username] for username in READERS],
        created_by=people["davi"],
        now=now,
    )


@transaction.atomic
def _pilot(study: Study, exams: Sequence[Exam], people: Mapping[str, User], now: datetime) -> None:
    """Create a batch, read it and close it, so that every page has content."""
    if study.batches.filter(name=PILOT).exists():
        return
    batch = _batch(study, PILOT, exams, people, now)
    truths = {exam.pk: synth.FINDINGS[exam.source_key.split("-", 1)[1]] for exam in exams}
    readings.simulate(batch=batch, truths=truths, rng=np.random.default_rng(SEED), now=now)
    closed = batches.close(batch_id=batch.pk, closed_by=people["davi"], now=now)
    labels.compute(study=study, now=now)
    refresh.refresh(batch=closed, now=now)


def _free_name(study: Study) -> str:
    """Return the first unused batch name of "My recordings", "My recordings 2", and so on."""
    names = set(study.batches.filter(name__startswith=OWN).values_list("name", flat=True))
    number, name = 1, OWN
    while name in names:
        number += 1
        name = f"{OWN} {number}"
    return name
