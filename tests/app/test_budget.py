"""Download size of the reading desk, in bytes after Brotli compression."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from annotations.models import Assignment, User
from ecgreview.ecg import formats, wire
from ecgreview.site import bundling

MAX_BYTES = 400_000
MAX_EXAM_BYTES = 50_000
STATIC_FILE = re.compile(r'(?:src|href)="/static/([^"]+\.(?:js|css))"')


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own scripts and styles, bundled as ``collectstatic`` does."""
    esbuild = bundling.program()
    if esbuild is None:
        pytest.skip("npm is not available, so modules are not bundled")
    folder = tmp_path_factory.mktemp("bundles")
    bundling.bundle(esbuild, folder)
    return folder


def compressed_file(name: str, bundles: Path) -> bytes:
    path = finders.find(name) if name.startswith("vendor/") else bundles / name
    assert path, name
    compressed: bytes = brotli.compress(Path(path).read_bytes())
    return compressed


def test_scripts_and_styles_of_the_desk_are_within_budget(
    ana: User,
    assign: Callable[..., Assignment],
    signed_in: Callable[[User], Client],
    bundles: Path,
) -> None:
    page = signed_in(ana).get(f"/read/{assign(ana).pk}/").content.decode()
    names = set(STATIC_FILE.findall(page))
    assert {"vendor/plotly/plotly.min.js", "js/desk/desk.js", "css/reading.css"} <= names
    sizes = {name: len(compressed_file(name, bundles)) for name in names}
    assert sum(sizes.values()) <= MAX_BYTES, sizes


def test_real_exams_are_within_budget(shared_data: Path) -> None:
    folder = shared_data / "ptbxl" / "records500" / "00000"
    results = [result for path in formats.find(folder) for result in formats.read(path, folder)]
    sizes = [len(wire.pack(r.signal)) for r in results if isinstance(r, formats.Recording)]
    assert len(sizes) >= 10
    assert statistics.median(sizes) <= MAX_EXAM_BYTES


@pytest.mark.parametrize("name", ["uPlot.iife.min.js", "uplot/dist/uPlot.iife.min.js"])
def test_the_benchmark_dependency_is_not_served(name: str) -> None:
    assert finders.find(name) is None
    assert finders.find(f"vendor/{name}") is None
