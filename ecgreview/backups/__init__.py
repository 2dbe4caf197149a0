"""Backups: one file with the whole database and the keys needed to use it."""
