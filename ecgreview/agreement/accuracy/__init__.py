"""Readers and models held against answers that are taken for right."""

from __future__ import annotations

from . import arm_times, arms, blocks, performance, reference

__all__ = ["arm_times", "arms", "blocks", "performance", "reference"]
