"""Releases have the same bytes everywhere, and memory does not grow with the exams."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from ecgreview.ecg.signal import Signal
from ecgreview.release.content import Facts, ReleasedExam, ReleasedReading
from ecgreview.release.formats import hdf5, parquet

from . import contents, writers

ROOT = Path(__file__).resolve().parents[3]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_another_machine_writes_the_same_bytes(release, shared_data, tmp_path):
    elsewhere = {
        **os.environ,
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": str(ROOT),
        # The bytes must not depend on how many threads a library uses.
        "OMP_NUM_THREADS": "1",
    }
    expected = {name: digests(release(name)) for name in writers.ALL}
    command = [sys.executable, "-m", writers.__name__, str(shared_data), str(tmp_path)]
    subprocess.run(command, env=elsewhere, cwd=tmp_path.parent, check=True, timeout=300)
    assert {name: digests(tmp_path / name) for name in writers.ALL} == expected


@dataclass(frozen=True)
class Many:
    """As many exams as wanted, made one at a time."""

    facts: Facts
    n: int

    def exams(self) -> Iterator[ReleasedExam]:
        exam = contents.exam(1, signals=1)
        for number in range(1, self.n + 1):
            yield replace(exam, number=number, code=f"E{number}", labels=dict(exam.labels))

    def readings(self) -> Iterator[ReleasedReading]:
        for exam in self.exams():
            yield replace(contents.reading(exam, "R1", 0), exam=exam.code)

    def signals(self) -> Iterator[tuple[ReleasedExam, list[Signal]]]:
        for exam in self.exams():
            yield exam, [Signal(np.full((12, 1000), exam.number, np.int16), 400.0, 5.0)]


@pytest.mark.parametrize("name", sorted(writers.ALL))
def test_memory_does_not_grow_with_the_exams(name, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "EXAMS_AT_ONCE", 5)
    monkeypatch.setattr(parquet, "CELLS_AT_ONCE", 300)
    # With several threads, the peak depends on how their work overlaps.
    monkeypatch.setattr(hdf5, "N_THREADS", 1)
    if writers.ALL[name].FORMAT.extra:
        pytest.importorskip("pyarrow", reason="make setup has not installed pyarrow")
    peaks = []
    for n in (2, 10, 40):  # the first run imports libraries and fills caches
        folder = tmp_path / str(n)
        folder.mkdir()
        tracemalloc.start()
        writers.ALL[name].FORMAT.write(Many(contents.FACTS, n), folder)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.25 * peaks[1] + 50_000, peaks
