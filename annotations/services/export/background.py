"""Shared by jobs that build a file in the background: attempts, and storage in chunks.

A job is a row with ``n_attempts``, ``started_at``, ``n_done``, ``finished_at`` and ``failure``. Its
file is stored in chunks next to it. The chunks are committed before the row says that it is ready,
so nobody gets half a file. The worker holds an advisory lock; if it dies, PostgreSQL releases the
lock and the next worker starts over.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import connection
from django.db.models import F, QuerySet

from annotations import row_security
from annotations.models import Archive, ArchiveChunk, Release, ReleaseChunk

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

CHUNK_BYTES = 1 << 19

MAX_ATTEMPTS = 5
RETRY_DELAY = timedelta(seconds=10)
MAX_RETRY_DELAY = timedelta(minutes=5)

# Failure of an attempt whose worker was killed.
INTERRUPTED = "Interrupted"

Job: TypeAlias = Archive | Release
Jobs: TypeAlias = QuerySet[Any]


def is_retry_due(job: Job, now: datetime) -> bool:
    """Whether ``job`` was not attempted yet, or long enough ago."""
    delay = min(2**job.n_attempts * RETRY_DELAY, MAX_RETRY_DELAY)
    return job.started_at is None or now - job.started_at >= delay


def begin(unfinished: Jobs, now: datetime) -> bool:
    """Count an attempt and commit it; return False if the job is finished or has failed.

    Args:
        unfinished: selects the row of the job if it is not finished.
        now: time of the attempt.
    """
    # The worker of the last attempt was killed before it could record the failure.
    if unfinished.filter(n_attempts__gte=MAX_ATTEMPTS).exists():
        unfinished.filter(failure="").update(failure=INTERRUPTED)
        unfinished.update(finished_at=now)
        return False
    return bool(unfinished.update(n_attempts=F("n_attempts") + 1, started_at=now, n_done=0))


@contextmanager
def failure_stored(unfinished: Jobs, now: datetime) -> Iterator[None]:
    """Store the name of the error that ends the block, if the database still works."""
    try:
        yield
    except BaseException as error:
        if not (connection.needs_rollback or row_security.is_broken()):
            unfinished.update(failure=type(error).__name__[:80], n_done=0)
            unfinished.filter(n_attempts__gte=MAX_ATTEMPTS).update(finished_at=now)
        raise


def headers(job: Job, name: str) -> dict[str, str]:
    """Return the HTTP headers for the file of ``job``, with ``name`` as its file name.

    Browsers must download it and must not guess another content type.
    """
    return {
        "Content-Type": "application/zip",
        "Content-Length": str(job.n_bytes),
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def state_name(job: Job) -> str:
    """Return "waiting", "making", "ready" or "failed"."""
    if job.is_ready:
        return "ready"
    if job.has_failed:
        return "failed"
    return "making" if job.started_at else "waiting"


class ChunkFile(io.RawIOBase):
    """A write-only file that is stored in chunks as it grows, with its progress.

    It has its own connection, which commits each chunk immediately, because the main connection
    reads the tables from a snapshot. Another thread may write while this one calls ``reach`` or
    ``execute``.

    Attributes:
        is_own: whether it has its own connection; not inside a transaction, as in tests.
    """

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self.n_bytes = 0
        chunk = ArchiveChunk if isinstance(job, Archive) else ReleaseChunk
        self._jobs, self._chunks = job._meta.db_table, chunk._meta.db_table
        self._of_job = f"{job._meta.model_name}_id"
        self._job_id = job.pk
        self._pending = bytearray()
        self.is_own = not connection.in_atomic_block
        self._connection = connection.copy() if self.is_own else connection
        if self.is_own:
            self._connection.inc_thread_sharing()
        self._lock = threading.Lock()
        # Chunks of an attempt that was killed.
        self.execute(f"delete from {self._chunks} where {self._of_job} = %s", job.pk)  # noqa: S608

    def __exit__(self, *_: object) -> None:
        if self.is_own:
            self._connection.close()

    def writable(self) -> bool:
        return True

    def write(self, content: Buffer, /) -> int:
        self.digest.update(content)
        self._pending += content
        while len(self._pending) >= CHUNK_BYTES:
            self._store(bytes(self._pending[:CHUNK_BYTES]))
            del self._pending[:CHUNK_BYTES]
        return memoryview(content).nbytes

    def finish(self) -> None:
        """Store the last chunk."""
        if self._pending:
            self._store(bytes(self._pending))
        self._pending.clear()

    def reach(self, n_done: int) -> None:
        """Record that ``n_done`` parts are written."""
        self.execute(
            f"update {self._jobs} set n_done = %s where id = %s",  # noqa: S608
            n_done,
            self._job_id,
        )

    def execute(self, sql: str, *values: int | bytes) -> list[tuple[Any, ...]]:
        """Execute a statement outside the snapshot, and return its rows."""
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def _store(self, content: bytes) -> None:
        # An INSERT takes four times as long, because Django sends values as text.
        columns = f"{self._chunks} ({self._of_job}, number, content)"
        with (
            self._lock,
            self._connection.cursor() as cursor,
            cursor.copy(f"copy {columns} from stdin (format binary)") as copy,
        ):
            copy.set_types(["int8", "int4", "bytea"])
            copy.write_row((self._job_id, self.n_bytes // CHUNK_BYTES, content))
        self.n_bytes += len(content)
