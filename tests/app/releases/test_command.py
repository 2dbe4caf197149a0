"""``manage.py make_release``: the same study gives the same bytes anywhere, or a clear refusal."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from annotations.models import Dataset, Exam, Patient, Reading, Release
from ecgreview.release import package, signing

pytestmark = pytest.mark.django_db


def make(study, folder, *options):
    call_command("make_release", study.slug, folder, *options)
    return files(folder)


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def pem_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_second_run_writes_the_same_bytes(released_batch, study, tmp_path):
    first = make(study, tmp_path / "one")
    assert make(study, tmp_path / "two") == first
    assert Release.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_another_process_time_zone_and_locale_write_the_same_bytes(released_batch, study, tmp_path):
    """The second run is a process of its own, in another time zone and locale."""
    first = make(study, tmp_path / "one", "--folds", "2")
    name = connection.settings_dict["NAME"]
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    query = os.environ["DATABASE_URL"].partition("?")[2]
    other = {
        **os.environ, "DATABASE_URL": f"{base}/{name}{'?' + query if query else ''}",
        "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "pt_BR.UTF-8", "PYTHONHASHSEED": "7",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "manage.py", "make_release", study.slug, str(tmp_path / "elsewhere/two"),
         "--folds", "2"],
        env=other, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert files(tmp_path / "elsewhere/two") == first


def test_changed_readings_make_the_next_version(
    released_batch, study, tmp_path, make_batch, submit, close
):
    first = make(study, tmp_path / "one")
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "artifact")
    close(batch)
    second = json.loads(make(study, tmp_path / "two")["manifest.json"])
    assert (second["version"], second["supersedes"]) == ("1.1", "1.0")
    assert json.loads(first["manifest.json"])["inputs"] != second["inputs"]
    with pytest.raises(CommandError, match="can no longer be rebuilt") as refusal:
        make(study, tmp_path / "three", "--release", "1.0")
    assert refusal.value.returncode == 2
    assert not (tmp_path / "three").exists()


def test_patients_keep_their_folds_in_later_versions(
    released_batch, study, tmp_path, make_batch, make_exam, submit, close
):
    make(study, tmp_path / "one")
    batch = make_batch([make_exam() for _ in range(8)])
    for assignment in batch.assignments.all():
        submit(assignment, "artifact")
    close(batch)
    make(study, tmp_path / "two")
    before, after = (folds_of(tmp_path / name) for name in ("one", "two"))
    assert len(after) == 12
    assert before.items() <= after.items()


def folds_of(folder):
    lines = (folder / "csv/exams.csv").read_text().splitlines()
    column = lines[0].split(",").index("fold")
    return {line.split(",")[0]: line.split(",")[column] for line in lines[1:]}


def test_checksums_and_manifest_cover_every_file(released_batch, study, tmp_path):
    written = make(study, tmp_path / "one")
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path / "one", check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    unlisted = {package.MANIFEST, package.SUMS}
    listed = {line.partition(": ")[0] for line in checked.stdout.splitlines()}
    assert listed == written.keys() - unlisted
    assert json.loads(written["manifest.json"])["files"] == {
        "n": len(listed),
        "bytes": sum(len(content) for name, content in written.items() if name in listed),
        "sha256_of_sums": hashlib.sha256(written["SHA256SUMS"]).hexdigest(),
    }


def test_the_signature_is_verified_by_openssl_and_ends_with_a_change(
    released_batch, study, tmp_path
):
    with override_settings(RELEASE_SIGNING_KEY=pem_key()):
        written = make(study, tmp_path / "one")
    command = ("openssl pkeyutl -verify -rawin -pubin -inkey signing_key.pem"
               " -in manifest.json -sigfile manifest.sig")  # fmt: skip
    assert command in written["README.md"].decode()
    assert status(command, tmp_path / "one") == 0
    with (tmp_path / "one/manifest.json").open("a") as file:
        file.write(" ")
    assert status(command, tmp_path / "one") != 0


def status(command: str, folder: Path) -> int:
    run = subprocess.run(command.split(), cwd=folder, check=False, capture_output=True)
    return run.returncode


def test_a_release_without_a_key_says_that_it_is_not_signed(released_batch, study, tmp_path):
    written = make(study, tmp_path / "one")
    assert json.loads(written["manifest.json"])["signature"] is None
    assert "This release is not signed." in written["README.md"].decode()


def test_a_bad_key_is_refused(released_batch, study, tmp_path):
    with (
        override_settings(RELEASE_SIGNING_KEY="not a key"),
        pytest.raises(CommandError, match="openssl genpkey"),
    ):
        make(study, tmp_path / "one")
    assert not (tmp_path / "one").exists()


def test_identifiers_comments_and_dates_are_withheld(released_batch, study, tmp_path):
    Exam.objects.filter(pk=Exam.objects.earliest("pk").pk).update(age_years=93.5)
    written = make(study, tmp_path / "one")
    everything = b"\n".join(written.values()).decode(errors="replace")
    for exam in Exam.objects.all():
        assert exam.source_key not in everything
    assert "5551234" not in everything
    assert "93.5" not in everything
    for reading in Reading.objects.all():
        assert f"{reading.submitted_at:%Y-%m-%d}" not in everything
    for reader in ("ana", "bruno"):
        assert f",{reader}," not in everything
    manifest = json.loads(written["manifest.json"])
    assert manifest["withheld"] == {
        "source_keys": 4, "patients": 0, "ages_over_89": 1, "patient_days": 0, "source_labels": 0,
        "dates": 8, "comments": 8, "readings_not_counted": 0,
    }  # fmt: skip


def test_source_keys_are_released_if_the_data_set_allows_it(released_batch, study, tmp_path):
    before = make(study, tmp_path / "one")
    call_command("change_dataset", "Ward 3", "--source-keys", "yes")
    after = make(study, tmp_path / "two")
    key = Exam.objects.earliest("pk").source_key.encode()
    assert (key in before["csv/exams.csv"], key in after["csv/exams.csv"]) == (False, True)


@pytest.fixture
def splits_file(released_batch, tmp_path):
    def write(*rows, heading="exam,split"):
        file = tmp_path / "splits.csv"
        file.write_text("\n".join([heading, *(",".join(row) for row in rows)]))
        return file

    return write


def keys():
    return list(Exam.objects.order_by("pk").values_list("source_key", flat=True))


def test_releases_have_the_official_splits_of_a_source(splits_file, study, tmp_path, capsys):
    first, second, *_ = keys()
    call_command(
        "change_dataset", "Ward 3", "--splits", splits_file((first, "train"), (second, "test"))
    )
    assert "split of 2 exams changed" in capsys.readouterr().out
    call_command("change_dataset", "Ward 3", "--splits", splits_file((second, "val")))
    assert "official splits: train (1), val (1)" in capsys.readouterr().out
    written = make(study, tmp_path / "one")
    rows = csv.DictReader(io.StringIO(written["csv/exams.csv"].decode()))
    by_exam = {row["exam"]: row["split"] for row in rows}
    codes = dict(Exam.objects.values_list("source_key", "code"))
    assert (by_exam.pop(codes[first]), by_exam.pop(codes[second])) == ("train", "val")
    assert set(by_exam.values()) == {""}
    assert json.loads(written["manifest.json"])["folds"]["official_splits"] == {
        "train": 1, "val": 1,
    }  # fmt: skip


def test_patients_in_several_official_splits_are_counted(splits_file, study, tmp_path):
    first, second, *_ = keys()
    call_command(
        "change_dataset", "Ward 3", "--splits", splits_file((first, "train"), (second, "test"))
    )
    dataset = Dataset.objects.get(name="Ward 3")
    patient = Patient.objects.create(dataset=dataset, pseudonym="one person")
    Exam.objects.filter(source_key__in=[first, second]).update(patient=patient)
    written = make(study, tmp_path / "one")
    counted = json.loads(written["manifest.json"])["folds"]["patients_in_several_official_splits"]
    assert counted == 1
    assert "Patients in more than one of them: 1." in written["README.md"].decode()


@pytest.mark.parametrize(
    ("rows", "heading", "reason"),
    [
        ([("nowhere", "test")], "exam,split", "does not have some of these exams.*nowhere"),
        ([("a", "b" * 41)], "exam,split", "line 3.*longer than 40"),
        ([("a", "b"), ("a", "c")], "exam,split", "line 4.*earlier row"),
        ([("", "b")], "exam,split", "line 3.*is empty"),
        ([("a", "b")], "exam,fold", "fold"),
    ],
)
def test_a_table_of_splits_with_a_mistake_changes_nothing(splits_file, rows, heading, reason):
    file = splits_file((keys()[0], "test"), *rows, heading=heading)
    with pytest.raises(CommandError, match=reason):
        call_command("change_dataset", "Ward 3", "--splits", file)
    assert not Exam.objects.exclude(official_split="").exists()


@pytest.mark.parametrize(
    ("licence", "options", "reason"),
    [
        ("", ["--signals", "--licence", "CC-BY-4.0"], "no license stated"),
        ("Hospital terms", ["--signals", "--licence", "CC-BY-4.0"], "Hospital terms"),
        ("CC-BY-NC-4.0", ["--signals", "--licence", "CC-BY-4.0"], "CC-BY-NC-4.0"),
        ("CC-BY-4.0", ["--licence", "WTFPL"], "cannot have this license"),
        ("CC-BY-4.0", ["--folds", "1"], "number of folds"),
        ("CC-BY-4.0", ["--release", "0.9"], "first version"),
        ("CC-BY-4.0", ["--formats", "word"], "no format word"),
    ],
)
def test_refusals_say_why(licence, options, reason, released_batch, study, tmp_path):
    Dataset.objects.update(licence=licence)
    with pytest.raises(CommandError, match=reason) as refusal:
        make(study, tmp_path / "one", *options)
    assert refusal.value.returncode == 2
    assert not Release.objects.exists()


def test_a_study_without_a_closed_batch_is_refused(make_batch, study, tmp_path):
    make_batch()
    with pytest.raises(CommandError, match="Close a batch first"):
        make(study, tmp_path / "one")


def test_hidden_results_are_refused(released_batch, study, tmp_path):
    study.batches.update(results_open="study_locked")
    with pytest.raises(CommandError, match="still hides results"):
        make(study, tmp_path / "one")


def test_a_folder_with_files_is_left_alone(released_batch, study, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="not an empty folder"):
        make(study, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_formats_are_listed(capsys):
    call_command("make_release", "--list-formats")
    assert "csv" in capsys.readouterr().out


def test_the_next_major_version_can_be_chosen(released_batch, study, tmp_path):
    written = make(study, tmp_path / "one", "--release", "2.0")
    assert json.loads(written["manifest.json"])["version"] == "2.0"
    with pytest.raises(CommandError, match=r"next version is 2\.1"):
        make(study, tmp_path / "two", "--release", "1.5")


def test_a_valid_signature_is_recognized():
    key = signing.SigningKey(pem_key())
    signature = key.sign(b"content")
    public = key.public_pem
    assert signing.is_valid(public_pem=public, content=b"content", signature=signature)
    assert not signing.is_valid(public_pem=public, content=b"other", signature=signature)
