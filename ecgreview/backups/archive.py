"""Write and read backups: tar files that only their owner can read, verified after writing."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from ecgreview.backups import database
from ecgreview.backups.database import Address, BackupFailed

FORMAT = 1
PREFIX, SUFFIX = "ecg-", ".tar"
DUMP, SECRETS, MANIFEST = "database.dump", "secrets.json", "manifest.json"
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of a backup.

    Attributes:
        made_at: creation time, ISO 8601.
        version: version of ECG Review.
        sha256: SHA-256 of each member (the dump and the secrets), by name.
        n_rows: number of rows of each table.
    """

    format: int
    made_at: str
    version: str
    sha256: Mapping[str, str]
    n_rows: Mapping[str, int]


def write(
    folder: Path, address: Address, secrets: Mapping[str, object], *, version: str, now: datetime
) -> Path:
    """Back up the database and ``secrets`` into a new file in ``folder``, and verify it.

    Raises:
        BackupFailed: the file already exists, a PostgreSQL program failed, or the result cannot be
            read back.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{PREFIX}{now:%Y%m%d-%H%M%S-%f}{SUFFIX}"
    if file.exists():
        raise BackupFailed(f"{file} already exists.")
    draft = file.with_suffix(".new")
    # Only the owner can read temporary files; the draft is created with mode 0600.
    with tempfile.TemporaryFile(dir=folder) as dumped:
        with database.frozen(address) as state:
            database.dump(address, state.snapshot, dumped)
        sealed = json.dumps(secrets).encode()
        manifest = Manifest(
            FORMAT, now.isoformat(), version,
            {DUMP: _sha256(dumped), SECRETS: _sha256(BytesIO(sealed))}, state.n_rows,
        )  # fmt: skip
        members: dict[str, IO[bytes]] = {
            MANIFEST: BytesIO(json.dumps(asdict(manifest), indent=2).encode()),
            SECRETS: BytesIO(sealed),
            DUMP: dumped,
        }
        _pack(draft, members, now)
    with opened(draft) as (_, _, dump):
        database.check(dump)
    draft.replace(file)
    return file


@contextmanager
def opened(file: Path) -> Iterator[tuple[Manifest, dict[str, object], IO[bytes]]]:
    """Yield manifest, secrets and dump of the backup ``file`` after checking its hashes.

    Raises:
        BackupFailed: ``file`` is not a backup, or is damaged.
    """
    try:
        with tarfile.open(file) as tar, tempfile.TemporaryFile() as dumped:
            manifest = Manifest(**json.loads(_member(tar, MANIFEST).read()))
            sealed = _member(tar, SECRETS).read()
            _copy(_member(tar, DUMP), dumped)
            hashes = {DUMP: _sha256(dumped), SECRETS: _sha256(BytesIO(sealed))}
            if manifest.format != FORMAT or hashes != dict(manifest.sha256):
                raise BackupFailed(f"{file} is damaged: its hashes do not match.")
            dumped.seek(0)
            yield manifest, json.loads(sealed), dumped
    except (OSError, tarfile.TarError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise BackupFailed(f"{file} is not a readable backup: {error}") from error


def prune(folder: Path, n_kept: int) -> None:
    """Delete all backups in ``folder`` except the newest ``n_kept``, which must be at least 1."""
    for file in sorted(folder.glob(f"{PREFIX}*{SUFFIX}"))[:-n_kept]:
        file.unlink()


def _pack(draft: Path, members: Mapping[str, IO[bytes]], now: datetime) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = content.seek(0, os.SEEK_END), 0o600
                entry.mtime = int(now.timestamp())
                content.seek(0)
                tar.addfile(entry, content)
        stream.flush()
        os.fsync(stream.fileno())


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    return member


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while block := source.read(BLOCK_BYTES):
        target.write(block)
    target.flush()


def _sha256(stream: IO[bytes]) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
