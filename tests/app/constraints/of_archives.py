"""Violations of the constraints on archives and their chunks."""

from __future__ import annotations

from annotations.models import Archive, ArchiveChunk
from tests.app.constraints.acts import insert_copy, update_row


def _archive(fixture):
    return Archive.objects.create(
        study=fixture("study"), requested_by=fixture("davi"), requested_at=fixture("now")
    )


def _chunk(fixture):
    return ArchiveChunk.objects.create(archive=_archive(fixture), number=0, content=b"PK")


def archive_key_once(fixture):
    archive = _archive(fixture)
    update_row(archive, finished_at=fixture("now"), failure="OSError")
    insert_copy(archive)


def archive_unfinished_once(fixture):
    _archive(fixture)
    _archive(fixture)


def archive_ready_is_whole(fixture):
    update_row(_archive(fixture), finished_at=fixture("now"))


def archive_chunk_once(fixture):
    insert_copy(_chunk(fixture))


def archive_chunk_has_content(fixture):
    update_row(_chunk(fixture), content=b"")
