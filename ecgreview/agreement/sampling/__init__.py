"""Replicates of the counts, from which intervals are computed."""
