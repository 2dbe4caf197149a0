"""The site as in production (compressed, hashed files), with a reader and a queue."""

# ruff: noqa: E402, I001 - the environment is set before Django reads it.

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Not the demo, which omits Brotli. Plain HTTP, because the browser emulates the network.
STATIC = tempfile.TemporaryDirectory(prefix="ecgreview-bench-")
os.environ.setdefault("SITE_URL", "http://127.0.0.1:8000")
os.environ.update({"ECGREVIEW_DEMO": "0", "HTTPS": "0", "DEBUG": "0", "STATIC_ROOT": STATIC.name})
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's sync API runs an event loop

from bench._site import empty_database

from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.utils import timezone

from annotations.models import Batch, Dataset, Exam, Role, Tracing, User
from annotations.services.assignment import batches
from annotations.services.people import members, sign_in
from annotations.services.studies import lifecycle
from annotations.services.taxonomy import versions
from bench import waveform_bytes
from bench.browser import _files
from ecgreview.ecg import wire
from ecgreview.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    reader: User
    batch: Batch

    def link(self) -> str:
        """Return a one-time sign-in link of the reader."""
        return sign_in.link(self.reader, self.url)

    def desk(self) -> str:
        """Return the address of the first waiting exam."""
        first = self.batch.assignments.in_reading_order().waiting().first()
        assert first is not None, "the queue is read to its end"
        return f"{self.url}/read/{first.pk}/"


@contextmanager
def serving(n_exams: int) -> Iterator[Site]:
    """Create a study with one reader and ``n_exams``, and serve the site on a free port."""
    call_command("collectstatic", interactive=False, verbosity=0)
    with empty_database():
        reader, batch = prepare(n_exams)
        server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
        server.set_app(get_wsgi_application())
        logging.getLogger("django.server").setLevel(logging.ERROR)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Site(f"http://127.0.0.1:{server.server_port}", reader, batch)
        finally:
            server.shutdown()
            server.server_close()
            end_connections()
    STATIC.cleanup()


def end_connections() -> None:
    """Close connections that server threads still hold, so that the database can be dropped."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


def prepare(n_exams: int) -> tuple[User, Batch]:
    """Create a reader with a batch of exams, and return both."""
    now = timezone.now()
    owner = members.create(username="owner", roles=[Role.COORDINATOR])
    reader = members.create(username="reader", roles=[Role.READER])
    settings = Protocol(name="Bench", taxonomy=str(versions.install(now=now)))
    draft = lifecycle.create(protocol=settings, created_by=owner, now=now)
    study = lifecycle.open_study(study_id=draft.pk, actor=owner, now=now)
    dataset = Dataset.objects.create(name="bench", created_at=now)
    exams = [
        exam(dataset, number, packed) for number, packed in enumerate(recordings(n_exams), start=1)
    ]
    batch = batches.create(
        study=study, name="Bench", exams=exams, readers=[reader], created_by=owner, now=now
    )
    return reader, batch


def recordings(number: int) -> list[bytes]:
    """Return packed exams: real ones, then synthetic ones if there are too few real ones."""
    real = {  # two collections may hold the same recording
        signal.content_hash: wire.pack(signal)
        for signal in waveform_bytes.exams(waveform_bytes.DATA)
    }
    packets = list(real.values())[:number]
    return packets + _files.packed_exams(number - len(packets))


def exam(dataset: Dataset, number: int, packed: bytes) -> Exam:
    """Store one exam with one tracing."""
    signal = wire.unpack(packed)
    stored = Exam.objects.create(
        dataset=dataset, source_key=f"bench/{number:05}", content_hash=signal.content_hash,
        imported_at=dataset.created_at,
    )  # fmt: skip
    Tracing.objects.create(
        exam=stored, position=1, sampling_rate_hz=signal.sampling_rate_hz, packed=packed,
        n_samples=signal.n_samples, content_hash=signal.content_hash,
    )  # fmt: skip
    return stored
