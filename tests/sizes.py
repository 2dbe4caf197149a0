"""How much is tried: enough for every change in `make test`, all of it in `make drill`."""

from __future__ import annotations

import os
from typing import TypeVar

Size = TypeVar("Size")

IS_DRILL = os.environ.get("DRILL") == "1"


def size(quick: Size, drill: Size) -> Size:
    """Return the first in `make test` and the second in `make drill`."""
    return drill if IS_DRILL else quick
