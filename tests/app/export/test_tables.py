"""Export tables: reproducible, safe to open in a spreadsheet, without blinded data."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.models import Dataset
from annotations.services.blinding import reader_names
from annotations.services.export import archive as export_archive
from annotations.services.export import tables
from ecgreview import spreadsheets
from tests.app.kept import kept

FILES = [
    *("SHA256SUMS", "adjudications.csv", "agreement.csv", "consensus.csv", "exposures.csv"),
    *("gold.csv", "localisations.csv", "measurements.csv", "readings.csv"),
    *("readings_long.csv", "signal_agreement.csv", "taxonomy.csv"),
]


@kept
def closed(make_batch, make_exam, submit, close):
    """A closed batch of one exam at age 93. Ana marked AF and artifact, Bruno marked AF."""
    batch = make_batch([make_exam(age_years=93.0)], name="Monday")
    first, second = batch.assignments.order_by("reader__username")
    submit(first, "atrial_fibrillation", "artifact", comment="Dona Maria, bed 7")
    submit(second, "atrial_fibrillation", certainty="probable")
    return close(batch)


def csv_rows(study, now, name):
    content = export_archive.contents(study=study, now=now)[name].decode()
    return list(csv.DictReader(io.StringIO(content)))


def test_the_archive_has_the_documented_files(closed, study, tmp_path, now):
    written = export_archive.write(study=study, directory=tmp_path / "new" / "folder", now=now)
    assert sorted(path.name for path in written) == FILES
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == FILES


def test_sha256sums_match_the_files(closed, study, tmp_path, now):
    export_archive.write(study=study, directory=tmp_path, now=now)
    for line in (tmp_path / "SHA256SUMS").read_text().splitlines():
        expected, name = line.split("  ")
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == expected


def packed_archive(study, now):
    file = io.BytesIO()
    with export_archive.at_one_moment(study=study, now=now) as files:
        export_archive.pack(study=study, files=files, file=file, progress=lambda _n_done: None)
    return file


def test_exporting_again_gives_the_same_bytes(closed, study, now):
    assert packed_archive(study, now).getvalue() == packed_archive(study, now).getvalue()


def test_the_zip_has_all_files_in_one_folder(closed, study, now):
    names = zipfile.ZipFile(packed_archive(study, now)).namelist()
    assert sorted(names) == [f"{study.slug}/{name}" for name in FILES]


def test_the_consensus_gives_outcome_reason_and_votes(closed, study, now):
    (row,) = csv_rows(study, now, "consensus.csv")
    assert (row["outcome"], row["reason"]) == ("disputed", "classes_disputed")
    assert (row["labels"], row["disputed"]) == ("atrial_fibrillation", "artifact")
    assert row["votes"] == "artifact:1;atrial_fibrillation:2"


def test_the_consensus_gives_every_class_a_state(closed, study, taxonomy, now):
    (row,) = csv_rows(study, now, "consensus.csv")
    states = {item.code: row[item.code] for item in taxonomy.classes.all()}
    assert states.pop("atrial_fibrillation") == "present"
    assert states.pop("artifact") == "undecided"
    assert set(states.values()) == {"absent"}


def test_an_incomplete_exam_has_no_absent_class(make_batch, submit, close, study, ana, now):
    batch = make_batch()
    submit(batch.assignments.get(reader=ana), "artifact")
    close(batch)
    (row,) = csv_rows(study, now, "consensus.csv")
    assert (row["outcome"], row["n_readings"], row["n_wanted"]) == ("incomplete", "1", "2")
    assert row["artifact"] == row["normal_ecg"] == "incomplete"


def test_a_reading_has_a_row_per_class(closed, study, now):
    assert len(csv_rows(study, now, "readings_long.csv")) == 2 * 66


def test_a_reading_keeps_its_certainty(closed, study, now):
    cells = csv_rows(study, now, "readings_long.csv")
    given_states = [(row["class"], row["certainty"]) for row in cells if row["state"] == "present"]
    assert sorted(given_states) == [
        ("artifact", "definite"),
        ("atrial_fibrillation", "definite"),
        ("atrial_fibrillation", "probable"),
    ]


def test_readers_appear_under_pseudonyms(closed, study, ana, bruno, now):
    names = {row["reader"] for row in csv_rows(study, now, "readings_long.csv")}
    assert names == {reader_names.pseudonym(study, reader.pk) for reader in (ana, bruno)}


def test_no_file_names_a_reader_or_quotes_a_comment(closed, study, now):
    everything = b"".join(export_archive.contents(study=study, now=now).values()).lower()
    assert not [secret for secret in (b"bruno", b"dona maria") if secret in everything]


def test_an_age_above_89_is_exported_as_90_plus(closed, study, now):
    assert csv_rows(study, now, "consensus.csv")[0]["age_years"] == "90+"


@pytest.mark.parametrize(("age", "stated"), [(None, None), (89.0, 89.0), (89.5, "90+")])
def test_only_ages_above_89_are_grouped(age, stated):
    assert tables.stated_age(age) == stated


def test_the_agreement_equals_that_of_the_report(closed, study, now):
    agreement = {
        (row["class"], row["readers"], row["statistic"]): row
        for row in csv_rows(study, now, "agreement.csv")
    }
    assert agreement["artifact", "", "percent_agreement"]["value"] == "0.0"
    assert agreement["normal_ecg", "", "light_kappa"]["value"] == ""
    assert agreement["normal_ecg", "", "light_kappa"]["reason"]


def test_classes_are_in_taxonomy_order(closed, study, now):
    positions = [int(row["position"]) for row in csv_rows(study, now, "taxonomy.csv")]
    assert positions == list(range(1, 67))


def test_an_open_batch_is_not_exported(make_batch, submit, study, now):
    batch = make_batch()
    submit(batch.assignments.all()[0], "artifact")
    assert csv_rows(study, now, "readings_long.csv") == csv_rows(study, now, "consensus.csv") == []


def test_a_formula_in_a_name_is_escaped(closed, study, now):
    Dataset.objects.update(name='=HYPERLINK("http://evil")')
    (row,) = csv_rows(study, now, "consensus.csv")
    assert row["dataset"] == '\'=HYPERLINK("http://evil")'


@given(st.text())
def test_escaped_text_never_starts_like_a_formula(text):
    assert not spreadsheets.formula_safe(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_ends_with_the_original(text):
    assert spreadsheets.formula_safe(text).endswith(text)
