"""Each malformed WFDB or HDF5 file of the shared data has the outcome that CASES.csv lists."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ecgreview.ecg import formats
from ecgreview.ecg.formats import Recording, Refusal
from ecgreview.ecg.formats.codes import LooksLike
from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import LeadStatus

REFUSED = {
    "truncated_dat": ("truncated", 120_000, 5_000, 72_000),
    "odd_byte": ("truncated", 120_000, 119_999),
    "missing_dat": ("missing_file", "00050_hr.dat"),
    "empty_dat": ("truncated", 0),
    "html_as_dat": ("html_page", "00050_hr.dat"),
    "missing_signal_line": ("signal_lines", 12, 11),
    "traversal_relative": ("outside", "'../../../../../../etc/passwd'"),
    "traversal_absolute": ("outside", "'/etc/passwd'"),
    "huge_nsamp": ("too_long", 999_999_999_999),
    "gain_zero": ("gain", "0"),
    "gain_absent": ("no_gain",),
    "duplicate_lead": ("duplicate_lead", "II"),
    "fs_zero": ("sampling_rate", 0.0),
    "fs_negative": ("sampling_rate", -500.0),
    "fs_text": ("sampling_rate_text", "'abc'"),
    "git_lfs_pointer": ("lfs_pointer",),
    "hdf5/transposed.hdf5": ("transposed", "(2, 12, 4096)"),
    "hdf5/no_exam_id.hdf5": ("no_exam_ids",),
    "hdf5/length_mismatch.hdf5": ("exam_id_length", 2, "int64 (3,)"),
    "hdf5/duplicate_id.hdf5": ("duplicate_id", 2),
    "hdf5/truncated.hdf5": ("damaged_hdf5",),
}
"""Case -> code of the refusal and some of its details."""

ACCEPTED = {
    "trailing_bytes": {"trailing_bytes"},
    "wrong_checksum": {"checksum"},
    "units_uV": set(),
    "nan_sentinel": {"gap"},
    "eight_leads": {"derived_lead"},
    "limb_reversal": {"arm_reversal_suspected"},
    "order_and_names": set(),
    "fs_257": set(),
    "fs_360": set(),
    "crlf_bom_latin1": set(),
    "format_212": set(),
    "record_name_with_dot": set(),
    "hdf5/nan_and_blank.hdf5": {"no_metadata", "gap", "amplitude_large", "limb_identity"},
    "hdf5/volts.hdf5": {"no_metadata", "amplitude_small"},
}
"""Case -> codes of the remarks on its first recording."""

OTHER_FORMATS = ("tables/", "xml/", "dicom/", "zip/")


def _read(shared_data: Path, case: str) -> list[Recording | Refusal]:
    folder = shared_data / "malformed"
    (path,) = formats.find(folder / case)
    return list(formats.read(path, folder))


def _recording(shared_data: Path, case: str) -> Recording:
    first = _read(shared_data, case)[0]
    assert isinstance(first, Recording), first
    return first


def _millivolts(shared_data: Path, case: str) -> np.ndarray:
    return _recording(shared_data, case).signal.millivolts()


@pytest.fixture(scope="module")
def original(shared_data) -> np.ndarray:
    """PTB-XL exam 50 in mV, from which the malformed files were made."""
    root = shared_data / "ptbxl"
    (recording,) = formats.read(root / "records500/00000/00050_hr.hea", root)
    assert isinstance(recording, Recording)
    return recording.signal.millivolts()


@pytest.mark.parametrize("case", REFUSED)
def test_a_malformed_file_is_refused_with_a_reason(shared_data, case):
    code, *mentioned = REFUSED[case]
    for refusal in _read(shared_data, case):
        assert isinstance(refusal, Refusal)
        assert refusal.code == code
        assert set(mentioned) <= set(refusal.details.values())
        assert not refusal.is_expected


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_flawed_file_is_accepted_with_remarks(shared_data, case):
    warnings = _recording(shared_data, case).warnings
    assert {remark.code for remark in warnings} == ACCEPTED[case]


def test_every_case_has_an_expectation(shared_data):
    with (shared_data / "malformed/CASES.csv").open(encoding="utf-8", newline="") as stream:
        cases = {row["case"] for row in csv.DictReader(stream)}
    ours = {case for case in cases if not case.startswith(OTHER_FORMATS)}
    assert ours == REFUSED.keys() | ACCEPTED.keys()


@pytest.mark.parametrize("case", ["units_uV", "trailing_bytes", "order_and_names", "fs_257"])
def test_samples_match_the_original_record(shared_data, case, original):
    assert _millivolts(shared_data, case) == pytest.approx(original, abs=1e-9)


@pytest.mark.parametrize("case", ["crlf_bom_latin1", "wrong_checksum", "fs_360"])
def test_samples_match_the_original_record_within_tolerance(shared_data, case, original):
    assert _millivolts(shared_data, case) == pytest.approx(original, abs=1e-9)


def test_format_212_is_exact_within_its_step(shared_data, original):
    millivolts = _millivolts(shared_data, "format_212")
    assert millivolts == pytest.approx(original, abs=0.00125 + 1e-9)


def test_derived_leads_equal_the_recorded_ones_within_two_microvolts(shared_data, original):
    recording = _recording(shared_data, "eight_leads")
    assert recording.signal.millivolts() == pytest.approx(original, abs=0.002 + 1e-9)
    assert recording.signal.lead_status[2:6] == (LeadStatus.DERIVED,) * 4


@pytest.mark.parametrize(("case", "rate_hz"), [("fs_257", 257), ("fs_360", 360)])
def test_the_time_axis_follows_the_header(shared_data, case, rate_hz):
    assert _recording(shared_data, case).signal.duration_s == 5000 / rate_hz


def test_a_gap_stays_a_gap(shared_data, original):
    millivolts = _millivolts(shared_data, "nan_sentinel")
    is_gap = np.zeros_like(original, dtype=bool)
    is_gap[LEADS.index("V1"), 1000:1500] = True
    assert (np.isnan(millivolts) == is_gap).all()
    assert millivolts[~is_gap] == pytest.approx(original[~is_gap], abs=1e-9)


def test_interchanged_arm_leads_are_imported_unchanged(shared_data, original):
    assert _millivolts(shared_data, "limb_reversal")[0] == pytest.approx(-original[0], abs=1e-9)


def test_a_dotted_record_name_gives_the_same_signal(shared_data):
    root = shared_data / "cinc2021"
    (undotted,) = formats.read(root / "E07500.hea", root)
    assert isinstance(undotted, Recording)
    dotted = _recording(shared_data, "record_name_with_dot")
    assert dotted.signal.content_hash == undotted.signal.content_hash


def test_a_blank_row_is_reported_and_the_good_one_read(shared_data):
    _, blank = _read(shared_data, "hdf5/nan_and_blank.hdf5")
    assert isinstance(blank, Refusal)
    assert (blank.code, blank.file) == ("blank", "hdf5/nan_and_blank.hdf5#1594286")


@pytest.mark.parametrize("folder", ["two", "three", "four", "six"])
def test_too_few_leads_are_refused_by_name(shared_data, folder):
    root = shared_data / "cinc2021_reduced_leads" / folder
    for path in formats.find(root):
        (refusal,) = formats.read(path, root)
        assert isinstance(refusal, Refusal)
        assert refusal.code == "leads_missing"
        assert "V6" in str(refusal.details["absent"])


@pytest.mark.parametrize(
    ("file", "file_type"),
    [
        ("xml/entity_bomb.xml", LooksLike.XML),
        ("dicom/truncated.dcm", LooksLike.DICOM),
        ("zip/zip_slip.zip", LooksLike.ZIP),
        ("tables/bad_values.csv", LooksLike.OTHER),
    ],
)
def test_other_formats_are_refused_by_name(shared_data, file, file_type):
    (refusal,) = _read(shared_data, file)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "unknown_format"
    assert refusal.details == {"looks_like": file_type}
