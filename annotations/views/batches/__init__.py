"""Batches: creation, progress, release and closing."""
