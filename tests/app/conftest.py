"""Fixtures for people and data, mostly created through the services.

Ana and Bruno are readers, Clara is an adjudicator, Davi a coordinator, Rosa a researcher and Otto
an auditor. Eva has no role.
"""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.conf import settings as site
from django.test import Client, override_settings
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from annotations.models import (
    Assignment,
    Batch,
    Dataset,
    Exam,
    Reading,
    Role,
    Study,
    Taxonomy,
    User,
)
from annotations.services.assignment import batches
from ecgreview.agreement.accuracy import reader_profiles, suggestion_effect
from ecgreview.agreement.sampling import resampling
from ecgreview.site import sessions
from tests.app import builders, installed
from tests.app.builders import NOW
from tests.app.kept import KEPT, Numbers, Requested, factory, kept, requested
from tests.sizes import size


class MakeStudy(Protocol):
    """Create a study, by default an open one with default settings."""

    def __call__(self, *, is_open: bool = True, **settings: Any) -> Study: ...


class MakeBatch(Protocol):
    """Open a batch, by default of one new exam for Ana and Bruno."""

    def __call__(
        self,
        exams: Sequence[Exam] | None = None,
        readers: Sequence[User] | None = None,
        name: str | None = None,
    ) -> Batch: ...


class Submit(Protocol):
    """Submit a reading of an assignment that has no draft."""

    def __call__(
        self,
        assignment: Assignment,
        *codes: str,
        quality: str = "good",
        comment: str = "",
        key: uuid.UUID | None = None,
        certainty: str = "definite",
        **more: Any,
    ) -> Reading: ...


@pytest.fixture(scope="session")
def no_collected_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty STATIC_ROOT, since the site scans that folder when it starts."""
    return tmp_path_factory.mktemp("static")


@pytest.fixture(scope="session", autouse=True)
def uncollected_static_files(no_collected_files: Path) -> Iterator[None]:
    """Let pages refer to static files without collecting them first.

    This lasts for the whole session: if the settings were restored between two tests, they could
    change while the server is still answering a request of the first.
    """
    backend = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**site.STORAGES, "staticfiles": backend}
    with override_settings(STORAGES=storages, STATIC_ROOT=no_collected_files):
        yield


@pytest.fixture(scope="session", autouse=True)
def sessions_without_timestamps() -> Iterator[None]:
    """Do not store the time of last use in sessions.

    The timestamp is due once a minute and adds a cookie and a statement to that response; on a
    slow machine this could be any response.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "SEEN_STEP_S", 10**9)
        yield


N_REPLICATES = size(50, resampling.N_REPLICATES)


@pytest.fixture(scope="module", autouse=True)
def few_replicates() -> Iterator[None]:
    """Compute the intervals of reports from few replicates, which saves a third of each report.

    The tests of the domain check the intervals. Functions have the frozen ``DEFAULT`` as the
    default of a parameter, so it is changed instead of replaced.
    """
    object.__setattr__(resampling.DEFAULT, "n_replicates", N_REPLICATES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_profiles, "N_REPLICATES", N_REPLICATES)
        patch.setattr(suggestion_effect, "N_REPLICATES", N_REPLICATES)
        yield
    object.__setattr__(resampling.DEFAULT, "n_replicates", resampling.N_REPLICATES)


@pytest.fixture(autouse=True)
def own_cache(settings: Any) -> None:
    """Use a cache prefix per test, so that failed sign-ins of other tests do not count.

    Also raise the cache's timeouts of one second, which are too short for a busy machine.
    """
    default = settings.CACHES["default"]
    options = {**default["OPTIONS"], "socket_connect_timeout": 60, "socket_timeout": 60}
    default = {**default, "KEY_PREFIX": f"test-{uuid.uuid4().hex}", "OPTIONS": options}
    settings.CACHES = {"default": default}


@pytest.fixture(autouse=True)
def no_audit_heads_file(settings: Any) -> None:
    """Write no file of audit heads, because each test has its own audit trail."""
    settings.AUDIT_HEADS_FILE = ""


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """Reset the language, because the middleware leaves that of the last request active."""
    yield
    translation.deactivate()


