from __future__ import annotations

import gzip

import numpy as np
import pytest

from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import INVALID

from . import signals, wfdb_files
from .wfdb_files import recording, refusal

NAMES_OF_EIGHT = ("I", "II", *LEADS[6:])


def test_integer_steps_are_stored_exactly(tmp_path):
    signal = recording(wfdb_files.write(tmp_path)).signal
    assert (signal.samples == signals.signal().samples).all()
    assert signal.microvolts_per_lsb == 1.0


@pytest.mark.parametrize(
    ("gain", "microvolts"),
    [("200/mV", 5.0), ("1000/mv", 1.0), ("0.5/uV", 2.0), ("1e6/V", 1.0), ("250(0)/MV", 4.0)],
)
def test_gain_is_read_in_the_stated_unit(tmp_path, gain, microvolts):
    header = wfdb_files.write(tmp_path, layout=f"ana.dat 16 {gain} 16 0 0 {{checksum}} 0 {{name}}")
    signal = recording(header).signal
    assert signal.microvolts_per_lsb == pytest.approx(microvolts)
    assert (signal.samples == signals.signal().samples).all()


def test_a_missing_unit_gets_a_remark(tmp_path):
    header = wfdb_files.write(tmp_path, layout="ana.dat 16 1000 16 0 0 {checksum} 0 {name}")
    assert [remark.code for remark in recording(header).warnings] == ["unit_not_stated"]


def test_a_baseline_is_subtracted(tmp_path):
    header = wfdb_files.write(tmp_path, layout="ana.dat 16 1000(-50)/mV 16 0 0 {checksum} 0 {name}")
    signal = recording(header).signal
    assert (signal.samples == signals.signal().samples + 50).all()


def test_the_adc_zero_replaces_a_missing_baseline(tmp_path):
    header = wfdb_files.write(tmp_path, layout="ana.dat 16 1000/mV 16 20 0 {checksum} 0 {name}")
    assert (recording(header).signal.samples == signals.signal().samples - 20).all()


def test_leads_of_different_gain_get_a_common_unit(tmp_path):
    header = wfdb_files.write(tmp_path)
    header.write_text(header.read_text().replace("1000(0)/mV", "500(0)/mV", 1))
    signal = recording(header).signal
    assert (signal.samples[0] == 2 * signals.signal().samples[0]).all()
    assert (signal.samples[6] == signals.signal().samples[6]).all()


def test_no_derived_lead_is_clipped(tmp_path):
    values = signals.heartbeats()
    values[0], values[1] = -20 * values[0], 20 * values[1]
    rows = [LEADS.index(name) for name in NAMES_OF_EIGHT]
    header = wfdb_files.write(
        tmp_path, values=values[rows], names=NAMES_OF_EIGHT, record="ana 8 500 5000"
    )
    signal = recording(header).signal
    difference = signal.millivolts()[1] - signal.millivolts()[0]
    assert signal.microvolts_per_lsb == 2.0
    assert signal.millivolts()[2] == pytest.approx(difference, abs=0.003)


def test_a_gap_in_a_lead_is_a_gap_in_leads_derived_from_it(tmp_path):
    values = signals.heartbeats()
    values[0, 100:200] = INVALID
    rows = [LEADS.index(name) for name in NAMES_OF_EIGHT]
    header = wfdb_files.write(
        tmp_path, values=values[rows], names=NAMES_OF_EIGHT, record="ana 8 500 5000"
    )
    samples = recording(header).signal.samples
    assert (samples[[0, 2, 3, 4, 5], 100:200] == INVALID).all()


