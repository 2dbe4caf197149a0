"""A release as a folder: equal input gives equal bytes."""

from __future__ import annotations

import json
from pathlib import Path

from ecgreview.release import package, survey
from ecgreview.release.formats import registry
from ecgreview.release.package import Parts
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
    for name in ("first.zip", "second.zip"):
        with (tmp_path / name).open("wb") as file:
            package.pack(tmp_path / "one", "study-v1.0", file)
        packed.append((tmp_path / name).read_bytes())
        for path in (tmp_path / "one").rglob("*"):
            path.touch()
    assert packed[0] == packed[1]


def test_the_manifest_counts_states_by_class(tmp_path):
    manifest = json.loads(write(tmp_path / "one")["manifest.json"])
    assert manifest["counts"]["classes"]["artifact"] == {
        "not_assessed": 1, "present": 1, "undecided": 1,
    }  # fmt: skip
    assert manifest["folds"]["patients_in_several_folds"] == 0


def test_the_readme_says_what_is_withheld(tmp_path):
    assert "comments of readers: 2" in write(tmp_path / "one")["README.md"].decode()
