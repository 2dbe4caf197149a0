"""Each exam is imported completely and only once, and refusals state a reason."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest

from annotations.models import (
    Dataset,
    Exam,
    ImportIssue,
    ImportRun,
    Patient,
    SuggestionRun,
    Tracing,
)
from annotations.sentences import imports
from annotations.services.exams import recordings as exams_recordings
from annotations.services.imports import recordings as imports_recordings
from ecgreview.ecg import formats, wire
from ecgreview.ecg.formats import sandbox
from tests.domain.ecg import signals, wfdb_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    """Three recordings, one of them truncated."""
    for number, name in enumerate(("first", "second", "broken")):
        place = tmp_path / name
        place.mkdir()
        wfdb_files.write(place, values=signals.heartbeats() + number)
    data = tmp_path / "broken" / "ana.dat"
    data.write_bytes(data.read_bytes()[:-1000])
    return tmp_path


def run(path, now, **changes):
    return imports_recordings.import_path(
        **{"path": path, "dataset_name": "Ward 3", "started_by": None, "now": now, **changes}
    )


def test_every_recording_becomes_an_exam(folder, now):
    run(folder, now)
    keys = Exam.objects.order_by("source_key").values_list("source_key", flat=True)
    assert list(keys) == ["first/ana.hea", "second/ana.hea"]


def test_the_stored_signal_equals_that_of_the_file(folder, now):
    run(folder, now)
    stored = Tracing.objects.get(exam__source_key="first/ana.hea")
    expected = wfdb_files.recording(folder / "first" / "ana.hea").signal
    assert wire.unpack(bytes(stored.packed)).content_hash == expected.content_hash


def test_the_run_counts_imported_known_and_refused_files(folder, now):
    done = run(folder, now)
    assert (done.n_imported, done.n_known, done.n_refused) == (2, 0, 1)


def test_a_refusal_has_file_reason_and_hint(folder, now):
    issue = run(folder, now).issues.get(is_refusal=True)
    assert (issue.file, issue.code, issue.is_refusal) == ("broken/ana.hea", "truncated", True)
    assert issue.details["found"] == 119_000
    explained = imports.of_issue(issue)
    assert "119,000" in explained.reason
    assert explained.hint


def test_importing_again_imports_nothing(folder, now):
    run(folder, now)
    again = run(folder, now)
    assert (again.n_imported, again.n_known) == (0, 2)


def test_the_same_signal_under_another_name_is_known(folder, now):
    run(folder, now)
    shutil.copytree(folder / "first", folder / "copy")
    assert run(folder, now).n_known == 3


def test_the_same_signal_twice_in_one_import_is_stored_once(folder, now):
    shutil.copytree(folder / "first", folder / "copy")
    done = run(folder, now)
    assert (done.n_imported, done.n_known) == (2, 1)


def test_another_signal_under_a_known_name_is_refused(folder, now):
    run(folder, now)
    wfdb_files.write(folder / "first", values=signals.heartbeats() * 2)
    assert run(folder, now).issues.filter(code="changed", file="first/ana.hea").exists()


def test_another_data_set_may_hold_the_same_signal(folder, now):
    run(folder, now)
    assert run(folder, now, dataset_name="Ward 4").n_imported == 2


def test_suggestions_are_requested_for_each_imported_exam(folder, now):
    run(folder, now)
    assert SuggestionRun.objects.due().count() == 2


def test_an_empty_import_makes_no_data_set(tmp_path, now):
    with pytest.raises(imports_recordings.NothingToImport):
        run(tmp_path, now)
    assert not Dataset.objects.exists()


def test_a_missing_path_is_refused(tmp_path, now):
    with pytest.raises(imports_recordings.NothingToImport):
        run(tmp_path / "nowhere", now)


def test_a_single_file_can_be_imported(folder, now):
    assert run(folder / "first" / "ana.hea", now).n_imported == 1


def test_the_progress_ends_with_all_files_done(folder, now):
    progress_calls = []
    run(folder, now, progress=lambda done, of: progress_calls.append((done, of)))
    assert progress_calls[-1] == (3, 3)


def test_a_failure_in_the_second_block_keeps_the_first(folder, now, monkeypatch):
    monkeypatch.setattr(imports_recordings, "EXAMS_AT_ONCE", 1)
    real = exams_recordings.store
    stored: list[Exam] = []

    def store_once(**block):
        if stored:
            raise KeyboardInterrupt
        stored.extend(real(**block))
        return stored

    monkeypatch.setattr(exams_recordings, "store", store_once)
    with pytest.raises(KeyboardInterrupt):
        run(folder, now)
    interrupted = ImportRun.objects.get()
    assert (interrupted.n_imported, interrupted.finished_at) == (1, None)
    assert Exam.objects.count() == Tracing.objects.count() == SuggestionRun.objects.count() == 1


def test_the_next_import_continues_an_interrupted_one(folder, now, monkeypatch):
    test_a_failure_in_the_second_block_keeps_the_first(folder, now, monkeypatch)
    monkeypatch.undo()
    done = run(folder, now)
    assert (done.n_imported, done.n_known) == (1, 1)


def test_a_preview_writes_nothing(folder):
    preview = imports_recordings.preview(path=folder, dataset_name="Ward 3")
    assert (preview.n_new, preview.n_known, len(preview.refusals)) == (2, 0, 1)
    assert not Dataset.objects.exists()


def test_a_preview_counts_known_exams(folder, now):
    run(folder, now)
    assert imports_recordings.preview(path=folder, dataset_name="Ward 3").n_known == 2


def test_a_name_too_long_for_the_database_is_refused(folder, now, monkeypatch):
    def long_name(files, root):
        for n_before, recording in sandbox_read(files, root):
            assert isinstance(recording, formats.Recording)
            yield n_before, dataclasses.replace(recording, source_key="x" * 301)

    sandbox_read = sandbox.read
    monkeypatch.setattr(sandbox, "read", long_name)
    done = run(folder / "first", now)
    assert (done.n_imported, done.issues.get().code) == (0, "bad_name")


def test_a_file_name_that_is_not_unicode_is_escaped(folder, now):
    undecodable = folder / "caf\udce9"
    (folder / "first").rename(undecodable)
    run(undecodable.parent, now)
    assert ImportIssue.objects.get(code="bad_name").file == "caf\\udce9/ana.hea"


def test_exams_of_one_patient_share_the_patient(shared_data, now):
    run(shared_data / "code15", now)
    patients = Patient.objects.filter(exams__isnull=False).count()
    assert 0 < patients <= Exam.objects.count()


@pytest.mark.parametrize("name", ["ptbxl", "cinc2021", "code15"])
def test_real_recordings_are_stored_sample_for_sample(shared_data, now, name):
    done = run(shared_data / name, now)
    assert (done.n_refused, done.n_imported) == (0, Exam.objects.count())
    stored = {
        tracing.content_hash: wire.unpack(bytes(tracing.packed))
        for tracing in Tracing.objects.all()
    }
    for path in formats.find(shared_data / name):
        for recording in formats.read(path, shared_data / name):
            if isinstance(recording, formats.Recording):
                expected = stored[recording.signal.content_hash]
                assert np.array_equal(expected.samples, recording.signal.samples)
