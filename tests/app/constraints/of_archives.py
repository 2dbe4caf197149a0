"""Archives and their chunks."""

from __future__ import annotations

from annotations.models import Archive, ArchiveChunk
from tests.app.constraints.acts import again, change


def _archive(the):
    return Archive.objects.create(
        study=the("study"), requested_by=the("davi"), requested_at=the("now")
    )


def _chunk(the):
    return ArchiveChunk.objects.create(archive=_archive(the), number=0, content=b"PK")


def archive_key_once(the):
    made = _archive(the)
    change(made, finished_at=the("now"), failure="OSError")
    again(made)


def archive_unfinished_once(the):
    _archive(the)
    _archive(the)


def archive_ready_is_whole(the):
    change(_archive(the), finished_at=the("now"))


def archive_chunk_once(the):
    again(_chunk(the))


def archive_chunk_has_content(the):
    change(_chunk(the), content=b"")
