"""Small taxonomies for tests of versions."""

from __future__ import annotations

from collections.abc import Iterable

from ecgreview import taxonomy
from ecgreview.taxonomy import Taxonomy


def taxonomy_of(codes: Iterable[str], *, version: str = "1", alone: str = "") -> Taxonomy:
    """Return a taxonomy of ``codes``; those in ``alone`` are exclusive."""
    rows = "".join(f"{code},{code},{'x' if code in alone.split() else ''}\n" for code in codes)
    return taxonomy.read_csv(f"code,name,is_exclusive\n{rows}", name="small", version=version)
