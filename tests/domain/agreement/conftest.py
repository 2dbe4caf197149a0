"""Published examples from the shared data; tests that need them are skipped without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "design" / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], dict[str, Any]]:
    """Return a function that reads an example file, given its name without the extension."""
    if not VECTORS.is_dir():
        pytest.skip(f"no published examples at {VECTORS}")

    def read(name: str) -> dict[str, Any]:
        path = VECTORS / f"{name}.json"
        if not path.is_file():
            pytest.fail(f"the published examples are incomplete: no {path.name}")
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return result

    return read
