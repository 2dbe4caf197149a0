"""Archives: asked for by people, made by a worker, never served half, blind as the export is."""

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
from annotations.services.export import archive, jobs, tables
from annotations.services.people import roles
from ecgreview.advisory_locks import Lock

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(make_batch, submit, close):
    """A closed batch of one exam that both readers called fibrillation."""
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "atrial_fibrillation")
    return close(batch)


@pytest.fixture
def ask(signed_in, rosa, read, study):
    """Ask the API for the export as Rosa."""
    client = signed_in(rosa)
    return lambda: client.get(reverse("api-study-export", args=[study.slug]))


def body(response):
    return b"".join(response.streaming_content)


def make_all(now):
    while jobs.make_next(now=now):
        pass


# -- From asking to downloading -----------------------------------------------------------------


def test_an_export_is_accepted_made_and_downloaded(ask, now, study, tmp_path):
    accepted = ask()
    status = accepted.json()
    assert (accepted.status_code, accepted["Retry-After"]) == (202, "5")
    assert (status["state"], status["file"], accepted["Location"]) == (
        "waiting", None, status["url"],
    )  # fmt: skip
    make_all(now)
    answer = ask()
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


def test_the_status_tells_when_it_is_ready_and_where(signed_in, rosa, read, study, now):
    client = signed_in(rosa)
    asked = client.post(reverse("api-study-archives", args=[study.slug]), {}, "application/json")
    assert asked.status_code == 202
    make_all(now)
    status = client.get(asked["Location"]).json()
    assert (status["state"], status["is_current"], status["n_done"]) == ("ready", True, 9)
    content = body(client.get(status["file"]))
    assert hashlib.sha256(content).hexdigest() == status["sha256"]
    again = client.post(reverse("api-study-archives", args=[study.slug]), {}, "application/json")
    assert (again.status_code, again.json()["key"]) == (200, status["key"])


def test_a_page_asks_follows_and_downloads(signed_in, rosa, read, study, now):
    client, page = signed_in(rosa), reverse("study-export", args=[study.slug])
    assert "No archive yet" in client.get(page).content.decode()
    client.post(page)
    assert "The archive is queued" in client.get(page).content.decode()
    found = Archive.objects.get()
    told = client.get(reverse("study-export-progress", args=[study.slug, found.key])).json()
    assert (told["n_done"], told["n_total"], told["is_over"]) == (0, 9, False)
    address = reverse("study-export-file", args=[study.slug, found.key])
    assert client.get(address).url == page  # nothing to download yet
    make_all(now)
    assert address in client.get(page).content.decode()
    assert zipfile.ZipFile(io.BytesIO(body(client.get(address)))).testzip() is None


def test_who_asks_twice_gets_the_same_archive(ask, now):
    first, second = ask().json(), ask().json()
    assert first["key"] == second["key"]
    make_all(now)
    make_all(now)
    assert Archive.objects.count() == 1
    assert AuditEvent.objects.filter(action=audit.Action.EXPORT_MADE).count() == 1


def test_the_same_readings_give_the_same_bytes(ask, now):
    ask()
    make_all(now)
    Archive.objects.update(state="0" * 64)
    ask()
    make_all(now)
    assert Archive.objects.count() == 2
    assert len(set(Archive.objects.values_list("digest", flat=True))) == 1


@pytest.mark.parametrize("change", ["batch", "reader", "reports"])
def test_what_changes_the_export_asks_for_a_new_archive(
    change, ask, now, study, make_batch, submit, close
):
    ask()
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
    assert ask().status_code == 202


# -- Who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["study-export-file", "study-export-progress"])
@pytest.mark.parametrize("prefix", ["", "api-"])
def test_who_reads_in_the_study_meanwhile_gets_no_file(
    prefix, name, ask, now, rosa, signed_in, study, make_batch, make_exam
):
    ask()
    make_all(now)
    key = Archive.objects.get().key
    roles.give(rosa, [Role.RESEARCHER, Role.READER])
    make_batch([make_exam()], [rosa])
    known = {"study-export-file": "study-archive-file", "study-export-progress": "study-archive"}
    name = f"api-{known[name]}" if prefix else name
    answer = signed_in(rosa).get(reverse(name, args=[study.slug, key]))
    assert answer.status_code in {403, 404}
    assert not answer.streaming
    assert not AuditEvent.objects.filter(action=audit.Action.EXPORT_DOWNLOADED).exists()


def test_an_archive_of_results_that_were_closed_again_is_refused(ask, now, signed_in, rosa, study):
    ask()
    make_all(now)
    found = Archive.objects.get()
    Batch.objects.update(results_open="study_locked")
    with pytest.raises(jobs.Outdated):
        jobs.refuse(found)
    address = reverse("api-study-archive-file", args=[study.slug, found.key])
    answer = signed_in(rosa).get(address)
    assert (answer.status_code, answer.json()["type"]) == (409, "/api/docs/#archive-outdated")


def test_an_archive_of_another_study_is_not_found_here(
    ask, now, make_study, signed_in, rosa, study
):
    ask()
    make_all(now)
    other = make_study(name="Another list")
    key = Archive.objects.get().key
    address = reverse("api-study-archive-file", args=[other.slug, key])
    assert signed_in(rosa).get(address).status_code == 404


