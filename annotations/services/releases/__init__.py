"""Numbered, immutable releases of a study's labels and signals."""
