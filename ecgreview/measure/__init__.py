"""Measure a 12-lead signal: rate, intervals, axis and voltages, each with its confidence."""

from __future__ import annotations

from .measurements import Measured, Measurements
from .method import METHOD_VERSION, measure

__all__ = ["METHOD_VERSION", "Measured", "Measurements", "measure"]
