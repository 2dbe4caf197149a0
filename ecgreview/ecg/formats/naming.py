"""Names of files in import results."""

from __future__ import annotations

from pathlib import Path


def key(path: Path, root: Path) -> str:
    """Return ``path`` relative to ``root``; its bare name if it is not below ``root``."""
    is_below = path.absolute().is_relative_to(root.absolute())
    return path.absolute().relative_to(root.absolute()).as_posix() if is_below else path.name
