"""Suggest findings from measurements, by published thresholds, each with its evidence."""

from __future__ import annotations

from .engine import Proposal, suggest
from .marks import Marks
from .rules import COVERED, NAME, VERSION

__all__ = ["COVERED", "NAME", "VERSION", "Marks", "Proposal", "suggest"]
