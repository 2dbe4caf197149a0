from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from ecgreview.ecg import formats
from ecgreview.ecg.formats import Recording, Refusal, code_hdf5
from ecgreview.ecg.signal import INVALID

from . import signals, wfdb_files

N_SAMPLES, PLACE = 2934, 4096
PADDING = (PLACE - N_SAMPLES) // 2


def _tracing() -> NDArray[np.float64]:
    """Return one tracing in mV, shape (4096, 12), zero-padded on both sides."""
    millivolts = (signals.heartbeats(N_SAMPLES) + 10) / 1000
    return np.pad(millivolts, ((0, 0), (PADDING, PADDING))).T


def _write(folder: Path, tracings: NDArray[np.float64], ids: list[int] | None = None) -> Path:
    path = folder / "exams.hdf5"
    with h5py.File(path, "w") as file:
        file["tracings"] = tracings.astype(np.float32)
        file["exam_id"] = np.array(ids or range(1, len(tracings) + 1), dtype=np.int64)
    return path


def _read_all(path: Path) -> list[Recording | Refusal]:
    return list(formats.read(path, path.parent))


def _read_one(folder: Path, tracing: NDArray[np.float64]) -> Recording:
    return wfdb_files.recording(_write(folder, tracing[None]))


def test_padding_is_stripped(tmp_path):
    signal = _read_one(tmp_path, _tracing()).signal
    assert signal.n_samples == N_SAMPLES
    assert signal.sampling_rate_hz == 400


def test_an_unpadded_tracing_is_not_cut(tmp_path):
    full = (signals.heartbeats(PLACE) + 10).T / 1000
    assert _read_one(tmp_path, full).signal.n_samples == PLACE


def test_millivolts_are_preserved_within_half_a_microvolt(tmp_path):
    result = _read_one(tmp_path, _tracing()).signal.millivolts().T
    assert result == pytest.approx(_tracing()[PADDING:-PADDING], abs=0.0005 + 1e-6)


def test_the_step_grows_when_16_bits_would_clip(tmp_path):
    signal = _read_one(tmp_path, _tracing() * 60).signal
    assert signal.microvolts_per_lsb == 5.0
    assert signal.millivolts().max() == pytest.approx(_tracing().max() * 60, abs=0.0026)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_non_finite_value_is_a_gap(tmp_path, value):
    tracing = _tracing()
    tracing[1000:1100, 6] = value
    recording = _read_one(tmp_path, tracing)
    gap = slice(1000 - PADDING, 1100 - PADDING)
    assert (recording.signal.samples[6, gap] == INVALID).all()
    assert [remark.code for remark in recording.warnings] == ["no_metadata", "gap"]


def test_an_absurd_amplitude_is_refused(tmp_path):
    (refusal,) = _read_all(_write(tmp_path, _tracing()[None] * 1e6))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "amplitude"


def test_each_exam_has_its_own_key(tmp_path):
    tracing = _tracing()
    keys = [r.source_key for r in _read_all(_write(tmp_path, np.stack([tracing] * 2), [7, 9]))
            if isinstance(r, Recording)]  # fmt: skip
    assert keys == ["exams.hdf5#7", "exams.hdf5#9"]


def test_the_empty_last_row_is_skipped(tmp_path):
    path = _write(tmp_path, np.stack([_tracing(), np.zeros((PLACE, 12))]), [7, 0])
    refusal = _read_all(path)[1]
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.is_expected) == ("padding_row", True)


def test_an_empty_row_with_an_exam_id_is_refused(tmp_path):
    path = _write(tmp_path, np.stack([_tracing(), np.zeros((PLACE, 12))]), [7, 8])
    refusal = _read_all(path)[1]
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.is_expected) == ("blank", False)


def test_an_exam_id_may_be_zero(tmp_path):
    assert isinstance(_read_all(_write(tmp_path, _tracing()[None], [0]))[0], Recording)


def test_exams_with_the_same_id_are_refused(tmp_path):
    results = _read_all(_write(tmp_path, np.stack([_tracing()] * 3), [7, 8, 7]))
    assert [isinstance(result, Refusal) for result in results] == [True, False, True]


def test_one_bad_exam_does_not_stop_the_others(tmp_path):
    short = np.zeros((PLACE, 12))
    short[2000:2100] = 1
    results = _read_all(_write(tmp_path, np.stack([short, _tracing()])))
    assert [type(result) for result in results] == [Refusal, Recording]


def test_chunking_does_not_change_the_result(tmp_path):
    tracings = np.stack([_tracing() * size for size in (1.0, 1.1, 1.2, 1.3, 1.4)])
    unchunked = _read_all(_write(tmp_path, tracings))
    with h5py.File(tmp_path / "exams.hdf5", "w") as file:
        file.create_dataset("tracings", data=tracings.astype("f4"), chunks=(2, PLACE, 12),
                            compression="gzip", compression_opts=1)  # fmt: skip
        file["exam_id"] = np.arange(1, 6)
    chunked = _read_all(tmp_path / "exams.hdf5")
    assert [_hash(result) for result in chunked] == [_hash(result) for result in unchunked]


def _hash(result: Recording | Refusal) -> str:
    assert isinstance(result, Recording)
    return result.signal.content_hash


