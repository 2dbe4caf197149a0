"""Real recordings match EXPECTED.csv, which was made with other readers (wfdb, h5py)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ecgreview.ecg import formats
from ecgreview.ecg.formats import Recording, Refusal
from ecgreview.ecg.leads import LEADS, canonical

Rows = dict[str, dict[str, dict[str, str]]]

# EXPECTED.csv has six significant digits. Exactly stored signals differ only by this rounding.
EXACT_MV = 1e-6

# Half a step of 1 microvolt, plus the rounding of amplitudes up to 20 mV to six digits.
REQUANTISED_MV = 0.0005 + 1e-5

PLACE = 4096


@pytest.fixture(scope="module")
def expected(shared_data) -> Rows:
    rows: Rows = defaultdict(dict)
    with (shared_data / "EXPECTED.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            rows[row["path"]][row["lead"]] = row
    return rows


def _read(root: Path, folder: str) -> Iterator[Recording | Refusal]:
    for path in formats.find(root / folder):
        yield from formats.read(path, root)


def _summary(millivolts: np.ndarray) -> np.ndarray:
    """Return min, max, mean, first, 1001st (NaN if missing) and last sample of each lead."""
    at_1000 = millivolts[:, 1000] if millivolts.shape[1] > 1000 else np.full(12, np.nan)
    columns = (
        np.nanmin(millivolts, axis=1),
        np.nanmax(millivolts, axis=1),
        np.nanmean(millivolts, axis=1),
        millivolts[:, 0],
        at_1000,
        millivolts[:, -1],
    )
    return np.stack(columns, axis=1)


def _published(leads: dict[str, dict[str, str]]) -> np.ndarray:
    names = ("min_mV", "max_mV", "mean_mV", "sample0_mV", "sample1000_mV", "last_mV")
    table = np.full((12, len(names)), np.nan)
    for lead, row in leads.items():
        if lead.lower() not in {"vx", "vy", "vz"}:
            table[LEADS.index(canonical(lead))] = [float(row[name] or "nan") for name in names]
    return table


@pytest.mark.parametrize(
    ("folder", "count", "tolerance_mv"),
    [
        ("ptbxl", 64, EXACT_MV),
        ("cinc2021", 70, EXACT_MV),
        ("ptbdb", 1, EXACT_MV),
        ("ludb", 14, REQUANTISED_MV),
    ],
)
def test_wfdb_records_match_the_wfdb_package(shared_data, expected, folder, count, tolerance_mv):
    recordings = list(_read(shared_data, folder))
    assert len(recordings) == count
    for recording in recordings:
        assert isinstance(recording, Recording), recording
        leads = expected[recording.source_key]
        row = next(iter(leads.values()))
        assert recording.signal.sampling_rate_hz == float(row["fs_Hz"])
        assert recording.signal.n_samples == int(row["n_samples"])
        result = _summary(recording.signal.millivolts())
        assert result == pytest.approx(_published(leads), abs=tolerance_mv, rel=1e-5, nan_ok=True)


def test_code_tracings_match_h5py(shared_data, expected):
    recordings = [r for r in _read(shared_data, "code15") if isinstance(r, Recording)]
    assert len(recordings) == 5
    for recording in recordings:
        result = _summary(_padded_again(recording.signal.millivolts()))
        published = _published(expected[recording.source_key])
        assert result == pytest.approx(published, abs=REQUANTISED_MV)


def _padded_again(millivolts: np.ndarray) -> np.ndarray:
    missing = PLACE - millivolts.shape[1]
    return np.pad(millivolts, ((0, 0), (missing // 2, missing - missing // 2)))


def test_only_the_padding_row_of_code_is_skipped(shared_data):
    (row,) = [r for r in _read(shared_data, "code15") if isinstance(r, Refusal)]
    assert (row.code, row.is_expected) == ("padding_row", True)
    assert row.file == "code15/exams_part_a.hdf5#0"


def test_code_exams_have_patient_age_and_sex(shared_data):
    first = next(_read(shared_data, "code15"))
    assert isinstance(first, Recording)
    assert (first.patient_key, first.age_years, first.sex) == ("185323", 46, "M")


def test_a_recording_has_no_interpretation(shared_data):
    # The header comments of these data sets contain diagnoses, drugs and dates.
    terms = ("Dx", "426783006", "Rhythm", "bradycardia", "infarction", "1990", "Rx")
    for folder in ("cinc2021", "ludb", "ptbdb"):
        for recording in _read(shared_data, folder):
            assert not [term for term in terms if term in repr(recording)]


@pytest.mark.parametrize(
    ("record", "code", "leads"),
    [
        ("ptbxl/records500/00000/00004_hr.hea", "clipping", ("V4",)),
        ("ptbxl/records500/00000/00162_hr.hea", "limb_identity", ("aVR", "aVF")),
        ("cinc2021/JS11438.hea", "flat_lead", ("V1", "V2", "V3", "V4", "V5", "V6")),
        ("cinc2021/JS20004.hea", "flat_lead", ("V2", "V4", "V6")),
    ],
)
def test_known_oddities_get_remarks(shared_data, record, code, leads):
    (recording,) = formats.read(shared_data / record, shared_data)
    assert isinstance(recording, Recording)
    assert [(r.code, r.leads) for r in recording.warnings] == [(code, leads)]


def test_most_real_recordings_have_no_remarks(shared_data):
    recordings = [r for folder in ("ptbxl", "cinc2021") for r in _read(shared_data, folder)]
    remarked = [r for r in recordings if isinstance(r, Recording) and r.warnings]
    assert len(remarked) <= len(recordings) // 10
