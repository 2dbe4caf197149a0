"""The cast and the props: Ana and Bruno read, Clara adjudicates, Davi coordinates.

Rosa does research, Otto audits, Eva has no role. Everything is made through the services.
"""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.conf import settings as site
from django.test import Client, override_settings
from django.utils import translation

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
from ecgreview.site import sessions
from tests.app import installed, props

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class MakeStudy(Protocol):
    """Make a study; by default open and with the defaults of a new one."""

    def __call__(self, *, is_open: bool = True, **settings: Any) -> Study: ...


class MakeBatch(Protocol):
    """Open a batch; by default of one new exam, read by Ana and Bruno."""

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
    """An empty folder: whatever lies in STATIC_ROOT is looked at when the site starts."""
    return tmp_path_factory.mktemp("static")


@pytest.fixture(scope="session", autouse=True)
def plain_static_files(no_collected_files: Path) -> Iterator[None]:
    """Let pages name their static files without collecting them first.

    Throughout: what is put back between two tests may be put back under a page that is still
    being made for the window that the first one closed.
    """
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**site.STORAGES, "staticfiles": plain}
    with override_settings(STORAGES=storages, STATIC_ROOT=no_collected_files):
        yield


@pytest.fixture(scope="session", autouse=True)
def sessions_without_notes() -> Iterator[None]:
    """Note in no session when it was last used.

    The note is due once a minute, and brings a cookie and a statement to whatever answer comes
    then: on a slow machine that is any answer.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "SEEN_STEP_S", 10**9)
        yield


@pytest.fixture(autouse=True)
def own_cache(settings: Any) -> None:
    """Count the failed attempts of this test alone.

    And wait for the server as long as it takes: on a busy machine an answer may take longer than
    the second that readers are made to wait.
    """
    shipped = settings.CACHES["default"]
    patient = {**shipped["OPTIONS"], "socket_connect_timeout": 60, "socket_timeout": 60}
    default = {**shipped, "KEY_PREFIX": f"test-{uuid.uuid4().hex}", "OPTIONS": patient}
    settings.CACHES = {"default": default}


@pytest.fixture(autouse=True)
def no_kept_heads(settings: Any) -> None:
    """Keep the heads of no test: the next one has another trail."""
    settings.AUDIT_HEADS_FILE = ""


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """End the language of the last request: the middleware leaves it active."""
    yield
    translation.deactivate()


@pytest.fixture
def refusing_server() -> Iterator[int]:
    """A mail server that knows nobody; its port."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            peer, _ = door.accept()
            with peer, peer.makefile("rwb", buffering=0) as line:
                line.write(b"220 hello\r\n")
                while word := line.readline()[:4].upper():
                    answers = {b"RCPT": b"550 nobody\r\n", b"QUIT": b"221 bye\r\n"}
                    line.write(answers.get(word, b"250 fine\r\n"))
                    if word == b"QUIT":
                        return

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        yield door.getsockname()[1]
        server.join(timeout=5)


@pytest.fixture
def now() -> datetime:
    """The time of everything that happens in a test."""
    return NOW


