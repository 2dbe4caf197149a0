"""Backups: one file with the whole database and the keys that parts of it need."""
