"""Archives of exports: asked for by people, made by a worker, downloaded as they were made.

An archive is stored in chunks beside its row. What the file holds is committed before the row says
that it is ready, so nobody is ever served half of one. Who makes it holds an advisory lock; if the
worker dies, PostgreSQL releases it and the next one starts over.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, F, Max, OuterRef

from annotations import row_security
from annotations.models import (
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
from annotations.services.counts import table_statistics
from annotations.services.export import archive as export_archive
from annotations.services.export.sources import opened
from ecgreview import advisory_locks, hash_chain
from ecgreview.advisory_locks import Lock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

FORMAT = 1
"""To be raised with whatever changes the bytes of an export of the same readings."""

CHUNK_BYTES = 1 << 19
KEPT = timedelta(days=7)
SUPERSEDED_KEPT = timedelta(hours=1)
"""An archive that a newer one follows may be on its way to somebody for so long."""

MAX_ATTEMPTS = 5
REST = timedelta(seconds=10)
MAX_REST = timedelta(minutes=5)

INTERRUPTED = "Interrupted"
"""The failure of an attempt whose worker was killed."""


class NotReady(Exception):
    """The archive is being made, or could not be made."""


class Outdated(Exception):
    """Results that are in the archive are no longer open."""


# -- Asking -------------------------------------------------------------------------------------


@transaction.atomic
def request(*, study: Study, actor: User, now: datetime) -> Archive:
    """Return the archive of what ``study`` holds now: the ready one, or one that will be made.

    The caller has checked that ``actor`` may export the study.
    """
    with row_security.as_owner():
        if ready := _current(study):
            return ready
        asked = Archive(
            study=study, requested_by=actor, requested_at=now, n_total=export_archive.N_FILES
        )
        # Somebody may ask at the same time: both get the same archive.
        Archive.objects.bulk_create([asked], ignore_conflicts=True)
        return Archive.objects.unfinished().filter(study=study).get()


def latest(study: Study) -> tuple[Archive | None, bool]:
    """Return the ready archive of what ``study`` holds now, or else the last one asked for.

    Returns:
        The archive, if there is any, and whether it is of what the study holds now.
    """
    with row_security.as_owner():
        if ready := _current(study):
            return ready, True
        return Archive.objects.filter(study=study).order_by("-pk").first(), False


def is_current(archive: Archive) -> bool:
    """Whether ``archive`` is ready and holds what its study holds now."""
    if not archive.is_ready:
        return False
    with row_security.as_owner():
        return archive.state == state_of(archive.study)


def find(*, study: Study, key: UUID) -> Archive:
    """Return an archive of ``study``.

    Raises:
        Archive.DoesNotExist: there is none of this key, or it was cleared away.
    """
    with row_security.as_owner():
        return Archive.objects.get(study=study, key=key)


@transaction.atomic
def download(*, archive: Archive, actor: User, now: datetime) -> Iterator[bytes]:
    """Return the file of ``archive`` in chunks; that ``actor`` took it away is recorded.

    The caller has checked that ``actor`` may export the study now. The chunks are read one by one
    while they are sent, after the request's transaction.

    Raises:
        NotReady: there is no file.
        Outdated: what is in it was opened then and is not now.
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
    """Do nothing when ``archive`` can be downloaded.

    Raises:
        NotReady, Outdated: as for ``download``.
    """
    if not archive.is_ready:
        raise NotReady(archive)
    with row_security.as_owner():
        still_open = set(opened(archive.study).values_list("pk", flat=True))
    if not still_open.issuperset(archive.batches):
        raise Outdated(archive)


