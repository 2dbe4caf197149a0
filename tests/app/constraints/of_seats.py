"""Violations of the constraint that qualification results are complete or empty."""

from __future__ import annotations

from annotations.models import Seat
from tests.app.constraints.acts import update_row


def seat_verdict_is_whole(fixture):
    batch = fixture("make_batch")()
    update_row(Seat.objects.filter(batch=batch)[0], judged_at=fixture("now"))
