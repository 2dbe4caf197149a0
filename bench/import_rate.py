"""How many exams per second are imported, against one row at a time through the ORM?

Both store the same records in a database created for this run: ours in blocks with COPY, the other
with ``exists``, ``get_or_create`` and ``create`` for each exam, like the first version of an
importer. Reading files (in this process, and in the sandbox as imports do), packing signals and
storing rows are timed separately, because the first two cost the same for both. Run with the
services up: ``python -m bench.import_rate [number of exams]``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from bench._site import empty_database

import numpy as np
from django.utils import timezone

from annotations.models import Dataset, Exam, Patient, Tracing
from annotations.services.exams import recordings as exams_recordings
from annotations.services.imports.recordings import EXAMS_AT_ONCE
from ecgreview.ecg import formats, synth, wire
from ecgreview.ecg.formats import Recording, sandbox
from ecgreview.ecg.formats.sandbox import client
from ecgreview.ecg.leads import LEADS

Result = TypeVar("Result")

N_EXAMS = 256
ROUNDS = 3


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else N_EXAMS
    with tempfile.TemporaryDirectory() as name, empty_database():
        folder = write_records(Path(name), n)
        read_s, recordings = timed(lambda: read(folder))
        start_s, _ = timed(client.server)
        apart_s, _ = timed(lambda: list(sandbox.read(formats.find(folder), folder)))
        pack_s, packets = timed(lambda: [wire.pack(item.signal) for item in recordings])
        packet_of = dict(zip((id(item.signal) for item in recordings), packets, strict=True))
        wire.pack = lambda signal: packet_of[id(signal)]
        blocks_s = best(in_blocks, recordings)
        rows_s = best(row_by_row, recordings)
    both_s = read_s + pack_s
    print(f"{n} exams of 12 x 5000 samples, best of {ROUNDS}; ms per exam:")
    print(f"  reading files {1000 * read_s / n:.2f}, packing signals {1000 * pack_s / n:.2f}")
    print(f"  reading in the sandbox {1000 * apart_s / n:.2f}, after {start_s:.1f} s for its start")
    print(f"  storing in blocks {1000 * blocks_s / n:.2f}, row by row {1000 * rows_s / n:.2f}")
    print(f"storing alone: {n / blocks_s:,.0f}/s against {n / rows_s:,.0f}/s", end="")
    print(f", {rows_s / blocks_s:.1f} times as fast")
    ours_s, theirs_s = both_s + blocks_s, both_s + rows_s
    print(f"whole import: {n / ours_s:,.0f}/s against {n / theirs_s:,.0f}/s", end="")
    print(f", {theirs_s / ours_s:.1f} times as fast")


def write_records(folder: Path, n: int) -> Path:
    """Write ``n`` distinct WFDB records, and return the folder."""
    rng = np.random.default_rng(1)
    samples_by_condition = [synth.synthesize(name, rng).signal.samples for name in synth.CONDITIONS]
    for number in range(n):
        samples = samples_by_condition[number % len(samples_by_condition)] + np.int16(
            number // len(samples_by_condition)
        )
        (folder / f"{number:05d}.dat").write_bytes(samples.astype("<i2").T.tobytes())
        sums = [int(row.sum(dtype=np.int64)) % 2**16 for row in samples]
        lines = [
            f"{number:05d}.dat 16 1000(0)/mV 16 0 {row[0]} {total} 0 {lead}"
            for row, total, lead in zip(samples, sums, LEADS, strict=True)
        ]
        text = "\n".join([f"{number:05d} 12 500 5000", *lines, "# Age: 61", "# Sex: Female"])
        (folder / f"{number:05d}.hea").write_text(f"{text}\n", encoding="ascii")
    return folder


def read(folder: Path) -> list[Recording]:
    results = [result for path in formats.find(folder) for result in formats.read(path, folder)]
    return [result for result in results if isinstance(result, Recording)]


def in_blocks(dataset: Dataset, recordings: Sequence[Recording]) -> None:
    """Store blocks of recordings, as the import service does."""
    for start in range(0, len(recordings), EXAMS_AT_ONCE):
        block = recordings[start : start + EXAMS_AT_ONCE]
        new = exams_recordings.sort_out(dataset, block).new
        exams_recordings.store(dataset=dataset, recordings=new, now=timezone.now())


def row_by_row(dataset: Dataset, recordings: Sequence[Recording]) -> None:
    """Store one object at a time."""
    for item in recordings:
        content_hash = item.signal.content_hash
        if Exam.objects.filter(dataset=dataset, content_hash=content_hash).exists():
            continue
        patient = None
        if item.patient_key:
            patient, _ = Patient.objects.get_or_create(dataset=dataset, pseudonym=item.patient_key)
        exam = Exam.objects.create(
            dataset=dataset,
            patient=patient,
            source_key=item.source_key,
            age_years=item.age_years,
            sex=item.sex,
            content_hash=content_hash,
            imported_at=timezone.now(),
        )
        Tracing.objects.create(
            exam=exam,
            position=1,
            sampling_rate_hz=item.signal.sampling_rate_hz,
            n_samples=item.signal.n_samples,
            content_hash=content_hash,
            packed=wire.pack(item.signal),
        )


def best(
    store: Callable[[Dataset, Sequence[Recording]], None], recordings: Sequence[Recording]
) -> float:
    """Return the seconds of the fastest round. Each round stores into an empty data set."""
    seconds = []
    for number in range(ROUNDS):
        name = f"{store.__name__} {number}"
        dataset = Dataset.objects.create(name=name, created_at=timezone.now())
        elapsed, _ = timed(partial(store, dataset, recordings))
        seconds.append(elapsed)
        if dataset.exams.count() != len(recordings):
            raise SystemExit(f"{name} stored {dataset.exams.count()} of {len(recordings)} exams")
    return min(seconds)


def timed(act: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = act()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main()
