"""Blinding: which results, names and strata are hidden from people who read."""
