"""Seats: a verdict is there as a whole or not at all."""

from __future__ import annotations

from annotations.models import Seat
from tests.app.constraints.acts import change


def seat_verdict_is_whole(the):
    batch = the("make_batch")()
    change(Seat.objects.filter(batch=batch)[0], judged_at=the("now"))
