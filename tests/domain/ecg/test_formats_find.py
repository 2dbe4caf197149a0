from __future__ import annotations

import os

import pytest

from ecgreview.ecg import formats
from ecgreview.ecg.formats.codes import LooksLike

from . import wfdb_files


def test_headers_and_hdf5_files_are_found_in_a_fixed_order(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/z.hea", "a.hdf5", "c.h5", "b/Y.HEA", "b/z.dat", "exams.csv"):
        (tmp_path / name).touch()
    result = [path.relative_to(tmp_path).as_posix() for path in formats.find(tmp_path)]
    assert result == ["a.hdf5", "b/Y.HEA", "b/z.hea", "c.h5"]


def test_macos_shadow_files_are_skipped(tmp_path):
    (tmp_path / "._ana.hea").touch()
    assert formats.find(tmp_path) == []


def test_symlinked_folders_are_not_entered(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "ana.hea").touch()
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(outside)
    assert formats.find(root) == []


def test_a_file_is_found_by_any_name(tmp_path):
    path = tmp_path / "ana.txt"
    path.touch()
    assert formats.find(path) == [path]


def test_a_folder_without_recordings_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        formats.find(tmp_path / "nowhere")


def test_the_file_type_is_decided_by_content(tmp_path):
    header = wfdb_files.write(tmp_path)
    renamed = header.rename(tmp_path / "ana.hdf5")
    assert wfdb_files.recording(renamed).source_key == "ana.hdf5"


def test_keys_are_relative_to_the_root(tmp_path):
    folder = tmp_path / "ward" / "3"
    folder.mkdir(parents=True)
    (recording,) = formats.read(wfdb_files.write(folder), tmp_path)
    assert isinstance(recording, formats.Recording)
    assert recording.source_key == "ward/3/ana.hea"


def test_a_symlink_out_of_the_root_is_refused(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "ana.hea").symlink_to(wfdb_files.write(outside))
    assert wfdb_files.refusal(root / "ana.hea").code == "link_outside"


def test_a_named_pipe_is_refused_without_blocking(tmp_path):
    os.mkfifo(tmp_path / "ana.hea")
    assert wfdb_files.refusal(tmp_path / "ana.hea").code == "not_a_file"


def test_a_circular_symlink_is_refused(tmp_path):
    (tmp_path / "ana.hea").symlink_to(tmp_path / "ana.hea")
    assert wfdb_files.refusal(tmp_path / "ana.hea").code == "unreadable"


def test_a_file_that_disappeared_is_refused(tmp_path):
    assert wfdb_files.refusal(tmp_path / "ana.hea").code == "unreadable"


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        (b"", LooksLike.EMPTY),
        (b"PK\x03\x04rest", LooksLike.ZIP),
        (b"\x1f\x8brest", LooksLike.GZIP),
        (b"\xff\xfe<\0?\0", LooksLike.OTHER),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", LooksLike.XML),
        (bytes(128) + b"DICM", LooksLike.DICOM),
        (b"0       X X X X", LooksLike.EDF),
        (b"# only a comment\n", LooksLike.OTHER),
    ],
)
def test_the_type_of_an_unsupported_file_is_named(tmp_path, content, file_type):
    path = tmp_path / "ana.hea"
    path.write_bytes(content)
    refusal = wfdb_files.refusal(path)
    assert refusal.code == "unknown_format"
    assert refusal.details == {"looks_like": file_type}


def test_an_endless_header_is_refused(tmp_path):
    header = wfdb_files.write(tmp_path, comments=["# x"] * 20_000)
    assert wfdb_files.refusal(header).code == "header_too_long"
