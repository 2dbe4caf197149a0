"""What readers call a class besides its name: words to find it by, never stored with a reading."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("synonyms.yaml")


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return the other names in everyday use, English and Portuguese, by code of the class."""
    listed = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {code: tuple(str(name) for name in names) for code, names in listed.items()}
