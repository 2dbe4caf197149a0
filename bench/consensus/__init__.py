"""Benchmarks of consensus rules: time and errors."""
