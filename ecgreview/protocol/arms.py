"""The arm of a reader for an exam under a randomised suggestion policy."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from .model import Arm, ArmName


class NoArms(ValueError):
    """There is no arm to draw from."""


def arm(seed: str, reader: int, exam: int, arms: Collection[Arm]) -> ArmName:
    """Return the arm of ``reader`` for ``exam``, drawn deterministically with the given
    weights.

    The draw is HMAC-SHA256 with the study's secret seed: without the seed nobody can foresee an
    arm, and with it every arm can be verified. It does not depend on the order of ``arms`` or
    on other readers. Changing the weights changes arms, so store what was drawn.

    Raises:
        NoArms: ``arms`` is empty.
    """
    if not arms:
        raise NoArms
    # The prefix makes it independent of the reader's order, which also hashes reader and
    # exam.
    message = f"arm:{reader}:{exam}".encode()
    drawn = int.from_bytes(hmac.new(seed.encode(), message, hashlib.sha256).digest(), "big")
    remainder = drawn % sum(
        candidate.weight for candidate in arms
    )  # 256 bits, so the modulo bias is negligible
    for candidate in sorted(arms, key=lambda candidate: candidate.arm):
        if remainder < candidate.weight:
            return candidate.arm
        remainder -= candidate.weight
    raise NoArms  # unreachable: weights are positive
