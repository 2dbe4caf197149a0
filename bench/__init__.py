"""Benchmarks: `make bench`. Most print ratios to a peer that is measured in the same run."""
