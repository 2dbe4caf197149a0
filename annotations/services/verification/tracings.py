"""Verify that every tracing still has the samples it was imported with."""

from __future__ import annotations

from annotations.models import Tracing
from annotations.services.verification.readings import Compared
from ecgreview.ecg import wire
from ecgreview.hash_chain import Fault, Kind

# About 3 MB of packed samples per query.
TRACINGS_AT_ONCE = 100


def check(*, after: int = 0, limit: int | None = None) -> Compared:
    """Unpack tracings and compare their samples with their hashes, up to the first that differs.

    The digests of readings cover these hashes, so once an exam is read, a tracing cannot be
    replaced together with its hash.

    Args:
        after: only tracings with greater ids are compared.
        limit: maximum number of tracings; None: all.
    """
    rows = Tracing.objects.filter(pk__gt=after).order_by("pk").select_related("exam")
    needed = rows.only(
        "content_hash", "packed", "n_samples", "sampling_rate_hz", "exam__code", "position"
    )
    n_tracings, last = 0, after
    for tracing in needed[:limit].iterator(chunk_size=TRACINGS_AT_ONCE):
        if not _holds(tracing):
            name = f"{tracing.exam.code}"
            return Compared(
                n_tracings, last, Fault(Kind.TRACING_ALTERED, other=tracing.pk, name=name)
            )
        n_tracings, last = n_tracings + 1, tracing.pk
    return Compared(n_tracings, last, None)


def _holds(tracing: Tracing) -> bool:
    try:
        signal = wire.unpack(bytes(tracing.packed))
    except wire.BadPacket:
        return False
    shape = (signal.n_samples, signal.sampling_rate_hz)
    is_of_shape = shape == (tracing.n_samples, tracing.sampling_rate_hz)
    return is_of_shape and signal.content_hash == tracing.content_hash
