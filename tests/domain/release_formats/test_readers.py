"""Third-party libraries open the written files and find what the release contains."""

from __future__ import annotations

import csv
import math
import warnings
from itertools import pairwise

import h5py
import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import INVALID
from ecgreview.release.content import LabelState
from ecgreview.release.formats import datasheet, hdf5, wfdb_records

from .contents import CODES, TWO_TRACINGS_EXAM, UNREADABLE_EXAM

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # from its use of pandas
    import wfdb


def hard(rows):
    return np.array([[label.hard for label in exam.labels.values()] for exam in rows.exams()])


@pytest.mark.opens("csv", "pandas")
def test_pandas_reads_the_same_labels_from_csv_and_parquet(release):
    wide = pd.read_csv(release("csv") / "labels_wide.csv", index_col="exam")
    pd.testing.assert_frame_equal(
        wide, pd.read_parquet(release("parquet") / "labels.parquet").set_index("exam"),
        check_dtype=False,
    )  # fmt: skip


class TestParquet:
    @pytest.mark.opens("parquet", "pandas")
    def test_pandas_reads_the_label_matrices(self, release, rows):
        labels = pd.read_parquet(release("parquet") / "labels.parquet").set_index("exam")
        soft = pd.read_parquet(release("parquet") / "soft_labels.parquet").set_index("exam")
        assert list(labels.columns) == list(soft.columns) == CODES
        np.testing.assert_array_equal(labels.to_numpy(), hard(rows))
        assert set(np.unique(labels.to_numpy()[~np.isnan(labels)])) == {0.0, 1.0}
        expected = [[label.soft for label in exam.labels.values()] for exam in rows.exams()]
        np.testing.assert_array_equal(soft.to_numpy(), expected)

    @pytest.mark.opens("parquet", "pyarrow")
    def test_pyarrow_reads_exams_and_readings(self, release, rows):
        from pyarrow import parquet

        exams = parquet.read_table(release("parquet") / "exams.parquet").to_pylist()
        assert [exam["patient"] for exam in exams] == ["P1", "P1", "P2", "P2", "P3", "P3", None]
        assert [exam["age_years"] for exam in exams][:3] == [41.0, None, 43.0]
        readings = parquet.read_table(release("parquet") / "readings_long.parquet").to_pylist()
        expected = [
            (reading.exam, reading.reader, reading.purpose, code, state)
            for reading in rows.readings()
            for code, state in reading.states(CODES).items()
        ]
        columns = ("exam", "reader", "purpose", "class", "state")
        assert [tuple(row[name] for name in columns) for row in readings] == expected
        assert {row["state"] for row in readings if row["certainty"]} == {"present"}


class TestHdf5:
    @pytest.mark.opens("hdf5", "h5py")
    def test_h5py_reads_tracings_and_labels(self, release, rows):
        with h5py.File(release("hdf5") / "exams_part0.hdf5") as file:
            tracings, ids = file["tracings"][:], file["exam_id"][:]
            labels, codes = file["labels"][:], [code.decode() for code in file["classes"]]
        assert tracings.shape == (6, 4096, 12)
        assert tracings.dtype == np.float32
        assert ids.tolist() == [1, 2, 3, 4, 5, 6]
        assert codes == CODES
        np.testing.assert_array_equal(labels, hard(rows)[:6])

    def test_a_tracing_of_code_15_is_as_in_code_15(self, release, shared_data):
        with h5py.File(release("hdf5") / "exams_part0.hdf5") as file:
            ours = file["tracings"][0]
        with h5py.File(shared_data / "code15" / "exams_part_a.hdf5") as file:
            published = file["tracings"][0]
        # Imports round to microvolts.
        np.testing.assert_allclose(ours, published, atol=0.0006)
        assert np.array_equal(ours.any(axis=1), published.any(axis=1))

    @pytest.mark.opens("hdf5", "pandas")
    def test_pandas_joins_exams_csv_by_exam_id(self, release, rows, shared_data):
        ours = pd.read_csv(release("hdf5") / "exams.csv")
        published = pd.read_csv(shared_data / "code15" / "exams.csv")
        assert set(published.columns) <= set(ours.columns)
        assert ours["exam_id"].tolist() == [1, 2, 3, 4, 5, 6]
        assert ours["age"].tolist() == [41, 90, 43, 44, 45, 46]
        states = [exam.labels["atrial_fibrillation"].state for exam in rows.exams()][:6]
        expected = {LabelState.PRESENT: True, LabelState.ABSENT: False}
        flags = [None if pd.isna(flag) else flag for flag in ours["AF"]]
        assert flags == [expected.get(state) for state in states]

    def test_a_sine_keeps_its_amplitude_and_noise_above_200_hz_is_removed(self, rows):
        _, (signal, *_) = next(rows.signals())
        seconds = np.arange(5000) / 1000

        def tracing(hertz):
            wave = np.round(1000 * np.sin(2 * np.pi * hertz * seconds)).astype(np.int16)
            source = type(signal)(np.tile(wave, (12, 1)), 1000.0, 1.0)
            return hdf5.tracing(source)[1500:2500]

        assert np.abs(tracing(10)).max() == pytest.approx(1, abs=0.01)
        assert np.abs(tracing(320)).max() < 0.01  # would appear as 80 Hz


