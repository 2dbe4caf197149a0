"""Archive jobs: requested by users, created by a worker, then downloaded.

An archive is stored in chunks next to its row. The chunks are committed before the row says that it
is ready, so nobody gets half a file. The worker holds an advisory lock; if it dies, PostgreSQL
releases the lock and the next worker starts over.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, F, Max, OuterRef

from annotations import row_security, table_statistics
from annotations.models import (
    Adjudication,
    AgreementReport,
    Archive,
    ArchiveChunk,
    Consensus,
    Exposure,
    Reading,
    Study,
    StudyReader,
    User,
    Viewing,
)
from annotations.services import audit
from annotations.services.export import archive as export_archive
from annotations.services.export.sources import opened
from annotations.services.refusals import Refusal
from ecgreview import advisory_locks, hash_chain
from ecgreview.advisory_locks import Lock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

# Increase this whenever the same data would give an export with different bytes.
FORMAT = 2

CHUNK_BYTES = 1 << 19
KEPT = timedelta(days=7)
# How long to keep a superseded archive, which somebody may still be downloading.
SUPERSEDED_KEPT = timedelta(hours=1)

MAX_ATTEMPTS = 5
RETRY_DELAY = timedelta(seconds=10)
MAX_RETRY_DELAY = timedelta(minutes=5)

# Failure of an attempt whose worker was killed.
INTERRUPTED = "Interrupted"


class NotReady(Refusal):
    code = "archive-not-ready"


class Outdated(Refusal):
    code = "archive-outdated"


# -- Requesting ---------------------------------------------------------------------------------


@transaction.atomic
def request(*, study: Study, actor: User, now: datetime) -> Archive:
    """Return the current archive of ``study``: the ready one, or one that will be created.

    The caller must check first that ``actor`` may export the study.
    """
    with row_security.as_owner():
        if ready := _current(study):
            return ready
        archive = Archive(
            study=study, requested_by=actor, requested_at=now, n_total=export_archive.N_FILES
        )
        # Race: a concurrent request gets the same archive.
        Archive.objects.bulk_create([archive], ignore_conflicts=True)
        return Archive.objects.unfinished().filter(study=study).get()


def latest(study: Study) -> tuple[Archive | None, bool]:
    """Return the archive of ``study`` to show, or None, and whether it is current.

    This is the archive that is ready and matches the present state of the study, or else the one
    that was requested last.
    """
    with row_security.as_owner():
        if ready := _current(study):
            return ready, True
        return Archive.objects.filter(study=study).order_by("-pk").first(), False


def is_current(archive: Archive) -> bool:
    """Whether ``archive`` is ready and everything it depends on is unchanged; see ``state_of``."""
    if not archive.is_ready:
        return False
    with row_security.as_owner():
        return archive.state == state_of(archive.study)


def find(*, study: Study, key: UUID) -> Archive:
    """Return the archive of ``study`` with this key.

    Raises:
        Archive.DoesNotExist: there is none with this key, or it was deleted.
    """
    with row_security.as_owner():
        return Archive.objects.get(study=study, key=key)


@transaction.atomic
def download(*, archive: Archive, actor: User, now: datetime) -> Iterator[bytes]:
    """Return the file of ``archive`` in chunks, and record the download by ``actor``.

    The caller must check first that ``actor`` may export the study now. Chunks are read while they
    are sent, after the request's transaction has ended.

    Raises:
        NotReady: the archive has not been built yet, or building it failed.
        Outdated: it contains results of a batch whose results are no longer open.
    """
    refuse(archive)
    audit.record(
        actor=actor,
        action=audit.Action.EXPORT_DOWNLOADED,
        study=archive.study,
        target=archive.study,
        after={"file": f"{archive.study.slug}.zip", "digest": archive.digest},
        now=now,
    )
    return _chunks(archive)


def refuse(archive: Archive) -> None:
    """Raise unless ``archive`` can be downloaded.

    Raises:
        NotReady, Outdated: see ``download``.
    """
    if not archive.is_ready:
        raise NotReady
    with row_security.as_owner():
        still_open = set(opened(archive.study).values_list("pk", flat=True))
    if not still_open.issuperset(archive.batches):
        raise Outdated


def _chunks(archive: Archive) -> Iterator[bytes]:
    for number in range(-(-archive.n_bytes // CHUNK_BYTES)):
        chunk = ArchiveChunk.objects.get(archive=archive.pk, number=number)
        yield bytes(chunk.content)


def _current(study: Study) -> Archive | None:
    ready = Archive.objects.ready().filter(study=study, state=state_of(study))
    return ready.order_by("-pk").first()


def state_of(study: Study) -> str:
    """Return a digest of everything an export of ``study`` depends on.

    Rows of readings, adjudications, exposures, viewings and reports never change, and a recomputed
    consensus gets new rows. So numbers of rows and highest ids are enough.
    """
    batches = opened(study)
    readings = Reading.objects.filter(assignment__batch__in=batches)
    exposures = Exposure.objects.filter(assignment__batch__in=batches)
    adjudicated = Adjudication.objects.filter(assignment__batch__in=batches)
    looked = Viewing.objects.filter(exposure__assignment__batch__in=batches)
    reports = AgreementReport.objects.newest().filter(batch__in=batches)
    consensus = Consensus.objects.with_open_results().filter(study=study)
    state = {
        "format": FORMAT,
        "study": [study.slug, study.taxonomy_id],
        "batches": list(batches.order_by("pk").values_list("pk", "name", "purpose")),
        "readers": list(
            StudyReader.objects.filter(study=study)
            .order_by("pk")
            .values_list("user", "status", "user__kind")
        ),
        "readings": readings.aggregate(n=Count("pk"), last=Max("pk")),
        "exposures": exposures.aggregate(n=Count("pk"), last=Max("pk")),
        "adjudications": adjudicated.aggregate(n=Count("pk"), last=Max("pk")),
        "viewings": looked.aggregate(n=Count("pk"), last=Max("pk")),
        "consensus": consensus.aggregate(n=Count("pk"), last=Max("pk")),
        "gold": study.gold_exams.aggregate(n=Count("pk"), last=Max("named_at")),
        "reports": list(reports.order_by("pk").values_list("pk", flat=True)),
    }
    return hashlib.sha256(hash_chain.canonical_json(state).encode()).hexdigest()


def state_name(archive: Archive) -> str:
    """Return "waiting", "making", "ready" or "failed"."""
    if archive.is_ready:
        return "ready"
    if archive.has_failed:
        return "failed"
    return "making" if archive.started_at else "waiting"


def headers(archive: Archive) -> dict[str, str]:
    """Return the HTTP headers for the archive's file.

    Browsers must download it and must not guess another content type.
    """
    return {
        "Content-Type": "application/zip",
        "Content-Length": str(archive.n_bytes),
        "Content-Disposition": f'attachment; filename="{archive.study.slug}.zip"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


# -- Building -----------------------------------------------------------------------------------


def make_next(*, now: datetime) -> bool:
    """Build the next requested archive; return False when there is none.

    Call it outside a transaction, so that its progress is visible to other connections.
    """
    for archive in Archive.objects.unfinished().order_by("n_attempts", "pk"):
        if not _is_retry_due(archive, now):
            continue
        with advisory_locks.held(Lock.ARCHIVE, archive.pk, waits=False) as is_ours:
            if is_ours and _begin(archive, now):
                with _failure_stored(archive, now):
                    _make(archive, now)
                return True
    return False


def clear(*, now: datetime) -> int:
    """Delete archives older than ``KEPT`` or superseded for ``SUPERSEDED_KEPT``; count them."""
    finished = Archive.objects.filter(finished_at__isnull=False)
    newer = Archive.objects.ready().filter(
        study=OuterRef("study"), pk__gt=OuterRef("pk"), finished_at__lte=now - SUPERSEDED_KEPT
    )
    old = finished.filter(finished_at__lte=now - KEPT)
    return sum(
        rows.delete()[1].get("annotations.Archive", 0)
        for rows in (old, finished.filter(Exists(newer)))
    )


def _is_retry_due(archive: Archive, now: datetime) -> bool:
    delay = min(2**archive.n_attempts * RETRY_DELAY, MAX_RETRY_DELAY)
    return archive.started_at is None or now - archive.started_at >= delay


def _begin(archive: Archive, now: datetime) -> bool:
    """Count an attempt and commit it; return False if the archive is finished or has failed."""
    unfinished = Archive.objects.unfinished().filter(pk=archive.pk)
    # The worker of the last attempt was killed before it could record the failure.
    if unfinished.filter(n_attempts__gte=MAX_ATTEMPTS).exists():
        unfinished.filter(failure="").update(failure=INTERRUPTED)
        unfinished.update(finished_at=now)
        return False
    return bool(unfinished.update(n_attempts=F("n_attempts") + 1, started_at=now, n_done=0))


def _make(archive: Archive, now: datetime) -> None:
    """Write the file, then mark the archive as ready."""
    study = archive.study
    table_statistics.keep_up()
    with (
        _ChunkFile(archive) as file,
        export_archive.at_one_moment(study=study, now=now) as files,
    ):
        state, batches = state_of(study), list(opened(study).values_list("pk", flat=True))
        export_archive.pack(study=study, files=files, file=file, progress=file.reach)
        file.finish()
    with transaction.atomic():
        Archive.objects.filter(pk=archive.pk).update(
            finished_at=now,
            failure="",
            state=state,
            batches=sorted(batches),
            digest=file.digest.hexdigest(),
            n_bytes=file.n_bytes,
        )
        audit.record(
            actor=archive.requested_by,
            action=audit.Action.EXPORT_MADE,
            study=study,
            target=study,
            after={"file": f"{study.slug}.zip", "digest": file.digest.hexdigest()},
            now=now,
        )


class _ChunkFile(io.RawIOBase):
    """A write-only file that is stored in chunks as it grows, with its progress.

    It has its own connection, which commits each chunk immediately, because the main connection
    reads the tables from a snapshot.
    """

    def __init__(self, archive: Archive) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self.n_bytes = 0
        self._archive = archive
        self._pending = bytearray()
        self._is_own = not connection.in_atomic_block
        self._connection = connection.copy() if self._is_own else connection
        # Chunks of an attempt that was killed.
        self._execute("delete from annotations_archivechunk where archive_id = %s", archive.pk)

    def __exit__(self, *_: object) -> None:
        if self._is_own:
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
        """Record that ``n_done`` tables are written."""
        self._execute(
            "update annotations_archive set n_done = %s where id = %s", n_done, self._archive.pk
        )

    def _store(self, content: bytes) -> None:
        self._execute(
            "insert into annotations_archivechunk (archive_id, number, content)"
            " values (%s, %s, %s)",
            *(self._archive.pk, self.n_bytes // CHUNK_BYTES, content),
        )
        self.n_bytes += len(content)

    def _execute(self, sql: str, *values: int | bytes) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)


@contextmanager
def _failure_stored(archive: Archive, now: datetime) -> Iterator[None]:
    """Store the name of the error that ends the block, if the database still works."""
    try:
        yield
    except BaseException as error:
        if not (connection.needs_rollback or row_security.is_broken()):
            unfinished = Archive.objects.unfinished().filter(pk=archive.pk)
            unfinished.update(failure=type(error).__name__[:80], n_done=0)
            unfinished.filter(n_attempts__gte=MAX_ATTEMPTS).update(finished_at=now)
        raise
