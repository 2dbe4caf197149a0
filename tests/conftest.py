"""Fixtures that every kind of test may want."""

from __future__ import annotations

from pathlib import Path
from types import FunctionType

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; tests that need it are skipped where it is not mounted."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no shared data at {SHARED_DATA}")
    for name in ("README.md", "EXPECTED.csv", "ptbxl", "cinc2021", "code15", "malformed"):
        if not (SHARED_DATA / name).exists():
            pytest.fail(f"the shared data are incomplete: no {name}")
    return SHARED_DATA


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case by its function: an address in memory would differ between xdist's workers."""
    return val.__name__ if isinstance(val, FunctionType) else None
