"""A release as a folder: equal input gives equal bytes."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from ecgreview.release import package, survey
from ecgreview.release.formats import registry
from ecgreview.release.package import Parts
from ecgreview.release.packing import Packing
from tests.domain.release.examples import Example


def write(folder: Path) -> dict[str, bytes]:
    content = Example()
    counts = survey.of(content, lambda exam: exam.code)
    parts = Parts("", counts.counts, counts.folds, {"readings": "0" * 64}, {"comments": 2})
    folder.mkdir()
    package.write(
        content, parts, folder, formats=registry.possible(has_signals=False)[:1], key=None,
        progress=lambda n_done: None,
    )  # fmt: skip
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_content_gives_equal_bytes(tmp_path):
    assert write(tmp_path / "one") == write(tmp_path / "another place")


def test_the_zip_file_does_not_depend_on_file_times(tmp_path):
    write(tmp_path / "one")
    packed = []
    for in_background in (False, True):
        file = io.BytesIO()
        with Packing(tmp_path / "one", file, in_background=in_background) as packing:
            packing.finish()
        packed.append(file.getvalue())
        for path in (tmp_path / "one").rglob("*"):
            path.touch()
    assert packed[0] == packed[1]


@pytest.mark.parametrize("in_background", [False, True])
def test_files_are_packed_once_in_the_order_in_which_they_are_added(tmp_path, in_background):
    folder, file = tmp_path / "study-v1.0", io.BytesIO()
    with Packing(folder, file, in_background=in_background) as packing:
        packing.add()
        for name in ("z/2.dat", "z/1.csv", "a.txt"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(name.encode() * 100)
            if name == "z/1.csv":
                packing.add()
        packing.finish()
    with zipfile.ZipFile(file) as packed:
        assert packed.namelist() == [
            f"study-v1.0/{name}" for name in ("z/1.csv", "z/2.dat", "a.txt")
        ]
        assert packed.read("study-v1.0/z/2.dat") == b"z/2.dat" * 100


@pytest.mark.parametrize("in_background", [False, True])
def test_a_failure_of_packing_is_raised(tmp_path, in_background):
    class Full(io.BytesIO):
        def write(self, content):
            raise OSError("no space left")

    (tmp_path / "a.txt").write_text("a")
    with (
        pytest.raises(OSError, match="no space left"),
        Packing(tmp_path, Full(), in_background=in_background) as packing,
    ):
        packing.finish()


def test_the_manifest_counts_states_by_class(tmp_path):
    manifest = json.loads(write(tmp_path / "one")["manifest.json"])
    assert manifest["counts"]["classes"]["artifact"] == {
        "not_assessed": 1, "present": 1, "undecided": 1,
    }  # fmt: skip
    assert manifest["folds"]["patients_in_several_folds"] == 0


def test_the_readme_says_what_is_withheld(tmp_path):
    assert "comments of readers: 2" in write(tmp_path / "one")["README.md"].decode()
