"""WFDB records for tests: correct, or with a single fault."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgreview.ecg import formats
from ecgreview.ecg.formats import Recording, Refusal
from ecgreview.ecg.leads import LEADS

from . import signals


def write(
    folder: Path,
    *,
    values: NDArray[np.float64] | None = None,
    names: Sequence[str] = LEADS,
    record: str = "ana 12 500 5000",
    layout: str = "ana.dat 16 1000(0)/mV 16 0 0 {checksum} 0 {name}",
    comments: Sequence[str] = (),
) -> Path:
    """Write a record in format 16 and return the path of its header."""
    samples = np.rint(signals.heartbeats() if values is None else values).astype("<i2")
    (folder / "ana.dat").write_bytes(samples.T.tobytes())
    lines = [
        layout.format(checksum=int(row.sum(dtype=np.int64)) % 2**16, name=name)
        for row, name in zip(samples, names, strict=True)
    ]
    header = folder / "ana.hea"
    header.write_text("\n".join([record, *lines, *comments]) + "\n", encoding="utf-8")
    return header


def recording(path: Path) -> Recording:
    """Return the only recording of the file at ``path``."""
    (result,) = formats.read(path, path.parent)
    assert isinstance(result, Recording), result
    return result


def refusal(path: Path) -> Refusal:
    """Return the only refusal of the file at ``path``."""
    (result,) = formats.read(path, path.parent)
    assert isinstance(result, Refusal), result
    return result