class TestWfdb:
    def records(self, release):
        return (release("wfdb") / "RECORDS").read_text().split()

    @pytest.mark.opens("wfdb", "wfdb")
    def test_samples_are_recovered_bit_for_bit(self, release, rows):
        signals = [signal for _, own in rows.signals() for signal in own]
        for name, signal in zip(self.records(release), signals, strict=True):
            record = wfdb.rdrecord(str(release("wfdb") / name), physical=False)
            np.testing.assert_array_equal(record.d_signal.T, signal.samples)
            assert record.sig_name == list(LEADS)
            assert record.fs == signal.sampling_rate_hz
            assert {1000 / gain for gain in record.adc_gain} == {signal.microvolts_per_lsb}
            assert record.checksum == [
                int(total.astype(np.int16)) for total in signal.samples.sum(axis=1, dtype=np.int64)
            ]

    def test_millivolts_and_gaps_are_recovered(self, release, rows):
        signals = [signal for _, own in rows.signals() for signal in own]
        assert any((signal.samples == INVALID).any() for signal in signals)
        for name, signal in zip(self.records(release), signals, strict=True):
            record = wfdb.rdrecord(str(release("wfdb") / name))
            np.testing.assert_allclose(record.p_signal.T, signal.millivolts(), rtol=1e-12)

    def test_comments_are_those_of_cinc_2021(self, release, rows):
        by_name = {}
        for name in self.records(release):
            comments = wfdb.rdheader(str(release("wfdb") / name)).comments
            by_name[name.rpartition("/")[2]] = dict(line.split(": ", 1) for line in comments)
        assert by_name["E2"]["Age"] == "90"
        assert by_name["E1"]["Sex"] == "Male"
        assert list(by_name["E1"])[:6] == ["Age", "Sex", "Dx", "Rx", "Hx", "Sx"]
        for exam in rows.exams():
            if exam.tracings:
                listed = by_name[exam.code]["Classes"]
                expected = "embargoed" if exam.is_embargoed else ",".join(exam.present) or "none"
                assert listed == expected
        assert by_name[UNREADABLE_EXAM]["Dx"] == "Unknown"

    def test_dx_never_claims_more_than_the_readers_said(self, rows):
        exam = next(rows.exams())
        codes = wfdb_records.snomed_codes(rows.facts, exam)
        for code in codes:
            claimed = {
                external.match
                for present in exam.present
                for external in rows.facts.taxonomy.by_code(present).codes["snomed_ct"]
                if external.code == code
            }
            assert claimed & {"exact", "broader"}

    @pytest.mark.filterwarnings("ignore:The inplace keyword")  # raised by pandas inside wfdb
    def test_areas_are_annotations_in_their_leads(self, release, rows):
        reading = next(rows.readings())
        (finding,) = [item for item in reading.findings if item.areas]
        path = release("wfdb") / "records" / "00" / reading.exam
        annotation = wfdb.rdann(str(path), "atr")
        marks = set(zip(annotation.sample, annotation.chan, annotation.aux_note, strict=True))
        rate, last = 400, 2933
        start, end = f"({finding.code} {reading.reader}", f"{finding.code} {reading.reader})"
        for area in finding.areas:
            for lead in area.leads:
                channel = LEADS.index(lead)
                assert (min(round(area.from_s * rate), last), channel, start) in marks
                assert (min(round(area.to_s * rate), last), channel, end) in marks
        assert set(annotation.symbol) == {'"'}

    def test_the_second_tracing_of_an_exam_is_a_record_of_its_own(self, release):
        assert f"records/00/{TWO_TRACINGS_EXAM}_2" in self.records(release)


