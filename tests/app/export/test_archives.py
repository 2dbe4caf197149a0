"""Export archives: requested by people, created by a worker, served only when complete."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from annotations.models import (
    Archive,
    ArchiveChunk,
    AuditEvent,
    Batch,
    ResultsSeen,
    Role,
    StudyReader,
)
from annotations.services import audit
from annotations.services.export import archive, background, jobs, tables
from annotations.services.people import roles
from ecgreview.advisory_locks import Lock
from tests.app.kept import kept

pytestmark = pytest.mark.django_db


@kept
def read_batch(make_batch, submit, close):
    """A closed batch of one exam in which both readers marked AF."""
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "atrial_fibrillation")
    return close(batch)


@pytest.fixture
def request_export(signed_in, rosa, read_batch, study):
    """Request the export through the API as Rosa."""
    client = signed_in(rosa)
    return lambda: client.get(reverse("api-study-export", args=[study.slug]))


def body(response):
    return b"".join(response.streaming_content)


def make_all(now):
    while jobs.make_next(now=now):
        pass


# -- From request to download -------------------------------------------------------------------


def test_an_export_is_accepted_created_and_downloaded(request_export, now, study, tmp_path):
    accepted = request_export()
    status = accepted.json()
    assert (accepted.status_code, accepted["Retry-After"]) == (202, "5")
    assert (status["state"], status["file"], accepted["Location"]) == (
        "waiting", None, status["url"],
    )  # fmt: skip
    make_all(now)
    answer = request_export()
    content = body(answer)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert int(answer["Content-Length"]) == len(content)
    assert answer["X-Content-Type-Options"] == "nosniff"
    packed = zipfile.ZipFile(io.BytesIO(content))
    assert packed.testzip() is None
    written = {path.name: path.read_bytes() for path in archive.write(
        study=study, directory=tmp_path, now=now
    )}  # fmt: skip
    assert {name.rpartition("/")[2]: packed.read(name) for name in packed.namelist()} == written


def test_the_status_gives_progress_and_the_file_address(signed_in, rosa, read_batch, study, now):
    client = signed_in(rosa)
    accepted = client.post(reverse("api-study-archives", args=[study.slug]), {}, "application/json")
    assert accepted.status_code == 202
    make_all(now)
    status = client.get(accepted["Location"]).json()
    assert (status["state"], status["is_current"], status["n_done"]) == ("ready", True, 12)
    content = body(client.get(status["file"]))
    assert hashlib.sha256(content).hexdigest() == status["sha256"]
    again = client.post(reverse("api-study-archives", args=[study.slug]), {}, "application/json")
    assert (again.status_code, again.json()["key"]) == (200, status["key"])


def test_the_page_requests_follows_and_downloads_an_archive(
    signed_in, rosa, read_batch, study, now
):
    client, page = signed_in(rosa), reverse("study-export", args=[study.slug])
    assert "No archive yet" in client.get(page).content.decode()
    client.post(page)
    assert "The archive is queued" in client.get(page).content.decode()
    requested = Archive.objects.get()
    progress = client.get(reverse("study-export-progress", args=[study.slug, requested.key])).json()
    assert (progress["n_done"], progress["n_total"], progress["is_over"]) == (0, 12, False)
    address = reverse("study-export-file", args=[study.slug, requested.key])
    assert client.get(address).url == page  # not ready: redirected back to the page
    make_all(now)
    assert address in client.get(page).content.decode()
    assert zipfile.ZipFile(io.BytesIO(body(client.get(address)))).testzip() is None


def test_a_second_request_gets_the_same_archive(request_export, now):
    first, second = request_export().json(), request_export().json()
    assert first["key"] == second["key"]
    make_all(now)
    make_all(now)
    assert Archive.objects.count() == 1
    assert AuditEvent.objects.filter(action=audit.Action.EXPORT_MADE).count() == 1


def test_the_same_readings_give_the_same_bytes(request_export, now):
    request_export()
    make_all(now)
    Archive.objects.update(state="0" * 64)
    request_export()
    make_all(now)
    assert Archive.objects.count() == 2
    assert len(set(Archive.objects.values_list("digest", flat=True))) == 1


@pytest.mark.parametrize("change", ["batch", "reader", "reports"])
def test_changed_data_make_a_new_archive(
    change, request_export, now, study, make_batch, submit, close
):
    request_export()
    make_all(now)
    if change == "batch":
        batch = make_batch()
        for assignment in batch.assignments.all():
            submit(assignment)
        close(batch)
    elif change == "reader":
        StudyReader.objects.filter(user__username="ana").update(status="paused")
    else:
        study.consensus.all().delete()
    assert request_export().status_code == 202


# -- Access ---------------------------------------------------------------------------------------


def test_someone_who_has_become_a_reader_gets_no_file(
    request_export, now, rosa, signed_in, study, make_batch, make_exam
):
    request_export()
    make_all(now)
    key = Archive.objects.get().key
    roles.give(rosa, [Role.RESEARCHER, Role.READER])
    make_batch([make_exam()], [rosa])
    client = signed_in(rosa)
    for name in ("study-export-file", "study-export-progress",
                 "api-study-archive-file", "api-study-archive"):  # fmt: skip
        answer = client.get(reverse(name, args=[study.slug, key]))
        assert answer.status_code in {403, 404}, name
        assert not answer.streaming, name
    assert not AuditEvent.objects.filter(action=audit.Action.EXPORT_DOWNLOADED).exists()


def test_an_archive_is_refused_once_results_are_hidden_again(
    request_export, now, signed_in, rosa, study
):
    request_export()
    make_all(now)
    stored = Archive.objects.get()
    Batch.objects.update(results_open="study_locked")
    with pytest.raises(jobs.Outdated):
        jobs.refuse(stored)
    address = reverse("api-study-archive-file", args=[study.slug, stored.key])
    answer = signed_in(rosa).get(address)
    assert (answer.status_code, answer.json()["type"]) == (409, "/api/docs/#archive-outdated")


def test_an_archive_is_not_found_under_another_study(
    request_export, now, make_study, signed_in, rosa, study
):
    request_export()
    make_all(now)
    other = make_study(name="Another list")
    key = Archive.objects.get().key
    address = reverse("api-study-archive-file", args=[other.slug, key])
    assert signed_in(rosa).get(address).status_code == 404


def test_a_download_is_recorded_and_a_head_request_is_not(
    request_export, now, rosa, study, signed_in
):
    request_export()
    make_all(now)
    assert not ResultsSeen.objects.exists()
    signed_in(rosa).head(reverse("api-study-export", args=[study.slug]))
    assert not AuditEvent.objects.filter(action=audit.Action.EXPORT_DOWNLOADED).exists()
    body(request_export())
    event = AuditEvent.objects.get(action=audit.Action.EXPORT_DOWNLOADED)
    assert (event.actor, Archive.objects.get().digest in event.after) == (rosa, True)
    assert ResultsSeen.objects.filter(user=rosa).exists()


def test_the_database_roles_of_requests_have_no_rights_to_archives():
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from unnest(array['archive', 'archivechunk']) t,"
            " unnest(array['ecg_reader', 'ecg_manager']) r"
            " where has_any_column_privilege(r, 'annotations_' || t, 'select, insert, update')"
        )
        assert cursor.fetchone() == (0,)


# -- Failures -------------------------------------------------------------------------------------


@pytest.fixture
def fail_until_repaired(monkeypatch):
    """Make the taxonomy table fail after others were written; return a function to repair it."""

    def fail(_study):
        yield ("taxonomy",)
        raise OSError("no space left")

    monkeypatch.setitem(archive.TABLES, "taxonomy.csv", fail)
    return lambda: monkeypatch.setitem(archive.TABLES, "taxonomy.csv", tables.taxonomy)


def test_a_failed_attempt_is_retried_after_a_delay(request_export, fail_until_repaired, now):
    request_export()
    with pytest.raises(OSError, match="no space"):
        jobs.make_next(now=now)
    stored = Archive.objects.get()
    assert (stored.failure, stored.is_ready, stored.n_attempts) == ("OSError", False, 1)
    assert not jobs.make_next(now=now + timedelta(seconds=19))
    fail_until_repaired()
    assert jobs.make_next(now=now + timedelta(seconds=20))
    assert Archive.objects.get().is_ready


def test_an_archive_is_given_up_after_five_failures(
    request_export, fail_until_repaired, now, study, signed_in, rosa
):
    request_export()
    for n in range(background.MAX_ATTEMPTS):
        with pytest.raises(OSError, match="no space"):
            jobs.make_next(now=now + n * timedelta(hours=1))
    assert Archive.objects.get().has_failed
    page = signed_in(rosa).get(reverse("study-export", args=[study.slug])).content.decode()
    assert "could not be created" in page


def test_chunks_left_by_a_killed_worker_are_discarded(request_export, now):
    request_export()
    stored = Archive.objects.get()
    Archive.objects.update(n_attempts=1, started_at=now)
    ArchiveChunk.objects.create(archive=stored, number=0, content=b"half of it")
    assert not jobs.make_next(now=now)
    assert jobs.make_next(now=now + timedelta(minutes=1))
    content = b"".join(bytes(c.content) for c in stored.chunks.order_by("number"))
    stored.refresh_from_db()
    assert hashlib.sha256(content).hexdigest() == stored.digest


def test_an_archive_is_given_up_after_five_killed_workers(request_export, now):
    request_export()
    Archive.objects.update(n_attempts=background.MAX_ATTEMPTS, started_at=now)
    jobs.make_next(now=now + timedelta(hours=1))
    stored = Archive.objects.get()
    assert (stored.has_failed, stored.failure) == (True, background.INTERRUPTED)


def test_a_large_file_is_stored_in_chunks(request_export, now, monkeypatch):
    monkeypatch.setattr(background, "CHUNK_BYTES", 100)
    request_export()
    make_all(now)
    stored = Archive.objects.get()
    sizes = [len(bytes(chunk.content)) for chunk in stored.chunks.order_by("number")]
    assert (sum(sizes), set(sizes[:-1])) == (stored.n_bytes, {100})
    assert hashlib.sha256(body(request_export())).hexdigest() == stored.digest


def test_old_and_superseded_archives_are_deleted(request_export, now):
    request_export()
    make_all(now)
    old = Archive.objects.get()
    assert jobs.clear(now=now + timedelta(days=6)) == 0
    Archive.objects.update(state="0" * 64)
    request_export()
    make_all(now)
    assert jobs.clear(now=now) == 0
    assert jobs.clear(now=now + timedelta(hours=1)) == 1
    assert not Archive.objects.filter(pk=old.pk).exists()
    assert jobs.clear(now=now + timedelta(days=7)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_locks_its_archive_and_commits_its_progress(request_export, now, monkeypatch):
    """Tables are read from a snapshot while progress is committed on another connection."""
    request_export()
    rows = []

    def taxonomy(study):
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("select n_done, started_at is not null from annotations_archive")
            rows.append(cursor.fetchone())
            cursor.execute("select pg_try_advisory_lock(%s, id::int) from annotations_archive",
                           [Lock.ARCHIVE.value])  # fmt: skip
            rows.append(cursor.fetchone())
        other.close()
        return tables.taxonomy(study)

    monkeypatch.setitem(archive.TABLES, "taxonomy.csv", taxonomy)
    make_all(now)
    assert rows == [(8, True), (False,)]
    assert Archive.objects.get().is_ready