def test_signals_may_be_in_two_files(tmp_path):
    header = wfdb_files.write(tmp_path)
    samples = signals.signal().samples.astype("<i2")
    (tmp_path / "ana.dat").write_bytes(samples[:6].T.tobytes())
    (tmp_path / "bis.dat").write_bytes(b"x" * 24 + samples[6:].T.tobytes())
    lines = header.read_text().splitlines()
    lines[7:] = [line.replace("ana.dat 16", "bis.dat 16x1+24") for line in lines[7:]]
    header.write_text("\n".join(lines))
    assert (recording(header).signal.samples == samples).all()


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # raised by pandas inside wfdb
@pytest.mark.parametrize("code", ["16", "24", "32", "61", "80", "160", "212"])
def test_every_format_written_by_wfdb_is_read(tmp_path, code):
    import wfdb

    digital = np.rint(signals.heartbeats() / 20).astype(np.int64)
    by_hand = {"61": digital.astype(">i2"), "160": (digital + 2**15).astype("<u2")}
    if code in by_hand:  # wfdb reads these two formats but cannot write them
        layout = f"ana.dat {code} 50(0)/mV 16 0 0 0 0 {{name}}"
        header = wfdb_files.write(tmp_path, layout=layout)
        (tmp_path / "ana.dat").write_bytes(by_hand[code].T.tobytes())
    else:
        wfdb.wrsamp(
            "ana", fs=500, units=["mV"] * 12, sig_name=list(LEADS), d_signal=digital.T,
            fmt=[code] * 12, adc_gain=[50] * 12, baseline=[0] * 12, write_dir=str(tmp_path),
        )  # fmt: skip
        header = tmp_path / "ana.hea"
    assert (recording(header).signal.samples == digital).all()


@pytest.mark.parametrize(
    ("comments", "age_years", "sex"),
    [
        (["#Age: 63", "#Sex: Female"], 63, "F"),
        (["# Age: 63", "# Sex: M"], 63, "M"),
        (["#<age>: 17", "#<sex>: F"], 17, "F"),
        (["# Age: NaN", "# Sex: NaN"], None, None),
        (["# Age: 300", "# Sex: Unknown"], None, None),
        (["# Dx: Age: 63"], None, None),
        (["# Age: -1"], None, None),
        ([], None, None),
    ],
)
def test_age_and_sex_come_from_the_comments(tmp_path, comments, age_years, sex):
    result = recording(wfdb_files.write(tmp_path, comments=comments))
    assert (result.age_years, result.sex) == (age_years, sex)


@pytest.mark.parametrize(
    ("comments", "labels"),
    [
        (["#Dx: 426177001,59118001"], ("426177001", "59118001")),
        (["# Dx: AF, AF ,, RBBB"], ("AF", "RBBB")),
        (["# Dx: " + "x" * 61, "# Rx: none"], ()),
        (["# Dx: A\x7fB"], ()),
        (["# Reason for admission: infarction"], ()),
    ],
)
def test_labels_are_read_for_sampling(tmp_path, comments, labels):
    assert recording(wfdb_files.write(tmp_path, comments=comments)).source_labels == labels


def test_an_impossible_age_gets_a_remark(tmp_path):
    result = recording(wfdb_files.write(tmp_path, comments=["# Age: 300"]))
    assert [remark.code for remark in result.warnings] == ["age"]


def test_other_signals_are_skipped_with_a_remark(tmp_path):
    values = np.vstack([signals.heartbeats(), signals.heartbeats()[:1]])
    header = wfdb_files.write(
        tmp_path, values=values, names=(*LEADS, "vx"), record="ana 13 500 5000"
    )
    (remark,) = recording(header).warnings
    assert remark.code == "other_signals"
    assert remark.details == {"signals": "vx"}


def test_a_lead_without_any_value_is_missing(tmp_path):
    values = signals.heartbeats()
    values[8] = INVALID
    assert recording(wfdb_files.write(tmp_path, values=values)).signal.missing_leads == ("V3",)


