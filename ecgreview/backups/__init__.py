"""Backups: one file with the whole database and the keys without which parts of it are lost."""
