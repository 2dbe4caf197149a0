"""Releases are built in the background, completely or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from annotations.models import AuditEvent, Exam, Release, ReleaseChunk, Role, Tracing
from annotations.services import audit
from annotations.services.consensus import labels
from annotations.services.export import background
from annotations.services.export.archive import snapshot
from annotations.services.releases import gathering, jobs
from ecgreview.release import index
from ecgreview.release.formats.csv_tables import CsvTables
from tests.app import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_release(released_batch, study, choices, davi, now):
    return lambda: jobs.request(study=study, choices=choices, actor=davi, now=now)


def content_of(release: Release) -> bytes:
    return b"".join(jobs.chunks(release))


def test_a_requested_release_is_built_and_stored(request_release, now):
    release = request_release()
    assert jobs.make_next(now=now)
    assert not jobs.make_next(now=now)
    release.refresh_from_db()
    content = content_of(release)
    assert hashlib.sha256(content).hexdigest() == release.digest
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        manifest = packed.read(f"{release.name}/manifest.json")
        assert packed.testzip() is None
    assert hashlib.sha256(manifest).hexdigest() == release.manifest_digest
    assert release.n_done == release.n_total


def test_creation_is_audited_with_the_digest(request_release, now, davi):
    request_release()
    jobs.make_next(now=now)
    requested, made = AuditEvent.objects.filter(action__startswith="export.").order_by("pk")
    assert (requested.action, requested.actor) == (audit.Action.DATA_RELEASE_REQUESTED, davi)
    assert (made.action, Release.objects.get().digest in made.after) == (
        audit.Action.DATA_RELEASE_MADE, True,
    )  # fmt: skip


def test_only_one_release_of_a_study_is_built_at_a_time(request_release):
    request_release()
    with pytest.raises(jobs.InProgress):
        request_release()


def test_versions_are_counted(request_release, now):
    for _ in range(2):
        request_release()
        jobs.make_next(now=now)
    assert [release.version for release in Release.objects.order_by("pk")] == ["1.0", "1.1"]


def test_a_queued_release_is_canceled_at_once(request_release, davi, now):
    release = request_release()
    jobs.cancel(release=release, actor=davi, now=now)
    release.refresh_from_db()
    assert jobs.state_name(release) == "canceled"
    assert not jobs.make_next(now=now)
    assert request_release().version == "1.0"


def test_a_running_release_stops_when_it_is_canceled(request_release, davi, now, monkeypatch):
    release = request_release()
    write = CsvTables.write

    def canceled(writer, content, folder):
        Release.objects.update(canceled_at=now)
        write(writer, content, folder)

    monkeypatch.setattr(CsvTables, "write", canceled)
    assert jobs.make_next(now=now)
    release.refresh_from_db()
    assert jobs.state_name(release) == "canceled"
    assert not ReleaseChunk.objects.exists()


def test_a_finished_release_cannot_be_canceled(request_release, davi, now):
    release = request_release()
    jobs.make_next(now=now)
    with pytest.raises(jobs.AlreadyFinished):
        jobs.cancel(release=release, actor=davi, now=now)


def test_a_failed_attempt_is_retried(request_release, now, monkeypatch):
    release = request_release()

    def fail(writer, content, folder):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(CsvTables, "write", fail)
        with pytest.raises(OSError, match="no space"):
            jobs.make_next(now=now)
    assert not jobs.make_next(now=now + timedelta(seconds=19))
    assert jobs.make_next(now=now + timedelta(seconds=20))
    release.refresh_from_db()
    assert (release.is_ready, release.n_attempts) == (True, 2)


def test_it_is_given_up_after_five_killed_workers(request_release, now):
    release = request_release()
    Release.objects.update(n_attempts=background.MAX_ATTEMPTS, started_at=now)
    jobs.make_next(now=now + timedelta(hours=1))
    release.refresh_from_db()
    assert (release.has_failed, release.failure) == (True, background.INTERRUPTED)
    assert request_release().version == "1.0"


def test_no_temporary_file_is_left(request_release, now, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    request_release()
    jobs.make_next(now=now)
    assert list(tmp_path.iterdir()) == []


WORKER = """
import os, signal, sys
import django
django.setup()
from django.utils import timezone
from annotations.services.releases import gathering, jobs
from annotations.services.export.background import ChunkFile
from ecgreview.release import package
from ecgreview.release.packing import Packing

def dies(owner, name, after):
    original = getattr(owner, name)
    def run(*arguments, **named):
        if not after:
            os.kill(os.getpid(), signal.SIGKILL)
        original(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, run)