@pytest.fixture
def refusing_server() -> Iterator[int]:
    """The port of a mail server that refuses every recipient."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer, peer.makefile("rwb", buffering=0) as line:
                line.write(b"220 hello\r\n")
                while command := line.readline()[:4].upper():
                    answers = {b"RCPT": b"550 nobody\r\n", b"QUIT": b"221 bye\r\n"}
                    line.write(answers.get(command, b"250 fine\r\n"))
                    if command == b"QUIT":
                        return

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        yield listener.getsockname()[1]
        server.join(timeout=5)


@pytest.fixture(scope="module")
def keeps_rows(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[bool]:
    """Whether kept rows stay between the tests of this module. With ``module_db`` they do not."""
    of_module = (item for item in request.session.items if item.path == request.path)
    yield not any("module_db" in names_of_fixtures(item) for item in of_module)
    with django_db_blocker.unblock():
        KEPT.keep(Requested())


def names_of_fixtures(item: pytest.Item) -> set[str]:
    return set(item.fixturenames) if isinstance(item, pytest.Function) else set()


@pytest.fixture
def kept_rows(
    request: pytest.FixtureRequest, keeps_rows: bool, django_db_blocker: DjangoDbBlocker
) -> None:
    """Make the database contain the rows of the kept fixtures that the test uses."""
    if keeps_rows:
        with django_db_blocker.unblock():
            KEPT.keep(Requested() if commits(request) else requested(request))


def commits(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return "transactional_db" in request.fixturenames or bool(
        marker and marker.kwargs.get("transaction")
    )


@pytest.fixture
def _django_db_helper(kept_rows: None, _django_db_helper: None) -> None:
    """Provide the kept rows before pytest-django opens the transaction of a test."""


@pytest.fixture
def now() -> datetime:
    return NOW


@kept
def taxonomy(db: None) -> Taxonomy:
    """The built-in taxonomy of 66 classes."""
    return installed.install(now=NOW)


@kept
def davi(db: None) -> User:
    """The coordinator."""
    return builders.person("Davi", Role.COORDINATOR)


@kept
def study(taxonomy: Taxonomy, davi: User) -> Study:
    """Davi's study: open, with default settings."""
    return builders.study(taxonomy, davi, now=NOW)


@kept
def dataset(db: None) -> Dataset:
    """The data set to which the exams of a test belong."""
    return builders.dataset(now=NOW)


@kept
def ana(db: None) -> User:
    """A reader."""
    return builders.person("Ana", Role.READER)


@kept
def bruno(db: None) -> User:
    """The other reader."""
    return builders.person("Bruno", Role.READER)


@kept
def clara(db: None) -> User:
    """The adjudicator."""
    return builders.person("Clara", Role.ADJUDICATOR)


@kept
def rosa(db: None) -> User:
    """A researcher."""
    return builders.person("Rosa", Role.RESEARCHER)


@kept
def otto(db: None) -> User:
    """An auditor."""
    return builders.person("Otto", Role.AUDITOR)


@kept
def eva(db: None) -> User:
    """A user without a role."""
    return builders.person("Eva")


@pytest.fixture
def numbers() -> Numbers:
    """How many exams and batches exist before a test creates more."""
    return KEPT.numbers


@factory
def make_user(db: None) -> Callable[..., User]:
    """Create a person with roles; the lower-case name is the user name."""

    def make(name: str, *roles: Role) -> User:
        return builders.person(name, *roles)

    return make


@factory
def make_exam(dataset: Dataset, now: datetime, numbers: Numbers) -> Callable[..., Exam]:
    """Create an exam with a tracing of one second. Signals differ unless ``seed`` is given."""

    def make(**more: Any) -> Exam:
        numbers.exams += 1
        return builders.exam(dataset, numbers.exams, now=now, **more)

    return make


@factory
def make_visits(
    make_exam: Callable[..., Exam], dataset: Dataset, now: datetime
) -> Callable[..., list[Exam]]:
    """Create the exams of one patient, one for each day."""

    def make(*days: int, patient: str = "p1") -> list[Exam]:
        exams = [make_exam() for _ in days]
        builders.visits(dataset, exams, days, now=now, patient=patient)
        return exams

    return make


@factory
def make_study(taxonomy: Taxonomy, davi: User, now: datetime) -> MakeStudy:
    """Create a study of Davi, by default an open one; ``settings`` override the defaults."""

    def make(*, is_open: bool = True, **settings: Any) -> Study:
        return builders.study(taxonomy, davi, now=now, is_open=is_open, **settings)

    return make


@factory
def make_batch(
    study: Study,
    davi: User,
    ana: User,
    bruno: User,
    now: datetime,
    make_exam: Callable[..., Exam],
    numbers: Numbers,
) -> MakeBatch:
    def make(
        exams: Sequence[Exam] | None = None,
        readers: Sequence[User] | None = None,
        name: str | None = None,
    ) -> Batch:
        numbers.batches += 1
        return builders.batch(
            study,
            name or f"Batch {numbers.batches}",
            [make_exam()] if exams is None else exams,
            [ana, bruno] if readers is None else readers,
            by=davi,
            now=now,
        )

    return make


@factory
def assign(make_batch: MakeBatch, make_exam: Callable[..., Exam]) -> Callable[..., Assignment]:
    """Assign an exam to a reader, in an open batch of its own."""

    def make(reader: User, exam: Exam | None = None) -> Assignment:
        batch = make_batch([exam or make_exam()], [reader])
        return batch.assignments.get(reader=reader)

    return make


@factory
def submit(now: datetime) -> Submit:
    """Submit a reading as the assignment's reader."""

    def make(assignment: Assignment, *codes: str, **more: Any) -> Reading:
        return builders.submit(assignment, *codes, **{"now": now, **more})

    return make


@factory
def close(davi: User, now: datetime) -> Callable[[Batch], Batch]:
    def make(batch: Batch) -> Batch:
        return batches.close(batch_id=batch.pk, closed_by=davi, now=now)

    return make


@pytest.fixture
def signed_in(client: Client) -> Callable[[User], Client]:
    def make(user: User) -> Client:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
