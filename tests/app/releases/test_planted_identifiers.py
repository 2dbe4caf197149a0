"""Identifiers planted in the files of each source format are in no file of a release."""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
from pathlib import Path

import h5py
import pyarrow.parquet
import pytest

from annotations.models import Dataset, Exam, Patient, Release
from annotations.services.imports import recordings
from annotations.services.releases import jobs
from annotations.services.releases.choices import Choices
from ecgreview.release.formats import registry

pytestmark = pytest.mark.django_db

# In names of files and folders, in headers and comments, and in tables; none is in the originals.
NAME, RECORD, PHONE, DATE = "planted-silva", "7788991", "5550001234", "17-Mar-1931"
PLANTED = (NAME, "Planted", "SILVA", RECORD, PHONE, DATE, "17/03/1931", "1931-03-17", "11:22:33")


def wfdb(source: Path, folder: Path, name: str) -> None:
    """Copy a record under a name that identifies, with a date and comments that do."""
    lines = source.read_text().splitlines()
    fields = lines[0].split()
    data = lines[1].split()[0]
    new = f"{name}{Path(data).suffix}"
    lines[0] = " ".join([name, *fields[1:4], "11:22:33", "17/03/1931"])
    lines = [line.replace(data, new) for line in lines]
    lines += [f"#Name: Planted {NAME}", f"#Hx: SILVA, MRN {RECORD}, phone {PHONE}, {DATE}"]
    folder.mkdir(parents=True)
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    shutil.copy(source.with_name(data), folder / new)


def code_hdf5(source: Path, folder: Path) -> None:
    """Copy the exams of CODE-15% with a patient number and a file name that identify."""
    folder.mkdir(parents=True)
    shutil.copy(source / "exams_part_a.hdf5", folder / f"{NAME}-{RECORD}.hdf5")
    (folder / f"{NAME}-{RECORD}.hdf5").chmod(0o644)
    with h5py.File(folder / f"{NAME}-{RECORD}.hdf5", "r+") as file:
        file.attrs["institution"] = f"Planted {PHONE} {DATE}"
    table = (source / "exams.csv").read_text().splitlines()
    heading = table[0].split(",")
    rows = [dict(zip(heading, line.split(","), strict=True)) for line in table[1:]]
    for row in rows:
        row |= {"patient_id": RECORD, "trace_file": f"{NAME}-{RECORD}.hdf5"}
    text = "\n".join([table[0], *(",".join(row.values()) for row in rows)])
    (folder / "exams.csv").write_text(text + "\n")


@pytest.fixture
def imported(shared_data, tmp_path, now):
    """Exams imported from WFDB with .dat and .mat files, and from HDF5 with its table."""
    root = tmp_path / f"{NAME}-{RECORD}"
    wfdb(shared_data / "ptbxl/records100/00000/00004_lr.hea", root / "a" / NAME, f"{NAME}_{RECORD}")
    wfdb(shared_data / "cinc2021/A1041.hea", root / "b", f"SILVA-{PHONE}")
    wfdb(shared_data / "ludb/data/1.hea", root / "c", f"{RECORD}-Planted")
    code_hdf5(shared_data / "code15", root / "d")
    done = recordings.import_path(path=root, dataset_name="Ward 3", started_by=None, now=now)
    assert done.n_refused == 0
    Dataset.objects.update(licence="CC0-1.0")
    assert Patient.objects.filter(pseudonym__contains=RECORD).exists()
    keys = Exam.objects.values_list("source_key", flat=True)
    assert all(any(word in key for word in PLANTED) for key in keys)
    return list(Exam.objects.order_by("pk"))


def contents(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """Return the bytes of a file, and what is compressed in it."""
    found = [(name, content)]
    if name.endswith(".gz"):
        found.append((name, gzip.decompress(content)))
    if name.endswith(".parquet"):
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        found.append((name, f"{table.schema} {table.to_pydict()}".encode()))
    if name.endswith(".hdf5"):
        with h5py.File(io.BytesIO(content)) as file:
            whole = [str(dict(file.attrs)), *(f"{key} {dict(file[key].attrs)}" for key in file)]
            found.append((name, "\n".join(whole).encode()))
    return found


def test_no_planted_identifier_leaves(imported, make_batch, submit, close, study, ana, bruno, now):
    pytest.importorskip("pyarrow", reason="make setup has not installed pyarrow")
    pytest.importorskip("pydicom", reason="make setup has not installed pydicom")
    batch = make_batch(imported, [ana, bruno])
    for assignment in batch.assignments.select_related("exam", "reader"):
        submit(assignment, "sinus_bradycardia", comment=f"Planted {PHONE}")
    close(batch)
    choices = Choices(licence="CC0-1.0", has_signals=True, n_folds=2)
    release = jobs.request(study=study, choices=choices, actor=None, now=now)
    assert jobs.make(release, now=now)
    release = Release.objects.get(pk=release.pk)
    assert set(release.formats) == set(registry.NAMES)
    identifying = {*PLANTED, *Exam.objects.values_list("source_key", flat=True)}
    with zipfile.ZipFile(io.BytesIO(b"".join(jobs.chunks(release)))) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    leaked = [
        (name, planted)
        for path, file in files.items()
        for name, content in contents(path, file)
        for planted in identifying
        if planted.encode().lower() in content.lower() or planted.lower() in name.lower()
    ]
    assert leaked == []
