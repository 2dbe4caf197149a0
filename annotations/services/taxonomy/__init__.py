"""Versions of the list of classes, and mappings between them."""
