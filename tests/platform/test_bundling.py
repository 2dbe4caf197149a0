"""Bundling of scripts and styles."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import StaticFilesStorage

from ecgreview.site import bundling
from ecgreview.site.static import HashedStorage

MODULES = {
    "js/page.js": 'import { word } from "./word.js";\ndocument.title = word;\n',
    "js/word.js": '// A remark.\nexport const word = "olá";\n',
    "css/page.css": '@import "./part.css";\n',
    "css/part.css": 'b { background: url("../mark.svg"); }\n',
    "mark.svg": "<svg/>",
}


@pytest.fixture
def esbuild() -> Path:
    program = bundling.program()
    if program is None:
        pytest.skip("npm is not available, so there is no esbuild")
    return program


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        path = tmp_path / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "static"


def test_a_script_and_its_imports_become_one_file(esbuild, sources, tmp_path):
    bundling.bundle(esbuild, tmp_path / "out", sources)
    content = (tmp_path / "out" / "js" / "page.js").read_text(encoding="utf-8")
    assert "olá" in content
    assert "import" not in content
    assert "remark" not in content


def test_a_style_sheet_and_its_imports_become_one_file(esbuild, sources, tmp_path):
    bundling.bundle(esbuild, tmp_path / "out", sources)
    content = (tmp_path / "out" / "css" / "page.css").read_text(encoding="utf-8")
    assert content.strip() == "b{background:url(../mark.svg)}"


def test_a_missing_module_is_named(esbuild, sources, tmp_path):
    (sources / "js" / "word.js").unlink()
    with pytest.raises(bundling.Unbundled, match=r"js/page\.js:1"):
        bundling.bundle(esbuild, tmp_path / "out", sources)


def collect(sources: Path, target: Path) -> dict[str, str]:
    """Collect ``sources`` into ``target`` and return each file's content by its source name."""
    storage = HashedStorage(location=str(target), base_url="/static/")
    source_storage = StaticFilesStorage(location=str(sources), base_url="/static/")
    paths = {}
    for name in MODULES:
        with source_storage.open(name) as file:
            storage.save(name, file)
        paths[name] = (source_storage, name)
    for _, _, processed in storage.post_process(paths):
        assert not isinstance(processed, Exception), processed
    return {name: Path(storage.path(storage.stored_name(name))).read_text() for name in MODULES}


def test_collecting_makes_bundles(esbuild, sources, tmp_path, monkeypatch):
    monkeypatch.setattr(bundling, "SOURCES", sources)
    content = collect(sources, tmp_path / "collected")
    assert "olá" in content["js/page.js"]
    assert "mark." in content["css/page.css"]
    assert "../mark.svg" not in content["css/page.css"]  # its name now contains a hash


def test_without_esbuild_modules_stay_separate(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(bundling, "program", lambda: None)
    content = collect(sources, tmp_path / "collected")
    assert 'from "./word.' in content["js/page.js"]
    assert "olá" not in content["js/page.js"]
