"""Readers and models held against answers that are taken for right."""
