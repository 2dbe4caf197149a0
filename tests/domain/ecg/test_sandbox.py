"""Files are read in separate processes; a crash in one does not affect the others."""

import dataclasses
import os
import sys

import h5py
import numpy as np
import pytest

from ecgreview.ecg import formats
from ecgreview.ecg.formats import sandbox
from ecgreview.ecg.formats.sandbox import client
from tests.domain.ecg import wfdb_files

TROUBLE = """
import os, json, signal
from ecgreview.ecg import formats
from ecgreview.ecg.formats.codes import RefusalCode
from ecgreview.ecg.formats.sandbox import server
plain = formats.read
def read(path, root):
    yield from plain(path, root)
    if path.name == "crash.hea":
        os.kill(os.getpid(), signal.SIGSEGV)
    if path.name == "greedy.hea":
        bytearray(2**30)
    if path.name == "endless.hea":
        server.CPU_SECONDS_PER_EXAM = 0
        server.allow_more_time()
        while True: pass
    if path.name == "confused.hea":
        raise LookupError("a mistake of ours")
    if path.name == "curious.hea":
        yield formats.Refusal("curious", RefusalCode.UNREADABLE, {"error": " ".join(os.environ)})
formats.read = read
server.main()
"""


@pytest.fixture(scope="module", autouse=True)
def troublesome_files():
    """Make the reader fail on files that are named after a failure.

    All tests share one server, like the files of an import.
    """
    client.stop_server()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "PROGRAM", [sys.executable, "-c", TROUBLE])
        yield
    client.stop_server()


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes a good record under each name and reads them in order."""

    def write(*names: str):
        for name in names:
            folder = tmp_path / name
            folder.mkdir()
            wfdb_files.write(folder).rename(folder / f"{name}.hea")
        files = [tmp_path / name / f"{name}.hea" for name in names]
        return list(sandbox.read(files, tmp_path))

    return write


def outcomes(results) -> list[tuple[int, str]]:
    return [(index, getattr(result, "code", "good")) for index, result in results]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [("crash", "unsafe_crash"), ("endless", "unsafe_slow"), ("confused", "unsafe_end")],
)
def test_a_file_that_kills_its_reader_is_refused_and_the_others_are_read(folder, trouble, code):
    expected = [(0, "good"), (1, "good"), (1, code), (2, "good"), (3, "good")]
    assert outcomes(folder("a", trouble, "b", "c")) == expected


def test_a_file_that_needs_too_much_memory_is_refused(folder):
    result = folder("a", "greedy", "b")
    assert outcomes(result) == [(0, "good"), (1, "good"), (1, "unsafe_memory"), (2, "good")]
    assert result[2][1].details == {"most_mb": 512}


def test_a_reader_process_has_no_secrets(folder, monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, "secret")
    client.stop_server()
    environment = set(folder("curious")[-1][1].details["error"].split())
    assert environment <= client.PASSED_ON | {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}


def test_an_import_that_stops_early_leaves_the_server_usable(folder, tmp_path):
    folder("a", "b")
    files = [tmp_path / "a" / "a.hea", tmp_path / "b" / "b.hea"]
    reading = sandbox.read(files, tmp_path)
    next(reading)
    reading.close()
    assert outcomes(sandbox.read(files, tmp_path)) == [(0, "good"), (1, "good")]


def test_files_read_by_several_processes_keep_their_order(folder, monkeypatch):
    monkeypatch.setattr(sandbox, "FILES_AT_ONCE", 2)
    assert outcomes(folder(*"abcde")) == [(index, "good") for index in range(5)]


def test_a_small_file_that_inflates_is_refused(tmp_path):
    """One chunk would inflate to 1.6 GB. The limit applies to every dataset of the file."""
    path = tmp_path / "bomb.hdf5"
    with h5py.File(path, "w") as file:
        file["tracings"] = np.zeros((1, 4096, 12), dtype="f4")
        layout = {"shape": (1,), "maxshape": (None,), "dtype": "i8", "chunks": (200_000_000,)}
        file.create_dataset("exam_id", **layout, compression="gzip")
    ((_, refusal),) = sandbox.read([path], tmp_path)
    assert isinstance(refusal, formats.Refusal)
    assert refusal.code == "large_chunks"
    assert refusal.details["name"] == "exam_id"


def test_the_sandbox_does_not_change_real_recordings(shared_data):
    for name in ("code15", "malformed"):
        root = shared_data / name
        files = formats.find(root)
        sandboxed = [result for _, result in sandbox.read(files, root)]
        in_process = [result for file in files for result in formats.read(file, root)]
        assert list(map(comparable, sandboxed)) == list(map(comparable, in_process))


def comparable(result):
    """Return all fields of a result, with a hash in place of the signal."""
    if isinstance(result, formats.Refusal):
        return result
    fields = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    signal = fields.pop("signal")
    return signal.content_hash, signal.lead_status, fields


def test_no_process_remains():
    process = client.server().process
    client.stop_server()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
