"""Scripts and styles as they are sent."""

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
    found = bundling.program()
    if found is None:
        pytest.skip("npm is not to be had, so there is no esbuild")
    return found


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        path = tmp_path / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "static"


def test_a_page_and_what_it_imports_are_one_file(esbuild, sources, tmp_path):
    bundling.bundle(esbuild, tmp_path / "out", sources)
    sent = (tmp_path / "out" / "js" / "page.js").read_text(encoding="utf-8")
    assert "olá" in sent
    assert "import" not in sent
    assert "remark" not in sent


def test_a_style_sheet_and_what_it_imports_are_one_file(esbuild, sources, tmp_path):
    bundling.bundle(esbuild, tmp_path / "out", sources)
    sent = (tmp_path / "out" / "css" / "page.css").read_text(encoding="utf-8")
    assert sent.strip() == "b{background:url(../mark.svg)}"


def test_a_module_that_is_not_there_is_named(esbuild, sources, tmp_path):
    (sources / "js" / "word.js").unlink()
    with pytest.raises(bundling.Unbundled, match=r"js/page\.js:1"):
        bundling.bundle(esbuild, tmp_path / "out", sources)


def collected(sources: Path, target: Path) -> dict[str, str]:
    """Return the texts that collecting ``sources`` makes, by the names they were written under."""
    storage = HashedStorage(location=str(target), base_url="/static/")
    found = StaticFilesStorage(location=str(sources), base_url="/static/")
    paths = {}
    for name in MODULES:
        with found.open(name) as file:
            storage.save(name, file)
        paths[name] = (found, name)
    for _, _, processed in storage.post_process(paths):
        assert not isinstance(processed, Exception), processed
    return {name: Path(storage.path(storage.stored_name(name))).read_text() for name in MODULES}


def test_collecting_sends_bundles(esbuild, sources, tmp_path, monkeypatch):
    monkeypatch.setattr(bundling, "SOURCES", sources)
    sent = collected(sources, tmp_path / "collected")
    assert "olá" in sent["js/page.js"]
    assert "mark." in sent["css/page.css"]
    assert "../mark.svg" not in sent["css/page.css"]  # its name carries a hash by now


def test_without_esbuild_modules_are_sent_one_by_one(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(bundling, "program", lambda: None)
    sent = collected(sources, tmp_path / "collected")
    assert 'from "./word.' in sent["js/page.js"]
    assert "olá" not in sent["js/page.js"]
