"""Prevalence and readers' errors when nobody knows the truth: Dawid and Skene, and pooled."""

from __future__ import annotations

from . import dawid_skene, pooled, report, triples, two_states

__all__ = ["dawid_skene", "pooled", "report", "triples", "two_states"]