def _chunks(archive: Archive) -> Iterator[bytes]:
    for number in range(-(-archive.n_bytes // CHUNK_BYTES)):
        chunk = ArchiveChunk.objects.get(archive=archive.pk, number=number)
        yield bytes(chunk.content)


def _current(study: Study) -> Archive | None:
    ready = Archive.objects.ready().filter(study=study, state=state_of(study))
    return ready.order_by("-pk").first()


def state_of(study: Study) -> str:
    """Return a digest of all that an export of ``study`` depends on.

    Readings, findings and reports never change once they are stored, so that their last number
    and how many there are tell whether there are others.
    """
    batches = opened(study)
    readings = Reading.objects.filter(assignment__batch__in=batches)
    shown = Exposure.objects.filter(assignment__batch__in=batches)
    looked = Viewing.objects.filter(exposure__assignment__batch__in=batches)
    reports = AgreementReport.objects.newest().filter(batch__in=batches)
    consensus = Consensus.objects.with_open_results().filter(study=study)
    known = {
        "format": FORMAT,
        "study": [study.slug, study.taxonomy_id],
        "batches": list(batches.order_by("pk").values_list("pk", "name", "purpose")),
        "readers": list(
            StudyReader.objects.filter(study=study)
            .order_by("pk")
            .values_list("user", "status", "user__kind")
        ),
        "readings": readings.aggregate(n=Count("pk"), last=Max("pk")),
        "exposures": shown.aggregate(n=Count("pk"), last=Max("pk")),
        "viewings": looked.aggregate(n=Count("pk"), last=Max("pk")),
        "consensus": consensus.aggregate(n=Count("pk"), last=Max("pk")),
        "reports": list(reports.order_by("pk").values_list("pk", flat=True)),
    }
    return hashlib.sha256(hash_chain.canonical_json(known).encode()).hexdigest()


def state_name(archive: Archive) -> str:
    """Return the code of how far ``archive`` is: waiting, making, ready or failed."""
    if archive.is_ready:
        return "ready"
    if archive.has_failed:
        return "failed"
    return "making" if archive.started_at else "waiting"


def headers(archive: Archive) -> dict[str, str]:
    """Return the headers of its file: a download in any browser, and never another type."""
    return {
        "Content-Type": "application/zip",
        "Content-Length": str(archive.n_bytes),
        "Content-Disposition": f'attachment; filename="{archive.study.slug}.zip"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


# -- Making -------------------------------------------------------------------------------------


def make_next(*, now: datetime) -> bool:
    """Make the next archive that was asked for; return False when there is none to make now.

    Outside a transaction, so that others see how far it is.
    """
    for archive in Archive.objects.unfinished().order_by("n_attempts", "pk"):
        if not _is_rested(archive, now):
            continue
        with advisory_locks.held(Lock.ARCHIVE, archive.pk, waits=False) as is_ours:
            if is_ours and _begin(archive, now):
                with _Attempt(archive, now):
                    _make(archive, now)
                return True
    return False


def clear(*, now: datetime) -> int:
    """Delete the archives that are old, or that a newer one follows; return how many."""
    finished = Archive.objects.filter(finished_at__isnull=False)
    newer = Archive.objects.ready().filter(
        study=OuterRef("study"), pk__gt=OuterRef("pk"), finished_at__lte=now - SUPERSEDED_KEPT
    )
    old = finished.filter(finished_at__lte=now - KEPT)
    return sum(
        rows.delete()[1].get("annotations.Archive", 0)
        for rows in (old, finished.filter(Exists(newer)))
    )


def _is_rested(archive: Archive, now: datetime) -> bool:
    rest = min(2**archive.n_attempts * REST, MAX_REST)
    return archive.started_at is None or now - archive.started_at >= rest


def _begin(archive: Archive, now: datetime) -> bool:
    """Count an attempt, and commit it; return False when there is nothing to do any more."""
    unfinished = Archive.objects.unfinished().filter(pk=archive.pk)
    # Whoever made the last attempt could not even note that it failed.
    if unfinished.filter(n_attempts__gte=MAX_ATTEMPTS).exists():
        unfinished.filter(failure="").update(failure=INTERRUPTED)
        unfinished.update(finished_at=now)
        return False
    return bool(unfinished.update(n_attempts=F("n_attempts") + 1, started_at=now, n_done=0))


def _make(archive: Archive, now: datetime) -> None:
    """Write the file, and then say that it is ready."""
    study = archive.study
    table_statistics.keep_up()
    with (
        _ChunkFile(archive) as file,
        export_archive.at_one_moment(study=study, now=now) as files,
    ):
        state, batches = state_of(study), list(opened(study).values_list("pk", flat=True))
        export_archive.pack(study=study, files=files, file=file, told=file.reach)
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
    """A file to write to only, stored in chunks as it grows, and how far it is.

    By a connection of its own, which commits each chunk at once: the tables are read from a
    snapshot meanwhile, in which rows that others change could not even be referred to.
    """

    def __init__(self, archive: Archive) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self.n_bytes = 0
        self._archive = archive
        self._pending = bytearray()
        self._is_own = not connection.in_atomic_block
        self._connection = connection.copy() if self._is_own else connection
        # Of an attempt that was killed.
        self._execute("delete from annotations_archivechunk where archive_id = %s", archive.pk)

    def __exit__(self, *_: object) -> None:
        """Give the connection back."""
        if self._is_own:
            self._connection.close()

    def writable(self) -> bool:
        """Whether it can be written to: it can."""
        return True

    def write(self, content: Buffer, /) -> int:
        """Take ``content``; whole chunks are stored at once."""
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
        """Tell those who wait that so many tables are written."""
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


class _Attempt:
    """Notes on the archive by what error an attempt ended."""

    def __init__(self, archive: Archive, now: datetime) -> None:
        self._archive = archive
        self._now = now

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or connection.needs_rollback or row_security.is_broken():
            return
        unfinished = Archive.objects.unfinished().filter(pk=self._archive.pk)
        unfinished.update(failure=kind.__name__[:80], n_done=0)
        unfinished.filter(n_attempts__gte=MAX_ATTEMPTS).update(finished_at=self._now)
