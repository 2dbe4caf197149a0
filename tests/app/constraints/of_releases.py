"""Violations of the constraints on data releases and their files."""

from __future__ import annotations

from annotations.models import ReleaseChunk
from tests.app.constraints.acts import insert_copy, new_release, ready_release, update_row


def release_key_once(fixture):
    release = new_release(fixture)
    update_row(release, finished_at=fixture("now"), failure="OSError")
    insert_copy(release)


def release_version_once(fixture):
    ready_release(fixture)
    new_release(fixture)


def release_unfinished_once(fixture):
    new_release(fixture)
    new_release(fixture, minor=1)


def release_counts_from_one(fixture):
    new_release(fixture, major=0)


def release_has_a_month(fixture):
    new_release(fixture, released_on="March")


def release_licence_is_known(fixture):
    new_release(fixture, licence="")


def release_has_a_format(fixture):
    new_release(fixture, formats=[])


def release_has_no_or_several_folds(fixture):
    new_release(fixture, n_folds=1)


def release_ready_is_whole(fixture):
    update_row(new_release(fixture), finished_at=fixture("now"))


def release_is_immutable(fixture):
    update_row(ready_release(fixture), licence="CC0-1.0")


def release_file_is_immutable(fixture):
    ReleaseChunk.objects.filter(release=ready_release(fixture)).delete()


def release_chunk_once(fixture):
    insert_copy(ReleaseChunk.objects.create(release=new_release(fixture), number=0, content=b"PK"))


def release_chunk_has_content(fixture):
    ReleaseChunk.objects.create(release=new_release(fixture), number=0, content=b"")


def release_embargo_is_known(fixture):
    new_release(fixture, embargo="some")


def release_embargo_has_its_fold(fixture):
    new_release(fixture, embargo="last_fold", n_folds=0)
