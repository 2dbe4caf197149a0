"""A release as a ZIP file, which is packed while the release is written."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import IO, Self

# Time stamp of every file: the earliest that ZIP allows.
EPOCH = (1980, 1, 1, 0, 0, 0)
BYTES_AT_ONCE = 1 << 20

# Files that are compressed already.
COMPRESSED = frozenset({".gz", ".h5", ".hdf5", ".parquet", ".zip"})

# Files of samples, one per tracing. Their least bits are noise: the default level of zlib takes
# three times as long as the lowest, and saves 1 to 3 %.
SIGNALS = frozenset({".dat", ".dcm"})
FAST = 1


class Packing:
    """Packs a folder into a ZIP file whose only top-level folder has its name.

    Times and permissions are fixed, and files are in the order in which they were added.
    Compressed bytes may differ between versions of zlib; the unpacked files do not.
    """

    def __init__(self, folder: Path, file: IO[bytes], *, in_background: bool) -> None:
        """Start to pack ``folder``, which need not exist yet.

        Args:
            folder: what to pack.
            file: where to write.
            in_background: whether another thread packs and writes to ``file``. This thread is
                hardly slowed down, because compression releases the GIL.
        """
        self._folder = folder
        self._packed: set[Path] = set()
        self._pending: list[Future[None]] = []
        self._is_stopped = Event()
        with ExitStack() as stack:
            self._bundle = stack.enter_context(zipfile.ZipFile(file, "w"))
            self._pool = stack.enter_context(ThreadPoolExecutor(1)) if in_background else None
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._is_stopped.set()
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        self._stack.close()

    def add(self) -> None:
        """Pack everything in the folder that was not added before; it must not change any more.

        Raises:
            Exception: packing has failed.
        """
        if not self._folder.exists():
            return
        for path in sorted(set(self._folder.iterdir()) - self._packed):
            self._packed.add(path)
            if self._pool:
                self._pending.append(self._pool.submit(self._pack, path))
            else:
                self._pack(path)
        while self._pending and self._pending[0].done():
            self._pending.pop(0).result()

    def finish(self) -> None:
        """Pack the rest, and complete the ZIP file.

        Raises:
            Exception: packing has failed.
        """
        self.add()
        for pending in self._pending:
            pending.result()
        self._stack.close()

    def _pack(self, path: Path) -> None:
        for file in files_in(path) if path.is_dir() else [path]:
            if self._is_stopped.is_set():
                return
            self._pack_file(file)

    def _pack_file(self, path: Path) -> None:
        name = path.relative_to(self._folder.parent).as_posix()
        entry = zipfile.ZipInfo(name, date_time=EPOCH)
        entry.external_attr = 0o644 << 16
        if path.suffix in SIGNALS:
            content = path.read_bytes()
            self._bundle.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=FAST)
            return
        is_compressed = path.suffix in COMPRESSED
        entry.compress_type = zipfile.ZIP_STORED if is_compressed else zipfile.ZIP_DEFLATED
        with path.open("rb") as source, self._bundle.open(entry, "w", force_zip64=True) as inner:
            while part := source.read(BYTES_AT_ONCE):
                inner.write(part)


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files below ``folder``, in each folder by name and not by the locale."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from files_in(path)
        else:
            yield path
