"""Parsing of untrusted files in short-lived, restricted processes.

``read`` returns the same as ``formats.read``, but parses in these processes: a file that exhausts
memory or time, or crashes its parser, is refused, and reading continues with the next file. The
processes have no database password and return numbers and text of bounded size, never objects.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from ecgreview.ecg.formats.recording import Recording, Refusal
from ecgreview.ecg.formats.sandbox import frames
from ecgreview.ecg.formats.sandbox.client import Batch

__all__ = ["FILES_AT_ONCE", "read"]

# Files per process; the process ends after them and frees its memory.
FILES_AT_ONCE = 64


def read(files: list[Path], root: Path) -> Generator[tuple[int, Recording | Refusal], None, None]:
    """Yield the contents of each of ``files``, with the index of the file.

    Args:
        files: WFDB headers and HDF5 files.
        root: the folder of the import, as in ``formats.read``.
    """
    start = 0
    while start < len(files):
        batch = files[start : start + FILES_AT_ONCE]
        n_done = 0
        with Batch(batch, root) as running:
            for result in running.results():
                if result is None:
                    n_done += 1
                else:
                    yield start + n_done, result
        if n_done < len(batch):  # the process died on this file; the next one starts after it
            yield start + n_done, frames.died(batch[n_done], root, running.status)
            n_done += 1
        start += n_done
