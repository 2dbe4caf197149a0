"""Synonyms of classes for search; never stored with a reading."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("synonyms.yaml")


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return the synonyms in everyday use, English and Portuguese, by class code."""
    listed = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {code: tuple(str(name) for name in names) for code, names in listed.items()}
