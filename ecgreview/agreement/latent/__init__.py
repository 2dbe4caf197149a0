"""Estimate prevalence and readers' error rates without a reference, by Dawid-Skene models."""

from __future__ import annotations

from . import dawid_skene, pooled, report, triples, two_states

__all__ = ["dawid_skene", "pooled", "report", "triples", "two_states"]
