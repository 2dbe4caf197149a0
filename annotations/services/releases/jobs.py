"""Data releases: requested by users or a command, built once, then downloaded unchanged."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import IO, Any, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction

from annotations import row_security, table_statistics
from annotations.models import CANCELED, Release, ReleaseChunk, Study, User
from annotations.services import audit
from annotations.services.consensus import labels
from annotations.services.export import background
from annotations.services.export.archive import snapshot
from annotations.services.export.sources import opened
from annotations.services.refusals import Refusal
from annotations.services.releases import choices as allowed
from annotations.services.releases import deidentification, embargo, gathering
from annotations.services.releases.choices import Choices
from ecgreview import advisory_locks
from ecgreview.advisory_locks import Lock
from ecgreview.release import package, survey
from ecgreview.release.formats import registry
from ecgreview.release.package import Parts
from ecgreview.release.packing import Packing
from ecgreview.release.signing import SigningKey

# Steps besides the formats: gathering, and packing the file.
N_OTHER_STEPS = 2

# How often a running job looks whether it was canceled.
CHECK_S = 1.0

# Consensus is computed again if a batch is closed meanwhile. After this many attempts, it fails.
N_TRIES = 3


class InProgress(Refusal):
    """Another release of the study is being built."""

    code = "release-in-progress"


class VersionTaken(Refusal):
    """The study has a release with this version, or a later one."""

    code = "version-taken"


class NotReady(Refusal):
    code = "release-not-ready"


class AlreadyFinished(Refusal):
    """The release is ready or has failed, so it cannot be canceled."""

    code = "release-finished"


class InputsChanged(Refusal):
    """What the release was made from has changed, or another version of the program made it."""

    code = "release-inputs-changed"


class Canceled(Exception):
    """Somebody canceled the release while it was being built."""


class ConsensusStillDue(RuntimeError):
    """Batches are being closed so fast that the consensus was never up to date."""


# -- Requesting ---------------------------------------------------------------------------------


@transaction.atomic
def request(
    *,
    study: Study,
    choices: Choices,
    actor: User | None,
    now: datetime,
    version: tuple[int, int] | None = None,
) -> Release:
    """Create a release of ``study`` as it is now; a worker builds it.

    The caller must check first that ``actor`` may export the study.

    Args:
        study: the study.
        choices: what to release.
        actor: None for a command.
        now: the year and month are part of the release.
        version: major and minor number; by default, the next minor one.

    Raises:
        InProgress: another release of the study is being built.
        VersionTaken: there is a release with this version or a later one.
        choices.NothingToRelease and others: see ``choices.refuse``.
    """
    with row_security.as_owner():
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        allowed.refuse(study, choices)
        if Release.objects.unfinished().filter(study=study).exists():
            raise InProgress
        major, minor = version or next_version(study)
        if (major, minor) < next_version(study):
            raise VersionTaken(next=_dotted(next_version(study)))
        release = Release.objects.create(
            study=study,
            major=major,
            minor=minor,
            requested_by=actor,
            requested_at=now,
            released_on=now.astimezone(UTC).strftime("%Y-%m"),
            formats=choices.written,
            licence=choices.licence,
            authors=list(choices.authors),
            has_signals=choices.has_signals,
            n_folds=choices.n_folds,
            embargo=choices.embargo.value,
            n_total=len(choices.written) + N_OTHER_STEPS,
        )
        _record(release, audit.Action.DATA_RELEASE_REQUESTED, actor, now)
    return release


def next_version(study: Study) -> tuple[int, int]:
    """Return the version of the next release: 1.0, then the next minor version."""
    newest = Release.objects.ready().filter(study=study).newest_first().first()
    return (newest.major, newest.minor + 1) if newest else (1, 0)


@transaction.atomic
def cancel(*, release: Release, actor: User, now: datetime) -> None:
    """Stop building ``release``. A worker notices within seconds, unless it is writing a format.

    Raises:
        AlreadyFinished: it is ready, failed or canceled.
    """
    with row_security.as_owner():
        row = Release.objects.select_for_update().get(pk=release.pk)
        if row.finished_at is not None:
            raise AlreadyFinished
        row.canceled_at = now
        row.save(update_fields=["canceled_at"])
        _record(row, audit.Action.DATA_RELEASE_CANCELED, actor, now)
        # If no worker has it, nobody would notice.
        if advisory_locks.take(Lock.RELEASE, row.pk, waits=False):
            _end(row, CANCELED, now)


def of_study(study: Study) -> list[Release]:
    """Return the releases of ``study``, newest first, without the column ``index``."""
    with row_security.as_owner():
        rows = Release.objects.filter(study=study).select_related("study", "requested_by")
        return list(rows.defer("index").order_by("-pk"))


def find(*, study: Study, key: UUID) -> Release:
    """Return the release of ``study`` with this key.

    Raises:
        Release.DoesNotExist: there is none.
    """
    with row_security.as_owner():
        return Release.objects.select_related("study").get(study=study, key=key)


def previous(release: Release) -> Release | None:
    """Return the release that ``release`` supersedes, or None."""
    with row_security.as_owner():
        return gathering.previous_of(release)


@transaction.atomic
def download(*, release: Release, actor: User, now: datetime) -> Iterator[bytes]:
    """Return the file of ``release`` in chunks, and record the download by ``actor``.

    The caller must check first that ``actor`` may export the study now. Chunks are read while they
    are sent, after the request's transaction has ended.

    Raises:
        NotReady: it is not built yet, failed or was canceled.
        choices.ResultsHidden: the study hides the results of a closed batch.
    """
    refuse(release)
    _record(release, audit.Action.DATA_RELEASE_DOWNLOADED, actor, now)
    return chunks(release)


def refuse(release: Release) -> None:
    """Raise unless ``release`` can be downloaded.

    Raises:
        NotReady, choices.ResultsHidden: see ``download``.
    """
    if not release.is_ready:
        raise NotReady
    with row_security.as_owner():
        allowed.refuse_hidden(release.study)


def chunks(release: Release) -> Iterator[bytes]:
    """Yield the file of a release that is ready."""
    for number in range(-(-release.n_bytes // background.CHUNK_BYTES)):
        chunk = ReleaseChunk.objects.get(release=release.pk, number=number)
        yield bytes(chunk.content)


def state_name(release: Release) -> str:
    """Return "waiting", "making", "ready", "failed" or "canceled"."""
    if release.is_canceled:
        return "canceled"
    return background.state_name(release)


# -- Building -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Built:
    """A release in a folder.

    Attributes:
        folder: contains its files.
        manifest: content of its manifest.
        index: see ``Release.index``.
        batches: IDs of the batches whose results it contains.
    """

    folder: Path
    manifest: dict[str, Any]
    index: bytes
    batches: list[int]

    @property
    def manifest_digest(self) -> str:
        return hashlib.sha256(package.as_bytes(self.manifest)).hexdigest()


def make_next(*, now: datetime) -> bool:
    """Build the next requested release; return False when there is none.

    Call it outside a transaction, so that its progress is visible to other connections.
    """
    for release in Release.objects.unfinished().order_by("n_attempts", "pk"):
        if background.is_retry_due(release, now) and make(release, now=now):
            return True
    return False


def make(release: Release, *, now: datetime) -> bool:
    """Build ``release`` unless it is finished or another process builds it; return whether we did.

    If the process dies, the release stays unfinished and the next attempt starts over. A refusal
    ends the release: its code is the failure.
    """
    unfinished = Release.objects.unfinished().filter(pk=release.pk)
    with advisory_locks.held(Lock.RELEASE, release.pk, waits=False) as is_ours:
        if not (is_ours and background.begin(unfinished, now)):
            return False
        try:
            with background.failure_stored(unfinished, now):
                _make(release, now)
        except Canceled:
            _end(release, CANCELED, now)
        except Refusal as refusal:
            _end(release, refusal.code, now)
    return True


def _make(release: Release, now: datetime) -> None:
    """Write the file, then mark the release as ready."""
    table_statistics.keep_up()
    with background.ChunkFile(release) as file, _work_folder(release) as work:
        check = _Check(release, file)
        with Packing(
            work / release.name, cast("IO[bytes]", file), in_background=file.is_own
        ) as packing:

            def reach(n_done: int) -> None:
                file.reach(n_done)
                packing.add()

            with built(release, work, now=now, check=check, progress=reach) as result:
                packing.finish()
                file.finish()
                check.now()
    with transaction.atomic():
        row = Release.objects.select_for_update().get(pk=release.pk)
        if row.canceled_at:
            raise Canceled
        row.finished_at, row.failure = now, ""
        row.n_done = row.n_total
        row.batches, row.manifest, row.index = result.batches, result.manifest, result.index
        row.manifest_digest = result.manifest_digest
        row.digest, row.n_bytes = file.digest.hexdigest(), file.n_bytes
        row.save()
        _record(row, audit.Action.DATA_RELEASE_MADE, release.requested_by, now)


@contextmanager
def built(
    release: Release,
    work: Path,
    *,
    now: datetime,
    check: Callable[[], None] = lambda: None,
    progress: Callable[[int], None] = lambda n_done: None,
) -> Iterator[Built]:
    """Yield the files of ``release`` in a folder of ``work``, from one snapshot of the database.

    Args:
        release: what was chosen. It is not changed.
        work: an existing folder.
        now: time of a consensus that must be computed first.
        check: called often; may raise an exception to stop.
        progress: called with the number of steps done.

    Raises:
        EmptyEmbargo, EmbargoBroken, LabelsPublished: see ``embargo.refuse``.
    """
    study = release.study
    with _up_to_date(study, now):
        batches = sorted(opened(study).values_list("pk", flat=True))
        content = gathering.gather(release, work, check=check)
        embargo.refuse(release, content.exams())
        counts = survey.of(content, lambda exam: content.groups[exam.code])
        labels_index = content.index()
        progress(1)
        before = gathering.previous_of(release)
        parts = Parts(
            supersedes=before.version if before else "",
            counts=counts.counts,
            folds=counts.folds,
            inputs=content.inputs,
            withheld=deidentification.withheld(study),
            embargo=release.embargo_choice,
        )
        folder = work / release.name
        folder.mkdir()
        manifest = package.write(
            content, parts, folder,
            formats=[registry.entry(name) for name in release.formats],
            key=signing_key(), progress=lambda n_done: progress(n_done + 1),
        )  # fmt: skip
    yield Built(folder, manifest, labels_index, batches)


def rebuild(release: Release, work: Path, *, now: datetime) -> Path:
    """Write a finished release again, to a folder of ``work``, and return that folder.

    Raises:
        InputsChanged: the result would differ from the release.
    """
    with built(release, work, now=now) as result:
        if result.manifest_digest != release.manifest_digest:
            raise InputsChanged(version=release.version)
        return result.folder


def has_choices(release: Release, choices: Choices) -> bool:
    """Whether ``release`` was made with these choices."""
    return (
        release.formats == choices.written
        and release.licence == choices.licence
        and release.authors == list(choices.authors)
        and release.has_signals == choices.has_signals
        and release.n_folds == choices.n_folds
        and release.embargo_choice == choices.embargo
    )


def signing_key() -> SigningKey | None:
    """Return the key that signs releases, or None if the site has none.

    Raises:
        signing.BadKey: the setting is not a key.
    """
    pem: str = settings.RELEASE_SIGNING_KEY
    return SigningKey(pem) if pem else None


@contextmanager
def _up_to_date(study: Study, now: datetime) -> Iterator[None]:
    """Run the block in a snapshot in which the consensus is up to date.

    Raises:
        ConsensusStillDue: see there.
    """
    due = study.batches.filter(consensus_is_due=True)
    for _ in range(N_TRIES):
        if due.exists():
            labels.compute(study=study, now=now)
        with snapshot(study):
            if due.exists():
                continue  # Race: a batch was closed between the two transactions.
            yield
            return
    raise ConsensusStillDue


@contextmanager
def _work_folder(release: Release) -> Iterator[Path]:
    """Yield an empty folder. We hold the lock of the release, so nobody else uses it."""
    folder = Path(tempfile.gettempdir()) / f"ecg-review-release-{release.key}"
    # Left behind by a killed worker.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Check:
    """Raises ``Canceled`` when somebody has canceled the release."""

    def __init__(self, release: Release, file: background.ChunkFile) -> None:
        self._release, self._file = release, file
        self._last = monotonic()

    def __call__(self) -> None:
        if monotonic() - self._last >= CHECK_S:
            self.now()

    def now(self) -> None:
        self._last = monotonic()
        # On the connection of the file, because the snapshot would not show it.
        rows = self._file.execute(
            "select canceled_at is not null from annotations_release where id = %s",
            self._release.pk,
        )
        if rows == [(True,)]:
            raise Canceled


def _end(release: Release, failure: str, now: datetime) -> None:
    """Mark a release as finished without a file, and delete what was stored of it."""
    ReleaseChunk.objects.filter(release=release.pk).delete()
    Release.objects.unfinished().filter(pk=release.pk).update(
        finished_at=now, failure=failure, n_done=0
    )


def _record(release: Release, action: audit.Action, actor: User | None, now: datetime) -> None:
    after = {"version": release.version, "licence": release.licence, "formats": release.formats}
    if release.digest:
        after |= {"digest": release.digest, "manifest": release.manifest_digest}
    audit.record(
        actor=actor, action=action, study=release.study, target=release, after=after, now=now
    )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
