"""How much time and memory does a data release of the largest study take?

Builds a release with all formats that are installed and with the signals, and reads all signals
again. Run with the services up: ``python -m bench.release [readings]``, two readings per exam.
With 100,000 readings, the study has 17,800 exams. Set ``KEEP=name`` to reuse the database that
``bench.scale.pages`` kept.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from bench._site import KEPT_DATABASE, empty_database, kept_database

import numpy as np
from django.utils import timezone

from annotations.models import Dataset, Release, Study, Tracing
from annotations.services.consensus import labels
from annotations.services.export.archive import snapshot
from annotations.services.releases import choices, gathering, jobs
from bench.scale import database
from ecgreview.ecg import synth, wire


def main() -> int:
    """Print times and memory; return 1 if the release is not built."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with kept_database() if KEPT_DATABASE else empty_database():
        if not Study.objects.exists():
            database.fill(n, is_derived=False, progress=print)
        study = Study.objects.select_related("taxonomy").earliest("pk")
        Dataset.objects.update(licence="CC0-1.0")
        _give_signals(study)
        labels.compute(study=study, now=timezone.now())
        return measure(study)


def measure(study: Study) -> int:
    """Build a release of ``study``, then read its signals."""
    chosen = choices.Choices(licence="CC0-1.0", has_signals=True)
    release = jobs.request(study=study, choices=chosen, actor=None, now=timezone.now())
    before, began, cpu_s = _peak_mb(), time.perf_counter(), time.process_time()
    jobs.make(release, now=timezone.now())
    took, cpu_s = time.perf_counter() - began, time.process_time() - cpu_s
    release = Release.objects.get(pk=release.pk)
    if not release.is_ready:
        print(f"not built: {release.failure}")
        return 1
    counts = release.manifest["counts"]
    print(
        f"{counts['exams']:,} exams, {counts['readings']:,} readings, {', '.join(release.formats)}:"
        f" {took:.1f} s, {cpu_s:.1f} s of it in Python; {release.n_bytes:,} bytes;"
        f" peak memory {before:.0f} MB before and {_peak_mb():.0f} MB after"
    )
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as work, snapshot(study):
        content = gathering.gather(release, Path(work), check=lambda: None)
        gathered = time.perf_counter()
        n_samples = sum(signal.n_samples for _, signals in content.signals() for signal in signals)
    print(
        f"gathered in {gathered - began:.1f} s; {n_samples:,} samples of 12 leads read in"
        f" {time.perf_counter() - gathered:.1f} s; peak memory {_peak_mb():.0f} MB"
    )
    return 0


def _give_signals(study: Study) -> None:
    """Give all exams of ``study`` the same synthetic tracing; the filled database has dummies."""
    signal = synth.synthesize("normal_ecg", np.random.default_rng(1)).signal
    packed = wire.pack(signal)
    tracings = Tracing.objects.filter(exam__in=choices.exams_of(study))
    n = tracings.update(packed=packed, n_samples=signal.n_samples)
    print(f"{n:,} tracings of {len(packed):,} bytes")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