REFUSED_RECORD_LINES = {
    "ana/3 12 500 5000": "segments",
    "ana 0 500 5000": "n_signals",
    "ana 999 500 5000": "n_signals",
    "ana 12": "sampling_rate_text",
    "ana 12 nan 5000": "sampling_rate_text",
    "ana 12 1e9 5000": "sampling_rate",
    "ana 12 500": "n_samples",
    "ana 12 500 0": "n_samples",
    "ana 12 500 -5": "n_samples",
    "ana 12 500 999": "too_short",
    "ana 12 500 5e3": "n_samples",
    "ana 12 500 9999999999999999999999": "n_samples",
    "ana 11 500 5000": "signal_lines",
    "ana 13 500 5000": "signal_lines",
}


@pytest.mark.parametrize(("record", "code"), REFUSED_RECORD_LINES.items())
def test_a_bad_record_line_is_refused(tmp_path, record, code):
    assert refusal(wfdb_files.write(tmp_path, record=record)).code == code


REFUSED_SIGNAL_LINES = {
    "ana.dat": "signal_line",
    "ana.dat sixteen": "signal_line",
    "ana.dat 8 1000/mV 16 0 0 0 0 {name}": "signal_format",
    "ana.dat 516 1000/mV 16 0 0 0 0 {name}": "signal_format",
    "ana.dat 16x2 1000/mV 16 0 0 0 0 {name}": "frames",
    "ana.dat 16:5 1000/mV 16 0 0 0 0 {name}": "frames",
    "ana.dat 16 -1000/mV 16 0 0 0 0 {name}": "gain",
    "ana.dat 16 inf/mV 16 0 0 0 0 {name}": "gain_text",
    "ana.dat 16 1000/mmHg 16 0 0 0 0 {name}": "unit",
    "ana.dat 16 1000/mV 16 0 0 0 0 EEG": "no_lead_names",
    "ana.dat 16 1000/mV 16 0": "no_lead_names",
    "ana.dat 16 0.001/mV 16 0 0 0 0 {name}": "amplitude",
    "ana.dat 16+1000 1000/mV 16 0 0 0 0 {name}": "truncated",
    "../ana.dat 16 1000/mV 16 0 0 0 0 {name}": "outside",
    "sub/ana.dat 16 1000/mV 16 0 0 0 0 {name}": "outside",
    "..\\ana.dat 16 1000/mV 16 0 0 0 0 {name}": "outside",
    ".. 16 1000/mV 16 0 0 0 0 {name}": "outside",
    "~ 16 1000/mV 16 0 0 0 0 {name}": "outside",
    "ANA.dat 16 1000/mV 16 0 0 0 0 {name}": "missing_file",
}


@pytest.mark.parametrize(("layout", "code"), REFUSED_SIGNAL_LINES.items())
def test_a_bad_signal_line_is_refused(tmp_path, layout, code):
    assert refusal(wfdb_files.write(tmp_path, layout=layout)).code == code


def test_a_signal_file_symlinked_out_of_its_folder_is_refused(tmp_path):
    outside = tmp_path / "outside.dat"
    folder = tmp_path / "folder"
    folder.mkdir()
    header = wfdb_files.write(folder)
    (folder / "ana.dat").rename(outside)
    (folder / "ana.dat").symlink_to(outside)
    assert refusal(header).code == "outside"


def test_two_formats_in_one_file_are_refused(tmp_path):
    header = wfdb_files.write(tmp_path)
    header.write_text(header.read_text().replace("ana.dat 16", "ana.dat 212", 1))
    assert refusal(header).code == "mixed_formats"


def test_a_git_lfs_pointer_is_refused_by_name(tmp_path):
    header = wfdb_files.write(tmp_path)
    (tmp_path / "ana.dat").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert refusal(header).code == "lfs_pointer"


@pytest.mark.parametrize("value", [0, 40, INVALID])
def test_twelve_flat_leads_are_refused(tmp_path, value):
    values = np.full((12, 5000), value)
    assert refusal(wfdb_files.write(tmp_path, values=values)).code == "blank"


def test_a_compressed_header_is_refused(tmp_path):
    header = wfdb_files.write(tmp_path)
    header.write_bytes(gzip.compress(header.read_bytes()))
    assert refusal(header).code == "unknown_format"
