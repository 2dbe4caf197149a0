"""Importing recordings from files as exams, in blocks that are each stored in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.db import transaction

from annotations import table_statistics
from annotations.models import Dataset, ImportIssue, ImportRun, User
from annotations.models.exam import Exam as ExamRow
from annotations.models.exam import Patient as PatientRow
from annotations.services import audit, refusals
from annotations.services.exams import recordings as exams_recordings
from annotations.services.exams import same_recordings, suggestion_requests
from annotations.services.exams.same_recordings import Link
from ecgreview.ecg import formats
from ecgreview.ecg.audit import RemarkCode
from ecgreview.ecg.formats import Recording, Refusal, sandbox
from ecgreview.ecg.formats.codes import Details, RefusalCode

# Exams per transaction: about 2 MB packed. An import that is killed loses at most this much work.
EXAMS_AT_ONCE = 64

# Progress callback: number of files done, and total number of files.
Progress = Callable[[int, int], None]

MAX_KEY = ExamRow._meta.get_field("source_key").max_length or 0
MAX_PSEUDONYM = PatientRow._meta.get_field("pseudonym").max_length or 0
MAX_FILE = ImportIssue._meta.get_field("file").max_length or 0


class NothingToImport(refusals.Refusal):
    code = "nothing-to-import"


@dataclass(slots=True)
class Preview:
    """What an import would store, and which files or recordings it would refuse."""

    n_new: int = 0
    n_known: int = 0
    refusals: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Block:
    """The recordings and refusals of a block of files, and how many files are done after it."""

    recordings: tuple[Recording, ...]
    refusals: tuple[Refusal, ...]
    n_files_done: int


def import_path(
    *,
    path: Path,
    dataset_name: str,
    started_by: User | None,
    now: datetime,
    progress: Progress | None = None,
) -> ImportRun:
    """Import every recording at or below ``path``; known exams are not changed.

    If an import is killed, the exams stored so far are complete, and its run has no
    ``finished_at``. The next import skips those exams.

    Raises:
        NothingToImport: nothing at ``path`` could be a recording.
    """
    files, root = _find(path)
    dataset, _ = Dataset.objects.get_or_create(name=dataset_name, defaults={"created_at": now})
    run = ImportRun.objects.create(
        dataset=dataset, source=_storable(str(path), 500), started_by=started_by, started_at=now
    )
    for block in _blocks(files, root):
        _store(run, block, now)
        if progress:
            progress(block.n_files_done, len(files))
    _finish(run, now)
    return run


@transaction.atomic
def _finish(run: ImportRun, now: datetime) -> None:
    run.finished_at = now
    run.save(update_fields=["finished_at"])
    table_statistics.keep_up()
    counts = {"imported": run.n_imported, "known": run.n_known, "refused": run.n_refused}
    audit.record(
        actor=run.started_by,
        action=audit.Action.EXAMS_IMPORTED,
        target=run,
        after={"dataset": run.dataset.name, "source": run.source, **counts},
        now=now,
    )


def preview(*, path: Path, dataset_name: str, progress: Progress | None = None) -> Preview:
    """Return what ``import_path`` would do. This reads all files and writes nothing.

    Raises:
        NothingToImport: nothing at ``path`` could be a recording.
    """
    files, root = _find(path)
    dataset = Dataset.objects.filter(name=dataset_name).first()
    counts = Preview()
    hashes: set[str] = set()
    for block in _blocks(files, root):
        sorted_block = exams_recordings.sort_out(dataset, block.recordings)
        new = {recording.signal.content_hash for recording in sorted_block.new} - hashes
        hashes |= new
        counts.n_new += len(new)
        counts.n_known += sorted_block.n_known + len(sorted_block.new) - len(new)
        counts.refusals += [*block.refusals, *map(_changed, sorted_block.changed)]
        if progress:
            progress(block.n_files_done, len(files))
    return counts


def _find(path: Path) -> tuple[list[Path], Path]:
    try:
        files = formats.find(path)
    except FileNotFoundError as error:
        raise NothingToImport(path=path) from error
    if not files:
        raise NothingToImport(path=path)
    return files, path if path.is_dir() else path.parent


def _blocks(files: list[Path], root: Path) -> Iterator[_Block]:
    """Yield the content of the files, at most ``EXAMS_AT_ONCE`` recordings at a time."""
    recordings: list[Recording] = []
    refusals: list[Refusal] = []
    for n_before, items in sandbox.read(files, root):
        fits = _refuse_unstorable(items)
        if isinstance(fits, Refusal):
            refusals.append(fits)
            continue
        recordings.append(fits)
        if len(recordings) == EXAMS_AT_ONCE:
            yield _Block(tuple(recordings), tuple(refusals), n_before)
            recordings, refusals = [], []
    yield _Block(tuple(recordings), tuple(refusals), len(files))


@transaction.atomic
def _store(run: ImportRun, block: _Block, now: datetime) -> None:
    """Store the block, its issues and the run's new counts in one transaction."""
    # Race: the lock makes two imports into one data set take turns.
    dataset = Dataset.objects.select_for_update(no_key=True).get(pk=run.dataset_id)
    sorted_block = exams_recordings.sort_out(dataset, block.recordings)
    stored = exams_recordings.store(dataset=dataset, recordings=sorted_block.new, now=now)
    links = same_recordings.link(stored, [recording.signal for recording in sorted_block.new])
    suggestion_requests.request(exams=stored, now=now)
    refusals = [*block.refusals, *map(_changed, sorted_block.changed)]
    ImportIssue.objects.bulk_create(
        [_issue(run, refusal) for refusal in refusals]
        + [remark for recording in sorted_block.new for remark in _remarks(run, recording)]
        + [_same(run, link) for link in links]
    )
    run.n_imported += len(stored)
    run.n_duplicates += len(links)
    run.n_known += sorted_block.n_known
    run.n_refused += sum(not refusal.is_expected for refusal in refusals)
    run.save(update_fields=["n_imported", "n_duplicates", "n_known", "n_refused"])


