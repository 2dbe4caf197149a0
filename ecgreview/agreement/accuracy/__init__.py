"""Comparison of readers and models with reference answers."""

from __future__ import annotations

from . import arm_times, arms, blocks, performance, reference

__all__ = ["arm_times", "arms", "blocks", "performance", "reference"]