places = {
    "gather": (gathering, "gather"), "survey": (jobs.survey, "of"), "write": (package, "write"),
    "pack": (Packing, "finish"), "store": (ChunkFile, "_store"), "record": (jobs, "_record"),
}
place, moment = sys.argv[1].split("-")
dies(*places[place], moment == "after")
jobs.make_next(now=timezone.now())
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("place", ["gather", "survey", "write", "pack", "store", "record"])
def test_kill_9_leaves_a_release_that_the_next_worker_completes(
    place, moment, request_release, now, tmp_path
):
    release = request_release()
    base, _, query = os.environ["DATABASE_URL"].partition("?")
    address = f"{base.rpartition('/')[0]}/{connection.settings_dict['NAME']}"
    environment = {
        **os.environ, "DATABASE_URL": f"{address}?{query}" if query else address,
        "DJANGO_SETTINGS_MODULE": "tests.settings", "TMPDIR": str(tmp_path),
    }  # fmt: skip
    killed = subprocess.run(
        [sys.executable, "-c", WORKER, f"{place}-{moment}"], env=environment, check=False,
        capture_output=True, timeout=120, cwd=Path(__file__).resolve().parents[3],
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    release.refresh_from_db()
    assert (release.finished_at, release.digest) == (None, "")
    assert jobs.make_next(now=now + timedelta(days=3650))
    release.refresh_from_db()
    assert release.is_ready
    assert hashlib.sha256(content_of(release)).hexdigest() == release.digest


def test_the_manifest_has_the_digest_that_the_audit_trail_recorded(request_release, now):
    """So anybody with both can prove from which consensus a release was made."""
    release = request_release()
    jobs.make_next(now=now)
    release.refresh_from_db()
    event = AuditEvent.objects.filter(action=audit.Action.CONSENSUS_COMPUTED).latest("pk")
    assert release.manifest["inputs"]["consensus"] in event.after


def test_exams_are_gathered_in_blocks(request_release, now, monkeypatch):
    monkeypatch.setattr(gathering, "EXAMS_AT_ONCE", 3)
    request_release()
    jobs.make_next(now=now)
    assert Release.objects.get().manifest["counts"]["exams"] == 4


def test_models_and_references_are_released_but_have_no_vote(
    request_release, study, make_batch, submit, close, make_user, now
):
    """Readings of every kind are in the tables, and only people enter the labels."""
    labels.compute(study=study, now=now)
    model = make_user("Dnn", Role.READER)
    exam = study.consensus.get(outcome="disputed").exam
    batch = make_batch([exam], [model])
    submit(batch.assignments.get(), "artifact")
    close(batch)
    type(model).objects.filter(pk=model.pk).update(kind="model", is_active=False)
    study.batches.update(consensus_is_due=True)
    release = request_release()
    jobs.make_next(now=now)
    release.refresh_from_db()
    assert release.manifest["counts"]["outcomes"]["disputed"] == 1
    assert (release.manifest["counts"]["readings"], release.manifest["counts"]["readers"]) == (9, 3)


def test_exams_of_one_patient_are_in_one_fold(request_release, dataset, now):
    exams = list(Exam.objects.order_by("pk"))
    builders.visits(dataset, exams[:3], [1, 2, 3], now=now)
    release = request_release()
    jobs.make_next(now=now)
    release.refresh_from_db()
    lines = {line.exam: line for line in index.lines(bytes(release.index))}
    assert len({lines[exam.code].fold for exam in exams[:3]}) == 1
    assert release.manifest["counts"]["patients"] == 1


def test_copies_of_one_recording_are_in_one_fold(request_release, now):
    exams = list(Exam.objects.order_by("pk"))
    Exam.objects.filter(pk__in=[exams[1].pk, exams[2].pk]).update(duplicate_of=exams[0])
    release = request_release()
    jobs.make_next(now=now)
    release.refresh_from_db()
    lines = {line.exam: line for line in index.lines(bytes(release.index))}
    assert len({lines[exam.code].group for exam in exams[:3]}) == 1
    assert len({lines[exam.code].fold for exam in exams[:3]}) == 1


def test_signals_are_those_that_were_imported(licensed, request_release, study, now, tmp_path):
    release = request_release()
    Release.objects.update(has_signals=True)
    release.refresh_from_db()
    labels.compute(study=study, now=now)
    with snapshot(study):
        content = gathering.gather(release, tmp_path, check=lambda: None)
        hashes = {exam.code: signals[0].content_hash for exam, signals in content.signals()}
    assert hashes == dict(Tracing.objects.values_list("exam__code", "content_hash"))
