"""Batches: their matrix, closing and releases."""