@pytest.fixture
def taxonomy(db: None, now: datetime) -> Taxonomy:
    """The product's own 66 classes."""
    return installed.install(now=now)


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Make a person with some roles; the name is also the user name."""

    def make(name: str, *wanted: Role) -> User:
        return props.person(name, *wanted)

    return make


@pytest.fixture
def ana(make_user: Callable[..., User]) -> User:
    """A reader."""
    return make_user("Ana", Role.READER)


@pytest.fixture
def bruno(make_user: Callable[..., User]) -> User:
    """The other reader."""
    return make_user("Bruno", Role.READER)


@pytest.fixture
def clara(make_user: Callable[..., User]) -> User:
    """The adjudicator."""
    return make_user("Clara", Role.ADJUDICATOR)


@pytest.fixture
def davi(make_user: Callable[..., User]) -> User:
    """The coordinator."""
    return make_user("Davi", Role.COORDINATOR)


@pytest.fixture
def eva(make_user: Callable[..., User]) -> User:
    """Somebody with an account and no role."""
    return make_user("Eva")


@pytest.fixture
def rosa(make_user: Callable[..., User]) -> User:
    """A researcher."""
    return make_user("Rosa", Role.RESEARCHER)


@pytest.fixture
def otto(make_user: Callable[..., User]) -> User:
    """An auditor."""
    return make_user("Otto", Role.AUDITOR)


@pytest.fixture
def dataset(db: None, now: datetime) -> Dataset:
    """Where the exams of a test come from."""
    return props.dataset(now=now)


@pytest.fixture
def make_exam(dataset: Dataset, now: datetime) -> Callable[..., Exam]:
    """Make an exam with one tracing of a second, unlike every other unless given a ``seed``."""
    n_made = 0

    def make(**more: Any) -> Exam:
        nonlocal n_made
        n_made += 1
        return props.exam(dataset, n_made, now=now, **more)

    return make


@pytest.fixture
def make_visits(
    make_exam: Callable[..., Exam], dataset: Dataset, now: datetime
) -> Callable[..., list[Exam]]:
    """Make the exams of one patient, one for each day."""

    def make(*days: int, patient: str = "p1") -> list[Exam]:
        exams = [make_exam() for _ in days]
        props.visits(dataset, exams, days, now=now, patient=patient)
        return exams

    return make


@pytest.fixture
def make_study(taxonomy: Taxonomy, davi: User, now: datetime) -> MakeStudy:
    """Make a study of Davi's and open it, with the defaults of a new study but for ``settings``."""

    def make(*, is_open: bool = True, **settings: Any) -> Study:
        return props.study(taxonomy, davi, now=now, is_open=is_open, **settings)

    return make


@pytest.fixture
def study(make_study: MakeStudy) -> Study:
    """Davi's study, open, with the defaults of a new study."""
    return make_study()


@pytest.fixture
def make_batch(
    study: Study,
    davi: User,
    now: datetime,
    make_exam: Callable[..., Exam],
    request: pytest.FixtureRequest,
) -> MakeBatch:
    """Open a batch of the study."""
    n_made = 0

    def make(
        exams: Sequence[Exam] | None = None,
        readers: Sequence[User] | None = None,
        name: str | None = None,
    ) -> Batch:
        nonlocal n_made
        n_made += 1
        if readers is None:
            readers = [request.getfixturevalue("ana"), request.getfixturevalue("bruno")]
        return props.batch(
            study,
            name or f"Batch {n_made}",
            [make_exam()] if exams is None else exams,
            readers,
            by=davi,
            now=now,
        )

    return make


@pytest.fixture
def assign(make_batch: MakeBatch, make_exam: Callable[..., Exam]) -> Callable[..., Assignment]:
    """Give a reader an exam to read, alone in an open batch unless one is given."""

    def make(reader: User, exam: Exam | None = None) -> Assignment:
        batch = make_batch([exam or make_exam()], [reader])
        return batch.assignments.get(reader=reader)

    return make


@pytest.fixture
def submit(now: datetime) -> Submit:
    """Submit a reading on behalf of the assignment's reader."""

    def make(assignment: Assignment, *codes: str, **more: Any) -> Reading:
        return props.submit(assignment, *codes, **{"now": now, **more})

    return make


@pytest.fixture
def close(davi: User, now: datetime) -> Callable[[Batch], Batch]:
    """Close a batch as Davi."""

    def make(batch: Batch) -> Batch:
        return batches.close(batch_id=batch.pk, closed_by=davi, now=now)

    return make


@pytest.fixture
def signed_in(client: Client) -> Callable[[User], Client]:
    """Return a browser in which somebody is signed in."""

    def make(user: User) -> Client:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
