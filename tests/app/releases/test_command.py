"""``manage.py make_release``: the same study gives the same bytes anywhere."""

from __future__ import annotations

import hashlib
import json
import subprocess

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from annotations.models import Release

pytestmark = pytest.mark.django_db


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it(released_batch, study, tmp_path):
    call_command("make_release", study.slug, tmp_path / "one", "--folds", "2")
    written = files(tmp_path / "one")
    print(written["README.md"].decode())
    print(written["manifest.json"].decode())
    for n in ("exams", "labels_wide", "readings"):
        print(written[f"csv/{n}.csv"].decode()[:1000])
    call_command("make_release", study.slug, tmp_path / "two", "--folds", "2")
    assert files(tmp_path / "two") == written
    assert Release.objects.count() == 1