def _issue(run: ImportRun, refusal: Refusal) -> ImportIssue:
    return ImportIssue(
        run=run,
        file=_storable(refusal.file, MAX_FILE),
        code=refusal.code,
        details=_storable_details(refusal.details),
        is_refusal=not refusal.is_expected,
    )


def _remarks(run: ImportRun, recording: Recording) -> Iterator[ImportIssue]:
    for remark in recording.warnings:
        yield ImportIssue(
            run=run,
            file=recording.source_key,
            code=remark.code,
            details={**_storable_details(remark.details), "leads": list(remark.leads)},
            is_refusal=False,
        )


def _same(run: ImportRun, link: Link) -> ImportIssue:
    other = link.original
    code, details = RemarkCode.SAME_RECORDING, {"file": other.source_key}
    if other.dataset_id != link.exam.dataset_id:
        code = RemarkCode.SAME_RECORDING_ELSEWHERE
        details["dataset"] = other.dataset.name
    return ImportIssue(
        run=run, file=link.exam.source_key, code=code, details=details, is_refusal=False
    )


def _changed(recording: Recording) -> Refusal:
    return Refusal(recording.source_key, RefusalCode.CHANGED)


def _refuse_unstorable(item: Recording | Refusal) -> Recording | Refusal:
    """Return ``item``, or a refusal if its source key or pseudonym can't be stored."""
    if isinstance(item, Refusal):
        return item
    pseudonym = item.patient_key or ""
    is_named = _is_storable(item.source_key, MAX_KEY) and _is_storable(pseudonym, MAX_PSEUDONYM)
    if is_named:
        return item
    longest = {"most_key": MAX_KEY, "most_pseudonym": MAX_PSEUDONYM}
    return Refusal(item.source_key, RefusalCode.BAD_NAME, longest)


def _is_storable(text: str, length: int) -> bool:
    return _storable(text, length) == text


def _storable_details(details: Details) -> dict[str, str | int | float]:
    return {
        name: _storable(value) if isinstance(value, str) else value
        for name, value in details.items()
    }


def _storable(text: str, length: int | None = None) -> str:
    """Escape what PostgreSQL can't store, and cut off the text after ``length`` characters.

    File names may contain NUL or invalid Unicode.
    """
    storable = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
    return storable[:length]
