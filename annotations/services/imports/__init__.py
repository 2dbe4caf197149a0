"""Recordings and published readings from files."""
