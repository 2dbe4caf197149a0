"""Every format is documented, and opened by a third-party library in a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import formats_page

from . import writers

OPENED = re.compile(r'@pytest\.mark\.opens\("([\w.]+)", "([\w.]+)"\)\n')

# What stands for a part of a file name in the documentation.
WILDCARDS = {"/NN/": r"/\d+/", "CODE": r"\w+", "SPLIT": r"\w+", "partN": r"part\d+", "_T.": r"_\d."}


def opened() -> set[tuple[str, str]]:
    """Return (format, library) for each marked test, also those that are skipped here."""
    tests = Path(__file__).parent.glob("test_*.py")
    return {pair for path in tests for pair in OPENED.findall(path.read_text(encoding="utf-8"))}


def documented(name: str) -> list[str]:
    """Return patterns of the paths that the documentation names; ``a.hea, .dat`` are two."""
    patterns = []
    for files in writers.ALL[name].ABOUT.files:
        first, *others = files.split(", ")
        stem = first.rpartition(".")[0]
        patterns += [first, *(stem + other if other[0] == "." else other for other in others)]
    for wildcard, pattern in WILDCARDS.items():
        patterns = [text.replace(wildcard, pattern) for text in patterns]
    return patterns


def test_the_page_is_up_to_date():
    written = formats_page.PAGE.read_text(encoding="utf-8")
    assert written == formats_page.text(), "run python -m scripts.formats_page"


@pytest.mark.parametrize("name", sorted(writers.ALL))
def test_a_third_party_library_opens_the_format(name):
    assert writers.ALL[name].ABOUT.readers, f"nothing but our own code reads {name}"


def test_the_libraries_named_are_those_that_tests_use():
    named = {
        (name, reader) for name, module in writers.ALL.items() for reader in module.ABOUT.readers
    }
    assert opened() == named


@pytest.mark.parametrize("name", sorted(writers.ALL))
def test_the_files_named_are_those_written(name, release):
    folder = release(name)
    paths = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert paths
    patterns = documented(name)
    assert [path for path in paths if not any(re.fullmatch(p, path) for p in patterns)] == []
