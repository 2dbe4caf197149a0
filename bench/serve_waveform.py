"""How much cheaper is serving a stored tracing than building JSON of its samples?

Both use the same Django view stack in this process (middleware, session, permission, one row);
prints the ratios of time and of transferred bytes. Run with the services up:
``python -m bench.serve_waveform``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Callable
from functools import partial

from bench._site import empty_database

import numpy as np
from django.http import HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path
from django.utils import timezone

from annotations.api.base import ApiView, UserRequest
from annotations.api.urls import urlpatterns as api
from annotations.models import Dataset, Exam, Tracing, User
from ecgreview.ecg import synth, wire

ROUNDS = 60


class AsJson(ApiView):
    """The usual way: unpack, list and compress the samples for every request."""

    def get(self, request: UserRequest, code: str) -> HttpResponse:
        """Return the samples as text."""
        exams = Exam.objects.visible_to(request.user).filter(code=code)
        tracing = Tracing.objects.get(exam__in=exams, position=1)
        signal = wire.unpack(bytes(tracing.packed))
        body = json.dumps({"leads": signal.samples.tolist()}, separators=(",", ":")).encode()
        response = HttpResponse(gzip.compress(body, 6), content_type="application/json")
        response["Content-Encoding"] = "gzip"
        return response


urlpatterns = [path("json/<slug:code>/", AsJson.as_view()), *api]


def main() -> None:
    with empty_database(), override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
        compare()


def compare() -> None:
    code, client = prepare()
    stored = partial(fetch, client, f"/exams/{code}/tracings/1/")
    listed = partial(fetch, client, f"/json/{code}/")
    stored_bytes, listed_bytes = stored(), listed()
    # Interleaved, so that other load on the machine affects both alike.
    times = [(elapsed_s(stored), elapsed_s(listed)) for _ in range(ROUNDS)]
    ratios = [slow / fast for fast, slow in times]
    fast_ms, slow_ms = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    print(f"stored:  {stored_bytes / 1000:7.1f} kB  {fast_ms:6.2f} ms (median of {ROUNDS})")
    print(f"as JSON: {listed_bytes / 1000:7.1f} kB  {slow_ms:6.2f} ms (gzip -6)")
    print(f"JSON takes {statistics.median(ratios):.1f} x the time", end=" ")
    print(f"and {listed_bytes / stored_bytes:.2f} x the bytes of the stored form.")


def prepare() -> tuple[str, Client]:
    """Return the code of one synthetic exam, and the client of a person who may see it."""
    signal = synth.synthesize(synth.CONDITIONS[0], np.random.default_rng(7)).signal
    now = timezone.now()
    dataset = Dataset.objects.create(name="bench", created_at=now)
    exam = Exam.objects.create(
        dataset=dataset, source_key="1", content_hash=signal.content_hash, imported_at=now
    )
    Tracing.objects.create(
        exam=exam,
        position=1,
        sampling_rate_hz=signal.sampling_rate_hz,
        n_samples=signal.n_samples,
        content_hash=signal.content_hash,
        packed=wire.pack(signal),
    )
    client = Client(headers={"Accept-Encoding": "gzip"})
    viewer = User.objects.create_superuser("bench-viewer")
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")
    return exam.code, client


def fetch(client: Client, address: str) -> int:
    """Request an address and return the size of the body in bytes."""
    response = client.get(address)
    if response.status_code != 200:
        raise SystemExit(f"{address}: HTTP {response.status_code}")
    return len(response.content)


def elapsed_s(action: Callable[[], int]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
