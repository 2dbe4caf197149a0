"""Functions that create people, exams, studies, batches and readings, mostly through services."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from annotations.models import (
    Assignment,
    Batch,
    Dataset,
    Exam,
    Reading,
    Role,
    Study,
    Taxonomy,
    Tracing,
    User,
)
from annotations.services.assignment import batches
from annotations.services.exams import previous_exams
from annotations.services.people import accounts
from annotations.services.reading import content
from annotations.services.studies import lifecycle
from ecgreview import protocol
from ecgreview.ecg import wire
from ecgreview.ecg.signal import Signal
from ecgreview.ecg.visits import Visit
from tests.app import signing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The current time of most tests."""

ACCOUNTS_CREATED_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def person(name: str, *roles: Role) -> User:
    """Create a person with roles; the lower-case name is the user name."""
    return accounts.create(
        username=name.lower(), first_name=name, last_name="", roles=roles, now=ACCOUNTS_CREATED_AT
    )


def dataset(*, now: datetime) -> Dataset:
    """Create the data set to which the exams of a test belong."""
    return Dataset.objects.create(name="Ward 3", created_at=now)


def exam(
    of: Dataset,
    number: int,
    *,
    now: datetime,
    age_years: float | None = 61.0,
    sex: str | None = "F",
    seed: int | None = None,
) -> Exam:
    """Create an exam with a tracing of one second. Signals differ unless ``seed`` is given."""
    signal = small_signal(number if seed is None else seed)
    created = Exam.objects.create(
        dataset=of,
        source_key=f"records/{number:05d}",
        age_years=age_years,
        sex=sex,
        content_hash=signal.content_hash,
        imported_at=now,
    )
    Tracing.objects.create(
        exam=created,
        position=1,
        sampling_rate_hz=signal.sampling_rate_hz,
        n_samples=signal.n_samples,
        content_hash=signal.content_hash,
        packed=wire.pack(signal),
    )
    return created


def visits(
    of: Dataset, exams: Sequence[Exam], days: Sequence[int], *, now: datetime, patient: str = "p1"
) -> None:
    """Link ``exams`` to one patient, each with the day at the same index of ``days``."""
    linked = [
        Visit(exam.source_key, patient, day, line)
        for line, (exam, day) in enumerate(zip(exams, days, strict=True), start=2)
    ]
    previous_exams.link(dataset=of, visits=linked, actor=None, now=now)
    for exam in exams:
        exam.refresh_from_db()


def small_signal(seed: int) -> Signal:
    """Return a second of noise at 100 Hz, for tests that do not depend on the waves."""
    rng = np.random.default_rng(seed)
    return Signal(rng.integers(-500, 500, (12, 100), dtype=np.int16), 100.0, 1.0)


def study(
    classes: Taxonomy, coordinator: User, *, now: datetime, is_open: bool = True, **settings: Any
) -> Study:
    """Create a study and open it if ``is_open``; ``settings`` override the protocol's defaults."""
    settings_of_study = protocol.parse(
        {"name": "Morning list", "taxonomy": str(classes), **settings}
    )
    created = lifecycle.create(protocol=settings_of_study, created_by=coordinator, now=now)
    if not is_open:
        return created
    return lifecycle.open_study(study_id=created.pk, actor=coordinator, now=now)


def batch(
    of: Study, name: str, exams: Sequence[Exam], readers: Sequence[User], *, by: User, now: datetime
) -> Batch:
    return batches.create(study=of, name=name, exams=exams, readers=readers, created_by=by, now=now)


def submit(
    assignment: Assignment,
    *codes: str,
    now: datetime,
    key: uuid.UUID | None = None,
    certainty: str = "definite",
    **more: Any,
) -> Reading:
    """Submit a reading as the assignment's reader, who must not have a draft."""
    values = {
        "findings": [content.FindingIn(code, certainty) for code in codes],
        "quality": "good",
        "comment": "",
        "active_ms": 58_000,
        "display": {},
        "now": now,
        **more,
    }
    return signing.submit_reading(
        assignment_id=assignment.pk,
        reader=assignment.reader,
        based_on=0,
        idempotency_key=key or uuid.uuid4(),
        **values,
    ).reading
