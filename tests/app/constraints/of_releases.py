"""Violations of the constraints on data releases and their files."""

from __future__ import annotations

from typing import Any

from annotations.models import Release, ReleaseChunk
from tests.app.constraints.acts import insert_copy, update_row

DIGEST = "0" * 64


def _release(fixture, **changes: Any):
    values = {
        "study": fixture("study"),
        "major": 1,
        "minor": 0,
        "requested_at": fixture("now"),
        "released_on": "2026-03",
        "formats": ["csv"],
        "licence": "CC-BY-4.0",
        **changes,
    }
    return Release.objects.create(**values)


def _ready(fixture):
    release = _release(fixture)
    ReleaseChunk.objects.create(release=release, number=0, content=b"PK")
    whole = {"digest": DIGEST, "manifest_digest": DIGEST, "manifest": {"version": "1.0"}}
    update_row(release, finished_at=fixture("now"), n_bytes=2, index=b"index", **whole)
    return release


def release_key_once(fixture):
    release = _release(fixture)
    update_row(release, finished_at=fixture("now"), failure="OSError")
    insert_copy(release)


def release_version_once(fixture):
    _ready(fixture)
    _release(fixture)


def release_unfinished_once(fixture):
    _release(fixture)
    _release(fixture, minor=1)


def release_counts_from_one(fixture):
    _release(fixture, major=0)


def release_has_a_month(fixture):
    _release(fixture, released_on="March")


def release_licence_is_known(fixture):
    _release(fixture, licence="")


def release_has_a_format(fixture):
    _release(fixture, formats=[])


def release_has_no_or_several_folds(fixture):
    _release(fixture, n_folds=1)


def release_ready_is_whole(fixture):
    update_row(_release(fixture), finished_at=fixture("now"))


def release_is_immutable(fixture):
    update_row(_ready(fixture), licence="CC0-1.0")


def release_file_is_immutable(fixture):
    ReleaseChunk.objects.filter(release=_ready(fixture)).delete()


def release_chunk_once(fixture):
    insert_copy(ReleaseChunk.objects.create(release=_release(fixture), number=0, content=b"PK"))


def release_chunk_has_content(fixture):
    ReleaseChunk.objects.create(release=_release(fixture), number=0, content=b"")
