"""Sizes of tests: small in `make test`, full in `make drill`."""

from __future__ import annotations

import os
from typing import TypeVar

Size = TypeVar("Size")

IS_DRILL = os.environ.get("DRILL") == "1"


def size(quick: Size, drill: Size) -> Size:
    """Return ``quick`` in `make test` and ``drill`` in `make drill`."""
    return drill if IS_DRILL else quick