TABLES = {
    "as published": "exam_id,age,is_male,1dAVb,patient_id\n1,46,True,True,185323\n",
    "mark and semicolons": "\ufeffexam_id;age;is_male;patient_id\r\n1;46;True;185323\r\n",
    "other order and quotes": 'patient_id,"is_male",age,exam_id\n"185323",1,46.0,"1"\n',
    "a line that is no exam": "exam_id,age,is_male,patient_id\n,,,\n1,46,True,185323\n",
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_patients_are_found_by_column_name(tmp_path, table):
    (tmp_path / "exams.csv").write_text(table, encoding="utf-8", newline="")
    recording = _read_one(tmp_path, _tracing())
    assert recording.warnings == ()
    assert recording.patient_key == "185323"
    assert recording.age_years == 46
    assert recording.sex == "M"


@pytest.mark.parametrize(
    "table",
    [
        "exam_id,age,is_male\n2,46,True\n",
        "exam_id,age,is_male\n1,46,True\n1,47,True\n",
    ],
    ids=["not listed", "contradictory"],
)
def test_an_exam_without_a_table_row_gets_a_remark(tmp_path, table):
    (tmp_path / "exams.csv").write_text(table)
    recording = _read_one(tmp_path, _tracing())
    assert [remark.code for remark in recording.warnings] == ["no_metadata"]
    assert recording.age_years is None


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"id,age\n1,46\n", "exams_csv_column"), (b"exam_id,age\n1,\xff\xfe\n", "exams_csv_text")],
    ids=["no ids", "no text"],
)
def test_a_bad_table_is_refused(tmp_path, content, code):
    (tmp_path / "exams.csv").write_bytes(content)
    assert wfdb_files.refusal(_write(tmp_path, _tracing()[None])).code == code


def test_labels_are_read_for_sampling(tmp_path):
    table = "exam_id,age,is_male,AF,LBBB,RBBB,death\n1,46,False,1,True,False,True\n"
    (tmp_path / "exams.csv").write_text(table)
    assert _read_one(tmp_path, _tracing()).source_labels == ("af", "lbbb")


def test_labels_are_not_in_the_repr_of_a_recording(tmp_path):
    (tmp_path / "exams.csv").write_text("exam_id,age,is_male,LBBB,death\n1,46,False,True,True\n")
    result = repr(_read_one(tmp_path, _tracing()))
    assert "LBBB" not in result
    assert "death" not in result


def _external_link(file: h5py.File, folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as target:
        target["tracings"] = _tracing()[None].astype("f4")
    file["tracings"] = h5py.ExternalLink(str(folder / "other.h5"), "/tracings")


def _external_storage(file: h5py.File, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(PLACE * 12 * 4))
    storage = [(str(folder / "secret"), 0, PLACE * 12 * 4)]
    file.create_dataset("tracings", shape=(1, PLACE, 12), dtype="f4", external=storage)


def _virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout(shape=(1, PLACE, 12), dtype="f4")
    layout[0] = h5py.VirtualSource(str(folder / "other.h5"), "t", shape=(PLACE, 12))
    file.create_virtual_dataset("tracings", layout)


def _group(file: h5py.File, folder: Path) -> None:
    file.create_group("tracings")


def _integers(file: h5py.File, folder: Path) -> None:
    file["tracings"] = np.ones((1, PLACE, 12), dtype=np.int16)


def _strings(file: h5py.File, folder: Path) -> None:
    file["tracings"] = "none"


def _long_rows(file: h5py.File, folder: Path) -> None:
    file.create_dataset("tracings", shape=(1, 2**40, 12), dtype="f4", chunks=(1, 4096, 12))


def _huge_chunks(file: h5py.File, folder: Path) -> None:
    file.create_dataset("tracings", shape=(2**20, 4096, 12), dtype="f4", chunks=(1000, 4096, 12))


BAD_LAYOUTS = {
    _external_link: "hdf5_dataset",
    _external_storage: "hdf5_dataset",
    _virtual: "hdf5_dataset",
    _group: "hdf5_dataset",
    _integers: "hdf5_layout",
    _strings: "hdf5_layout",
    _long_rows: "too_large",
    _huge_chunks: "large_chunks",
}


@pytest.mark.parametrize(("write_layout", "code"), BAD_LAYOUTS.items())
def test_an_unsupported_layout_is_refused_before_reading(tmp_path, write_layout, code, monkeypatch):
    path = tmp_path / "exams.hdf5"
    with h5py.File(path, "w") as file:
        write_layout(file, tmp_path)
        file["exam_id"] = np.array([1])
    monkeypatch.setattr(code_hdf5, "_each", None)
    assert wfdb_files.refusal(path).code == code


def test_a_symlinked_table_is_refused(tmp_path):
    (tmp_path / "labels").write_text("exam_id\n1\n")
    (tmp_path / "exams.csv").symlink_to(tmp_path / "labels")
    assert wfdb_files.refusal(_write(tmp_path, _tracing()[None])).code == "exams_csv_size"


def test_a_damaged_chunk_is_refused(tmp_path):
    path = tmp_path / "exams.hdf5"
    with h5py.File(path, "w") as file:
        file.create_dataset("tracings", data=_tracing()[None].astype("f4"), compression="gzip",
                            chunks=(1, PLACE, 12), fletcher32=True)  # fmt: skip
        file["exam_id"] = np.array([1])
        offset = file["tracings"].id.get_chunk_info(0).byte_offset
    damaged = bytearray(path.read_bytes())
    damaged[offset + 500 : offset + 600] = bytes(100)
    path.write_bytes(damaged)
    assert wfdb_files.refusal(path).code == "damaged_hdf5"
