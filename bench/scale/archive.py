"""How long does the archive of the largest study take, and how much memory?

Asks for it as a researcher, lets the worker's task make it, downloads it, and holds every file in
it against SHA256SUMS. Run with the services up: ``python -m bench.scale.archive [readings]``;
``KEEP=name`` in front takes the database that ``bench.scale.pages`` kept.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import hashlib
import io
import resource
import sys
import time
import zipfile

from bench._site import KEPT, empty_database, kept_database

from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from annotations import tasks
from annotations.models import Archive, Reading, Study
from annotations.services.export import archive as export_archive
from bench._requests import client_of
from bench.scale import database


def main() -> int:
    """Print the times; return 1 when the archive is not what it says."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with kept_database() if KEPT else empty_database(), override_settings(ALLOWED_HOSTS=["*"]):
        world = database.found() if Study.objects.exists() else database.fill(n, told=print)
        counted = Reading.objects.filter(assignment__batch__study=world.study)
        print(f"{counted.count():,} readings of {Reading.objects.count():,}")
        return measured(client_of(world.people["rosa"]), world.study)


def measured(client: Client, study: Study) -> int:
    """Make, download and verify the archive of ``study``."""
    Archive.objects.filter(study=study).delete()
    address = reverse("api-study-export", args=[study.slug])
    began = time.perf_counter()
    asked = client.get(address)
    print(f"asked for: HTTP {asked.status_code} in {time.perf_counter() - began:.2f} s")
    before = _peak_mb()
    began, worked = time.perf_counter(), time.process_time()
    tasks.make_archives.apply()
    took, worked = time.perf_counter() - began, time.process_time() - worked
    print(
        f"made by the task in {took:.1f} s, {worked:.1f} s of them in Python;"
        f" most memory {before:.0f} MB before and {_peak_mb():.0f} MB after"
    )
    began = time.perf_counter()
    answer = client.get(address)
    content = b"".join(getattr(answer, "streaming_content", ()))
    print(
        f"downloaded: HTTP {answer.status_code}, {len(content):,} bytes"
        f" in {time.perf_counter() - began:.2f} s"
    )
    return verified(content)


def verified(content: bytes) -> int:
    """Hold each file against the list of sums that is among them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if (damaged := archive.testzip()) is not None:
            print(f"damaged: {damaged}")
            return 1
        files = {name.rsplit("/", 1)[-1]: archive.read(name) for name in archive.namelist()}
    sums = files.pop(export_archive.SUMS).decode().splitlines()
    told = {name: digest for digest, name in (line.split("  ", 1) for line in sums)}
    found = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    for name, body in sorted(files.items()):
        print(f"{name:24}{len(body.splitlines()):>10,} lines {len(body):>14,} bytes")
    print("every sum holds" if told == found else "sums differ")
    return int(told != found)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
