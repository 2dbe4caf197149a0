"""Which arm of a randomised suggestion policy a reader has for an exam."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from .model import Arm, ArmName


class NoArms(ValueError):
    """There is no arm to draw from."""


def arm(seed: str, reader: int, exam: int, arms: Collection[Arm]) -> ArmName:
    """Return the arm of ``reader`` for ``exam``: always the same, with the odds of the weights.

    It is HMAC-SHA256 with the study's secret seed, so that nobody without it can foresee an arm,
    and who has it can check every one. Neither the order of ``arms`` nor anybody else's work
    matters. Change the weights and arms change: store what was drawn.

    Raises:
        NoArms: ``arms`` is empty.
    """
    if not arms:
        raise NoArms
    # The prefix keeps it independent of the reader's order, which hashes reader and exam too.
    message = f"arm:{reader}:{exam}".encode()
    drawn = int.from_bytes(hmac.new(seed.encode(), message, hashlib.sha256).digest(), "big")
    left = drawn % sum(one.weight for one in arms)  # of 256 bits: the bias is beyond measure
    for one in sorted(arms, key=lambda one: one.arm):
        if left < one.weight:
            return one.arm
        left -= one.weight
    raise NoArms  # weights are above zero, so one of them was reached
