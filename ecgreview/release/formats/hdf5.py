"""HDF5 in the layout of CODE-15%: ``tracings`` (N, 4096, 12) in mV at 400 Hz, and ``exams.csv``."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import islice
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from ecgreview.ecg.leads import N_LEADS
from ecgreview.ecg.signal import Signal
from ecgreview.release.content import Content, Facts, LabelState, ReleasedExam
from ecgreview.taxonomy import Taxonomy

from . import files, streams
from .about import About

RATE_HZ = 400
N_SAMPLES = 4096

# Exams per file, as in CODE-15%.
PART = 20_000

# Tracings that are compressed at once, by how many threads, and the level of gzip.
AT_ONCE = 8
N_THREADS = 4
LEVEL = 1

LABELS = ("1dAVb", "RBBB", "LBBB", "SB", "ST", "AF")
NORMAL = "normal_ecg"
COLUMNS = (
    "exam_id", "age", "is_male", "nn_predicted_age", *LABELS, "patient_id", "death", "timey",
    NORMAL, "trace_file", "exam", "fold", "split",
)  # fmt: skip

ABOUT = About(
    title="HDF5 in the layout of CODE-15%",
    files={
        "exams_partN.hdf5": (
            "`tracings` (N, 4096, 12), float32, mV, 400 Hz, leads I II III aVR aVL aVF V1-V6; "
            "`exam_id` (N,); `labels` (N, classes) 1/0/NaN; `soft` (N, classes); `classes`"
        ),
        "exams.csv": "the columns of CODE-15%, then exam, fold and split",
    },
    readers=("h5py", "pandas"),
    limits=(
        (
            "signals that are not at 400 Hz are resampled with a polyphase anti-aliasing filter, "
            "so their samples differ from those read; WFDB has the original samples"
        ),
        (
            "shorter tracings are padded with zeros at both ends, longer ones cut at both ends to "
            "10.24 s; missing leads and samples are zero"
        ),
        "only the first tracing of an exam",
        (
            "`age` 90 means above 89; `nn_predicted_age`, `death` and `timey` are empty, because a "
            "release does not contain them; a label that is neither present nor absent is empty"
        ),
        "no blank last row with exam_id 0, which the files of CODE-15% have",
    ),
)


class Hdf5:
    name = "hdf5"
    needs_signals = True
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        files.write_csv(folder / "exams.csv", COLUMNS, _rows(content))
        n_exams = sum(exam.tracings > 0 for exam in content.exams())
        rows = content.signals()
        with ThreadPoolExecutor(N_THREADS) as pool:
            for start in range(0, n_exams, PART):
                n = min(PART, n_exams - start)
                path = folder / _part(start)
                with h5py.File(path, "w", libver=("v110", "v110")) as file:
                    _write(file, content.facts, islice(rows, n), n, pool)


FORMAT = Hdf5()


def _part(place: int) -> str:
    return f"exams_part{place // PART}.hdf5"


def _write(
    file: h5py.File,
    facts: Facts,
    rows: Iterable[tuple[ReleasedExam, Sequence[Signal]]],
    n: int,
    pool: ThreadPoolExecutor,
) -> None:
    """Write ``n`` exams. Several threads compress the tracings; the library has one.

    Files would contain the time of writing without ``track_times``.
    """
    codes = [item.code.encode() for item in facts.taxonomy.classes]
    tracings = file.create_dataset(
        "tracings", (n, N_SAMPLES, N_LEADS), "<f4", chunks=(1, N_SAMPLES, N_LEADS),
        compression="gzip", compression_opts=LEVEL, shuffle=True, track_times=False,
    )  # fmt: skip
    columns = {
        "exam_id": np.zeros(n, "<i8"),
        "labels": np.zeros((n, len(codes)), "<f4"),
        "soft": np.zeros((n, len(codes)), "<f8"),
    }
    row = 0
    for some in streams.batches(rows, AT_ONCE):
        chunks = pool.map(_chunk, (signals[0] for _, signals in some))
        for (exam, _), chunk in zip(some, chunks, strict=True):
            tracings.id.write_direct_chunk((row, 0, 0), chunk)
            columns["exam_id"][row] = exam.number
            columns["labels"][row] = [label.hard for label in exam.labels.values()]
            columns["soft"][row] = [label.soft for label in exam.labels.values()]
            row += 1
    for name, values in {**columns, "classes": np.array(codes)}.items():
        file.create_dataset(name, data=values, track_times=False)


def _chunk(signal: Signal) -> bytes:
    """Return a tracing as HDF5 stores it: shuffled by bytes, then compressed."""
    shuffled = tracing(signal).astype("<f4", copy=False).view(np.uint8).reshape(-1, 4).T
    return zlib.compress(shuffled.tobytes(), LEVEL)


def tracing(signal: Signal) -> NDArray[np.float32]:
    """Return the signal in mV at 400 Hz, shape (4096, 12), with as many zeros at both ends."""
    values = np.nan_to_num(signal.millivolts())
    ratio = Fraction(RATE_HZ / signal.sampling_rate_hz).limit_denominator(1000)
    if ratio != 1:
        # The line between the ends is subtracted first: a jump to zero would ring.
        values = resample_poly(values, ratio.numerator, ratio.denominator, axis=1, padtype="line")
    surplus = values.shape[1] - N_SAMPLES
    if surplus > 0:
        values = values[:, surplus // 2 : surplus // 2 + N_SAMPLES]
    result = np.zeros((N_SAMPLES, N_LEADS), np.float32)
    start = (N_SAMPLES - values.shape[1]) // 2
    result[start : start + values.shape[1]] = values.T
    return result


def _rows(content: Content) -> Iterator[Sequence[object]]:
    sources = _sources(content.facts.taxonomy)
    with_tracings = (exam for exam in content.exams() if exam.tracings)
    for place, exam in enumerate(with_tracings):
        yield (
            exam.number, streams.age_years(exam), {"M": True, "F": False}.get(exam.sex), None,
            *(_flag(exam, sources.get(label, "")) for label in LABELS),
            exam.patient, None, None, _flag(exam, NORMAL), _part(place),
            exam.code, exam.fold, exam.split,
        )  # fmt: skip


def _sources(taxonomy: Taxonomy) -> dict[str, str]:
    """Return the code of the class that equals each label of CODE-15%, where there is one."""
    return {
        code.code: item.code
        for item in taxonomy.classes
        for code in item.codes.get("code15", ())
        if code.match == "exact"
    }


def _flag(exam: ReleasedExam, code: str) -> bool | None:
    label = exam.labels.get(code)
    return {LabelState.PRESENT: True, LabelState.ABSENT: False}.get(label.state) if label else None
