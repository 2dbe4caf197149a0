"""The reference page describes every key of a protocol."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ecgreview import protocol as protocols
from ecgreview.protocol import FROZEN_FOREVER, KEYS, LATER_BATCHES_ONLY

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "protocol.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def table_of_keys(page: str) -> str:
    return page[: page.index("## What is refused")]


def test_every_key_is_documented_in_the_order_of_the_file(table_of_keys):
    assert re.findall(r"^\| `([a-z_]+)` \|", table_of_keys, re.MULTILINE) == list(KEYS)


def test_documented_defaults_match_the_code(table_of_keys):
    line = re.compile(r"^\| `([a-z_]+)` \|.* \| `?([^|`]+)`? \|$", re.MULTILINE)
    documented = dict(line.findall(table_of_keys))
    minimal = protocols.load("name: A\ntaxonomy: B 1\n")
    defaults = protocols.dump(minimal)
    for key, value in documented.items():
        number = value.replace("true or false", "false")
        assert re.search(rf"^{key}: {re.escape(number)}(\.0)?$", defaults, re.MULTILINE), key
    assert KEYS.keys() - documented.keys() == {"name", "taxonomy", "suggestion_arms"}


def test_the_example_is_a_protocol(page):
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    assert protocols.load(example[1]).readers_per_exam == 3


def test_what_may_change_is_documented(page):
    documented = page.split("## What may change")[1].split("\n## ")[0]
    never, later, at_once = (
        set(re.findall("`([a-z_]+)`", part)) for part in documented.split("- **")[1:]
    )
    assert never == FROZEN_FOREVER
    assert later == LATER_BATCHES_ONLY
    assert at_once == KEYS.keys() - FROZEN_FOREVER - LATER_BATCHES_ONLY
