"""A release written once, for all tests that only read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ecgreview.release.formats import Format

from . import contents, writers


@pytest.fixture(scope="session")
def rows(shared_data: Path) -> contents.Rows:
    return contents.content(shared_data)


Release = Callable[[str], Path]
"""Returns the folder of a format."""


@pytest.fixture(scope="session")
def release(rows: contents.Rows, tmp_path_factory: pytest.TempPathFactory) -> Release:
    root = tmp_path_factory.mktemp("release")

    def folder(name: str) -> Path:
        result = root / name
        if not result.exists():
            result.mkdir()
            writer: Format = writers.ALL[name].FORMAT
            if writer.extra:
                pytest.importorskip("pyarrow", reason="make setup has not installed pyarrow")
                pytest.importorskip("pydicom", reason="make setup has not installed pydicom")
            writer.write(rows, result)
        return result

    return folder
