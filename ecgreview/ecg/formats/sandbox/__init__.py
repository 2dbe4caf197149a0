"""Reading files of strangers in short-lived processes that can do no harm.

``read`` gives what ``formats.read`` gives, parsed elsewhere: a file that exhausts memory or time,
or crashes its parser, becomes a refusal of that file, and the others go on. The processes know no
password of the database and hand back numbers and texts of bounded size, never objects.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from ecgreview.ecg.formats.recording import Recording, Refusal
from ecgreview.ecg.formats.sandbox import frames
from ecgreview.ecg.formats.sandbox.client import Batch

__all__ = ["FILES_AT_ONCE", "read"]

FILES_AT_ONCE = 64
"""So many share one process; it ends, and its memory with it, after them."""


def read(files: list[Path], root: Path) -> Generator[tuple[int, Recording | Refusal], None, None]:
    """Yield what each of ``files`` holds, with the index of the file.

    Args:
        files: WFDB headers and HDF5 files.
        root: the folder of the import, as for ``formats.read``.
    """
    start = 0
    while start < len(files):
        batch = files[start : start + FILES_AT_ONCE]
        n_done = 0
        with Batch(batch, root) as running:
            for found in running.results():
                if found is None:
                    n_done += 1
                else:
                    yield start + n_done, found
        if n_done < len(batch):  # it died over this file; the next process begins after it
            yield start + n_done, frames.died(batch[n_done], root, running.status)
            n_done += 1
        start += n_done
