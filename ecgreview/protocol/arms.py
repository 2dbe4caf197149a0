"""Draw the arm of a reader for an exam under a randomized suggestion policy."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from .model import Arm, ArmName


class NoArms(ValueError):
    """There are no arms to draw from."""


def arm(seed: str, reader: int, exam: int, arms: Collection[Arm]) -> ArmName:
    """Return the arm of ``reader`` for ``exam``, drawn by the weights of ``arms``.

    The draw is HMAC-SHA256 with the study's secret seed: without the seed, arms cannot be
    predicted; with it, every arm can be verified. It does not depend on the order of ``arms`` or
    on other readers. Changing the weights can change arms, so store what was drawn.

    Raises:
        NoArms: ``arms`` is empty.
    """
    if not arms:
        raise NoArms
    # The prefix makes the draw independent of the reading order, which also hashes reader and exam.
    message = f"arm:{reader}:{exam}".encode()
    drawn = int.from_bytes(hmac.new(seed.encode(), message, hashlib.sha256).digest(), "big")
    # With 256 bits, the modulo bias is negligible.
    remainder = drawn % sum(candidate.weight for candidate in arms)
    for candidate in sorted(arms, key=lambda candidate: candidate.arm):
        if remainder < candidate.weight:
            return candidate.arm
        remainder -= candidate.weight
    raise NoArms  # unreachable: weights are positive