class TestDicom:
    @pytest.mark.opens("dicom", "pydicom")
    def test_pydicom_reads_samples_and_units(self, release, rows):
        pydicom = pytest.importorskip("pydicom", reason="make setup has not installed pydicom")
        for exam, signals in rows.signals():
            for number, signal in enumerate(signals, start=1):
                path = release("dicom") / "exams" / "00" / f"{exam.code}_{number}.dcm"
                dataset = pydicom.dcmread(path)
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    microvolts = dataset.waveform_array(0)
                expected = signal.samples.T * signal.microvolts_per_lsb
                np.testing.assert_allclose(microvolts, expected, rtol=1e-12)
                (group,) = dataset.WaveformSequence
                assert [c.ChannelLabel for c in group.ChannelDefinitionSequence] == list(LEADS)
                assert float(group.SamplingFrequency) == signal.sampling_rate_hz

    def test_present_classes_and_areas_are_annotations(self, release, rows):
        pydicom = pytest.importorskip("pydicom", reason="make setup has not installed pydicom")
        exam = next(rows.exams())
        dataset = pydicom.dcmread(release("dicom") / "exams" / "00" / "E1_1.dcm")
        of_consensus = [
            item.ConceptCodeSequence[0].CodeMeaning
            for item in dataset.WaveformAnnotationSequence
            if item.AnnotationGroupNumber == 0
        ]
        names = [rows.facts.taxonomy.by_code(code).name[:64] for code in exam.present]
        assert of_consensus == names
        segments = [
            item for item in dataset.WaveformAnnotationSequence if "TemporalRangeType" in item
        ]
        assert {tuple(item.ReferencedSamplePositions) for item in segments} == {
            (201, 361),
            (2001, 2934),
        }

    def test_uids_are_valid_and_unique(self, release):
        pydicom = pytest.importorskip("pydicom", reason="make setup has not installed pydicom")
        found = [pydicom.dcmread(path) for path in sorted(release("dicom").rglob("*.dcm"))]
        uids = [dataset.SOPInstanceUID for dataset in found]
        assert len(set(uids)) == len(uids) == 7
        assert all(uid.is_valid and uid.startswith("2.25.") for uid in uids)


class TestTables:
    @pytest.mark.opens("mapping", "pandas")
    def test_the_mapping_has_every_class_and_agrees_with_published_lists(
        self, release, shared_data
    ):
        mapping = pd.read_csv(release("mapping") / "class_mapping.csv", dtype=str)
        assert mapping["class"].drop_duplicates().tolist() == CODES
        assert set(mapping["match"]) == {"exact", "broader", "narrower", "related", "none"}
        scp = pd.read_csv(shared_data / "mappings" / "scp_statements.csv", index_col=0)
        ours = mapping[(mapping["vocabulary"] == "scp") & mapping["code"].notna()]
        assert set(ours["code"]) <= set(scp.index)

    @pytest.mark.opens("redcap", "pandas")
    def test_redcap_records_fit_their_dictionary(self, release, rows):
        dictionary = pd.read_csv(release("redcap") / "data_dictionary.csv", dtype=str)
        records = pd.read_csv(release("redcap") / "records.csv", dtype=str)
        fields = dictionary["Variable / Field Name"]
        assert len(dictionary.columns) == 18
        assert fields.str.fullmatch(r"[a-z][a-z0-9_]{0,99}").all()
        assert [*fields, "ecg_consensus_complete"] == list(records.columns)
        for _, field in dictionary[dictionary["Field Type"] == "radio"].iterrows():
            choices = field["Choices, Calculations, OR Slider Labels"].split(" | ")
            codes = {choice.split(", ")[0] for choice in choices}
            assert set(records[field["Variable / Field Name"]].dropna()) <= codes
        states = {label.state for exam in rows.exams() for label in exam.labels.values()}
        assert states == set(LabelState)


class TestDatasheet:
    @pytest.mark.opens("datasheet", "markdown_it")
    def test_it_has_the_sections_of_gebru_et_al(self, release):
        text = (release("datasheet") / "datasheet.md").read_text(encoding="utf-8")
        tokens = MarkdownIt("commonmark").enable("table").parse(text)
        headings = [
            inline.content
            for opening, inline in pairwise(tokens)
            if opening.type == "heading_open" and opening.tag == "h2"
        ]
        assert headings == list(datasheet.SECTIONS)
        assert sum(token.type == "table_open" for token in tokens) == 1


def test_states_without_a_value_are_never_negative(release):
    """Undecided, incomplete and not assessed are neither present nor absent in any table."""
    with (release("wfdb") / "labels.csv").open(encoding="utf-8") as file:
        states = {row["exam"]: row for row in csv.DictReader(file)}
    labels = pd.read_parquet(release("parquet") / "labels.parquet").set_index("exam")
    for exam, row in states.items():
        for code in CODES:
            assert math.isnan(labels.loc[exam, code]) == (row[code] not in {"present", "absent"})