def test_a_download_is_recorded_and_a_look_is_not(ask, now, rosa, study, signed_in):
    ask()
    make_all(now)
    assert not ResultsSeen.objects.exists()
    signed_in(rosa).head(reverse("api-study-export", args=[study.slug]))
    assert not AuditEvent.objects.filter(action=audit.Action.EXPORT_DOWNLOADED).exists()
    body(ask())
    event = AuditEvent.objects.get(action=audit.Action.EXPORT_DOWNLOADED)
    assert (event.actor, Archive.objects.get().digest in event.after) == (rosa, True)
    assert ResultsSeen.objects.filter(user=rosa).exists()


def test_the_roles_of_the_web_have_no_right_to_archives():
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from unnest(array['archive', 'archivechunk']) t,"
            " unnest(array['ecg_reader', 'ecg_manager']) r"
            " where has_any_column_privilege(r, 'annotations_' || t, 'select, insert, update')"
        )
        assert cursor.fetchone() == (0,)


# -- What goes wrong ------------------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch):
    """Let one table of the export fail, after others were written."""

    def fail(_study):
        yield ("taxonomy",)
        raise OSError("no space left")

    monkeypatch.setitem(archive.TABLES, "taxonomy.csv", fail)
    return lambda: monkeypatch.setitem(archive.TABLES, "taxonomy.csv", tables.taxonomy)


def test_an_attempt_that_failed_is_made_again_after_a_rest(ask, broken, now):
    ask()
    with pytest.raises(OSError, match="no space"):
        jobs.make_next(now=now)
    found = Archive.objects.get()
    assert (found.failure, found.is_ready, found.n_attempts) == ("OSError", False, 1)
    assert not jobs.make_next(now=now + timedelta(seconds=19))
    broken()
    assert jobs.make_next(now=now + timedelta(seconds=20))
    assert Archive.objects.get().is_ready


def test_after_five_failures_it_is_given_up(ask, broken, now, study, signed_in, rosa):
    ask()
    for n in range(jobs.MAX_ATTEMPTS):
        with pytest.raises(OSError, match="no space"):
            jobs.make_next(now=now + n * timedelta(hours=1))
    assert Archive.objects.get().has_failed
    page = signed_in(rosa).get(reverse("study-export", args=[study.slug])).content.decode()
    assert "could not be created" in page


def test_what_a_killed_worker_left_is_no_part_of_the_file(ask, now):
    ask()
    found = Archive.objects.get()
    Archive.objects.update(n_attempts=1, started_at=now)
    ArchiveChunk.objects.create(archive=found, number=0, content=b"half of it")
    assert not jobs.make_next(now=now)
    assert jobs.make_next(now=now + timedelta(minutes=1))
    whole = b"".join(bytes(c.content) for c in found.chunks.order_by("number"))
    found.refresh_from_db()
    assert hashlib.sha256(whole).hexdigest() == found.digest


def test_an_archive_whose_worker_was_killed_five_times_is_given_up(ask, now):
    ask()
    Archive.objects.update(n_attempts=jobs.MAX_ATTEMPTS, started_at=now)
    jobs.make_next(now=now + timedelta(hours=1))
    found = Archive.objects.get()
    assert (found.has_failed, found.failure) == (True, jobs.INTERRUPTED)


def test_a_large_file_comes_in_chunks(ask, now, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK_BYTES", 100)
    ask()
    make_all(now)
    found = Archive.objects.get()
    sizes = [len(bytes(one.content)) for one in found.chunks.order_by("number")]
    assert (sum(sizes), set(sizes[:-1])) == (found.n_bytes, {100})
    assert hashlib.sha256(body(ask())).hexdigest() == found.digest


def test_archives_are_cleared_when_they_are_old_or_followed(ask, now):
    ask()
    make_all(now)
    old = Archive.objects.get()
    assert jobs.clear(now=now + timedelta(days=6)) == 0
    Archive.objects.update(state="0" * 64)
    ask()
    make_all(now)
    assert jobs.clear(now=now) == 0
    assert jobs.clear(now=now + timedelta(hours=1)) == 1
    assert not Archive.objects.filter(pk=old.pk).exists()
    assert jobs.clear(now=now + timedelta(days=7)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_make_the_same_archive_and_others_see_how_far_it_is(
    ask, now, monkeypatch
):
    """Outside a transaction: tables are read from a snapshot, chunks are committed beside it."""
    ask()
    seen = []

    def taxonomy(study):
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("select n_done, started_at is not null from annotations_archive")
            seen.append(cursor.fetchone())
            cursor.execute("select pg_try_advisory_lock(%s, id::int) from annotations_archive",
                           [Lock.ARCHIVE.value])  # fmt: skip
            seen.append(cursor.fetchone())
        other.close()
        return tables.taxonomy(study)

    monkeypatch.setitem(archive.TABLES, "taxonomy.csv", taxonomy)
    make_all(now)
    assert seen == [(6, True), (False,)]
    assert Archive.objects.get().is_ready
