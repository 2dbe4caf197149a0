"""Exported trails read back unchanged in both formats and verify without a database."""

from __future__ import annotations

import csv
import json

import pytest

from ecgreview.hash_chain import MalformedFile, files
from ecgreview.hash_chain.__main__ import main
from ecgreview.hash_chain.verification import verify

from . import trails


def write_json(path, entries):
    rows = [dict(zip(files.COLUMNS, files.row(entry), strict=True)) for entry in entries]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_csv(path, entries):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(files.COLUMNS)
        writer.writerows([files.cell(text) for text in files.row(entry)] for entry in entries)


@pytest.fixture(params=[write_json, write_csv])
def write(request):
    return request.param


def test_a_file_reads_back_as_written(tmp_path, write):
    entries = trails.trail(200)
    write(tmp_path / "trail", entries)
    assert list(files.read(tmp_path / "trail")) == entries


def test_no_cell_starts_like_a_formula():
    assert [files.cell(text) for text in ("=1+1", "'=1", "plain", "")] == [
        "'=1+1",
        "''=1",
        "plain",
        "",
    ]


@pytest.mark.parametrize("text", ["=1", "'=1", "''", "'", "\t", "a", ""])
def test_a_cell_reads_back_unchanged(text):
    assert files.text_of(files.cell(text)) == text


def test_a_whole_file_verifies(tmp_path, write, capsys):
    write(tmp_path / "trail", trails.trail(9))
    assert main([str(tmp_path / "trail")]) == 0
    assert capsys.readouterr().out.startswith("9 events are intact, up to 9:")


def test_an_edited_file_does_not_verify(tmp_path, write, capsys):
    entries = trails.trail(9)
    entries[3] = entries[3]._replace(event=entries[5].event)
    write(tmp_path / "trail", entries)
    assert main([str(tmp_path / "trail"), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["holds"], report["fault"]["kind"], report["fault"]["seq"]) == (False, "moved", 4)


def test_an_extract_verifies_as_an_extract(tmp_path, write):
    write(tmp_path / "trail", trails.trail(9)[::2])
    assert main([str(tmp_path / "trail"), "--extract"]) == 0
    assert main([str(tmp_path / "trail")]) == 1


def test_a_truncated_file_is_detected_by_a_head(tmp_path, write):
    entries = trails.trail(9)
    write(tmp_path / "trail", entries[:-1])
    link = entries[-1].link
    assert link is not None
    assert main([str(tmp_path / "trail"), "--head", f"9:{link.digest}"]) == 1


def test_a_malformed_head_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path / "trail"), "--head", "9"])
    assert "is not SEQ:DIGEST" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n", "{}\n", "{1\n", '{"seq": 1}\n[]\n', "seq\n\0\n", "{" + "[" * 100_000]
)
def test_another_file_is_refused(tmp_path, content, capsys):
    (tmp_path / "trail").write_text(content, encoding="utf-8")
    assert main([str(tmp_path / "trail")]) == 2
    assert "trail" in capsys.readouterr().err


def test_a_missing_file_is_refused(tmp_path):
    assert main([str(tmp_path / "none")]) == 2


def test_bytes_that_are_not_text_are_refused(tmp_path):
    (tmp_path / "trail").write_bytes(b"seq\n\xff\n")
    with pytest.raises(MalformedFile):
        verify(files.read(tmp_path / "trail"))
