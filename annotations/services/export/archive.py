"""Exports of a study's closed batches. The same data always give the same bytes."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, TypeAlias, cast

from django.db import connection, transaction
from django.db.models import Q

from annotations.models import Study
from annotations.services import audit
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from annotations.services.export import adjudications, readings, tables
from annotations.services.export.sources import Cell, Row
from ecgreview.spreadsheets import formula_safe

SUMS = "SHA256SUMS"

# Time stamp of every file in an archive: the earliest that ZIP allows.
EPOCH = (1980, 1, 1, 0, 0, 0)

# Rows are formatted in parts of this size, so that large exports need little memory.
ROWS_IN_PART = 2_000

# The computation is repeated if a batch is closed during it. After this many attempts, the export
# is written even if results are due again.
N_TRIES = 3

TABLES: dict[str, Callable[[Study], Iterator[Row]]] = {
    "consensus.csv": tables.consensus,
    "readings.csv": readings.readings,
    "readings_long.csv": tables.readings_long,
    "localisations.csv": readings.localisations,
    "measurements.csv": readings.measurements,
    "exposures.csv": readings.exposures,
    "adjudications.csv": adjudications.adjudications,
    "gold.csv": tables.gold,
    "taxonomy.csv": tables.taxonomy,
    "agreement.csv": tables.agreement,
    "signal_agreement.csv": tables.signal_agreement,
}
N_FILES = len(TABLES) + 1

BinaryFile: TypeAlias = IO[bytes] | io.RawIOBase

# Pairs of a file name and its content in parts. Read all parts of a file before the next pair.
Files: TypeAlias = Iterator[tuple[str, Iterator[bytes]]]


def write(*, study: Study, directory: Path, now: datetime) -> list[Path]:
    """Write the export of ``study`` to ``directory``, creating it, and return its files.

    Files are renamed to their final names when all are complete. The audit trail records the
    SHA-256 of the checksum file.

    Raises:
        OSError: the directory cannot be written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    partial: dict[Path, Path] = {}
    try:
        with at_one_moment(study=study, now=now) as files:
            for name, parts in files:
                path = directory / name
                partial[path] = path.with_name(f".{name}.partial")
                with partial[path].open("wb") as file:
                    file.writelines(parts)
        for path, complete in partial.items():
            complete.replace(path)
    finally:
        for leftover in partial.values():
            leftover.unlink(missing_ok=True)
    sums = (directory / SUMS).read_bytes()
    with transaction.atomic():
        audit.record(
            actor=None,
            action=audit.Action.EXPORT_MADE,
            study=study,
            target=study,
            after={"file": SUMS, "digest": hashlib.sha256(sums).hexdigest()},
            now=now,
        )
    return list(partial)


def pack(*, study: Study, files: Files, file: BinaryFile, progress: Callable[[int], None]) -> None:
    """Write ``files`` as a ZIP archive. Equal names and contents give equal bytes.

    Args:
        study: names the folder in the archive.
        files: from ``at_one_moment``.
        file: the destination; need not be seekable.
        progress: called with the number of files written.
    """
    with zipfile.ZipFile(cast("IO[bytes]", file), "w") as bundle:
        for n_done, (name, parts) in enumerate(files, 1):
            entry = zipfile.ZipInfo(f"{study.slug}/{name}", date_time=EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            # A million readings exceed 2 GiB, the limit without ZIP64.
            with bundle.open(entry, "w", force_zip64=name == "readings_long.csv") as inner:
                for part in parts:
                    inner.write(part)
            progress(n_done)


def contents(*, study: Study, now: datetime) -> dict[str, bytes]:
    """Return the files of the export by name, all in memory."""
    with at_one_moment(study=study, now=now) as files:
        return {name: b"".join(parts) for name, parts in files}


@contextmanager
def at_one_moment(*, study: Study, now: datetime) -> Iterator[Files]:
    """Yield the files of the export, after computing agreement and consensus that are due.

    An export contains the closed data batches whose results are open. Without such a batch, its
    tables have only headings. Practice and qualification are not exported.

    All tables are read from one database snapshot, so they are consistent. Unless the caller
    is in a transaction, no other transaction waits while they are read.
    """
    for n_tries in range(1, N_TRIES + 1):
        _compute_what_is_due(study, now)
        with snapshot(study):
            if n_tries < N_TRIES and _is_due(study):
                continue  # Race: a batch was closed between the two transactions.
            yield _files(study)
            return


@contextmanager
def snapshot(study: Study) -> Iterator[None]:
    """Read everything in the block from one snapshot.

    Within an outer transaction the isolation level can no longer be changed. The study is locked
    instead, so that none of its batches closes in the meantime.
    """
    is_inner = connection.in_atomic_block
    with transaction.atomic():
        if is_inner:
            Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        else:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read")
                # We read all rows, and sorting them may take some time.
                cursor.execute("set local cursor_tuple_fraction = 1")
                cursor.execute("set local statement_timeout = '10min'")
        yield


def _files(study: Study) -> Files:
    sums: dict[str, str] = {}
    for name, table in TABLES.items():
        digest = hashlib.sha256()
        yield name, _hashed(_csv(table(study)), digest)
        sums[name] = digest.hexdigest()
    yield SUMS, iter([f"{sums[name]}  {name}\n".encode() for name in sorted(sums)])


def _hashed(parts: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for part in parts:
        digest.update(part)
        yield part


def _is_due(study: Study) -> bool:
    due = Q(consensus_is_due=True) | Q(agreement_is_due=True, closed_at__isnull=False)
    return study.batches.filter(due).exists()


@transaction.atomic
def _compute_what_is_due(study: Study, now: datetime) -> None:
    """Compute the consensus, and the agreement of closed batches, if they are due."""
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    # Deadlock: refreshing a report locks the report and then its batch. So all reports come first,
    # because computing the consensus locks batches.
    refresh.refresh_closed(study=study, now=now)
    if study.batches.filter(consensus_is_due=True).exists():
        labels.compute(study=study, now=now)


def _csv(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    for some in _in_parts(rows):
        text = io.StringIO()
        # Performance: there may be millions of rows. Leave numbers and None to the writer, which
        # formats them in C.
        csv.writer(text, lineterminator="\n").writerows(
            [formula_safe(cell) if isinstance(cell, str) else cell for cell in row] for row in some
        )
        yield text.getvalue().encode()


def _in_parts(rows: Iterable[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    remaining = iter(rows)
    while some := list(islice(remaining, ROWS_IN_PART)):
        yield some
