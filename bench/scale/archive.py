"""How much time and memory does the archive of the largest study take?

Requests it as a researcher, runs the worker's task, downloads it, and verifies every file against
SHA256SUMS. Run with the services up: ``python -m bench.scale.archive [readings]``; set
``KEEP=name`` to reuse the database that ``bench.scale.pages`` kept.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import hashlib
import io
import resource
import sys
import time
import zipfile

from bench._site import KEPT_DATABASE, empty_database, kept_database

from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from annotations import tasks
from annotations.models import Archive, Reading, Study
from annotations.services.export import archive as export_archive
from bench._requests import client_of
from bench.scale import database


def main() -> int:
    """Print the times; return 1 if the archive fails verification."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with (
        kept_database() if KEPT_DATABASE else empty_database(),
        override_settings(ALLOWED_HOSTS=["*"]),
    ):
        world = (
            database.existing_world()
            if Study.objects.exists()
            else database.fill(n, progress=print)
        )
        counted = Reading.objects.filter(assignment__batch__study=world.study)
        print(f"{counted.count():,} readings of {Reading.objects.count():,}")
        return measure(client_of(world.people["rosa"]), world.study)


def measure(client: Client, study: Study) -> int:
    """Create, download and verify the archive of ``study``."""
    Archive.objects.filter(study=study).delete()
    address = reverse("api-study-export", args=[study.slug])
    began = time.perf_counter()
    response = client.get(address)
    print(f"requested: HTTP {response.status_code} in {time.perf_counter() - began:.2f} s")
    before = _peak_mb()
    began, cpu_s = time.perf_counter(), time.process_time()
    tasks.make_archives.apply()
    took, cpu_s = time.perf_counter() - began, time.process_time() - cpu_s
    print(
        f"created by the task in {took:.1f} s, {cpu_s:.1f} s of it in Python;"
        f"peak memory {before:.0f} MB before and {_peak_mb():.0f} MB after"
    )
    began = time.perf_counter()
    answer = client.get(address)
    content = b"".join(getattr(answer, "streaming_content", ()))
    print(
        f"downloaded: HTTP {answer.status_code}, {len(content):,} bytes"
        f" in {time.perf_counter() - began:.2f} s"
    )
    return verify(content)


def verify(content: bytes) -> int:
    """Compare each file with the checksums in the archive; return 1 if one differs."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if (damaged := archive.testzip()) is not None:
            print(f"damaged: {damaged}")
            return 1
        files = {name.rsplit("/", 1)[-1]: archive.read(name) for name in archive.namelist()}
    sums = files.pop(export_archive.SUMS).decode().splitlines()
    expected = {name: digest for digest, name in (line.split("  ", 1) for line in sums)}
    actual = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    for name, body in sorted(files.items()):
        print(f"{name:24}{len(body.splitlines()):>10,} lines {len(body):>14,} bytes")
    print("all checksums match" if expected == actual else "checksums differ")
    return int(expected != actual)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
