"""Archive jobs: requested by users, created by a worker (``background``), then downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

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
from annotations.services.export import background
from annotations.services.export.sources import opened
from annotations.services.refusals import Refusal
from ecgreview import advisory_locks, hash_chain
from ecgreview.advisory_locks import Lock

# Increase this whenever the same data would give an export with different bytes.
FORMAT = 2

KEPT = timedelta(days=7)
# How long to keep a superseded archive, which somebody may still be downloading.
SUPERSEDED_KEPT = timedelta(hours=1)


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
        if ready := _current(study).order_by("-pk").first():
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
        matches = Q(pk__in=_current(study).values("pk"))
        archives = Archive.objects.filter(study=study).annotate(matches=matches)
        archive = archives.order_by("-matches", "-pk").first()
        return archive, archive is not None and vars(archive)["matches"]


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
    for number in range(-(-archive.n_bytes // background.CHUNK_BYTES)):
        chunk = ArchiveChunk.objects.get(archive=archive.pk, number=number)
        yield bytes(chunk.content)


def _current(study: Study) -> QuerySet[Archive]:
    return Archive.objects.ready().filter(study=study, state=state_of(study))


def state_of(study: Study) -> str:
    """Return a digest of everything an export of ``study`` depends on.

    Rows of readings, adjudications, exposures, viewings and reports never change, and where the
    consensus changes, its rows are replaced by new ones. So numbers of rows and highest ids are
    enough.
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


# -- Building -----------------------------------------------------------------------------------


def make_next(*, now: datetime) -> bool:
    """Build the next requested archive; return False when there is none.

    Call it outside a transaction, so that its progress is visible to other connections.
    """
    for archive in Archive.objects.unfinished().order_by("n_attempts", "pk"):
        if not background.is_retry_due(archive, now):
            continue
        unfinished = Archive.objects.unfinished().filter(pk=archive.pk)
        with advisory_locks.held(Lock.ARCHIVE, archive.pk, waits=False) as is_ours:
            if is_ours and background.begin(unfinished, now):
                with background.failure_stored(unfinished, now):
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


def _make(archive: Archive, now: datetime) -> None:
    """Write the file, then mark the archive as ready."""
    study = archive.study
    table_statistics.keep_up()
    with (
        background.ChunkFile(archive) as file,
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
