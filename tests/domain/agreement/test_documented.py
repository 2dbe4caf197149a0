"""The examples of docs/reference/agreement.md run, and give what is written beside them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgreview import agreement
from ecgreview.agreement import accuracy, coefficients, latent
from ecgreview.agreement.values.reasons import Reason

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "agreement.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SAID = re.compile(r"^(?P<what>\S.*?)  # (?P<value>.+)$")


def written(block: str) -> list[tuple[str, str]]:
    """Return the lines of a block that say what they give."""
    result = [SAID.match(line) for line in block.splitlines()]
    said = [(item["what"], item["value"]) for item in result if item]
    return [(what, value) for what, value in said if is_expression(what)]


def is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def as_written(value: str) -> Any:
    result = ast.literal_eval(value)
    return pytest.approx(result, abs=5e-4) if isinstance(result, float) else result


def test_the_examples_give_what_is_written():
    known: dict[str, Any] = {}
    n_compared = 0
    for block in BLOCKS:
        exec(block, known)  # noqa: S102 - the page is ours
        for what, value in written(block):
            given = eval(what, known)  # noqa: S307 - likewise
            given = given.item() if isinstance(given, np.ndarray) else given
            assert given == as_written(value), what
            n_compared += 1
    assert n_compared >= 14


def test_all_that_is_exported_is_described():
    for name in agreement.__all__:
        one = getattr(agreement, name)
        if callable(one):
            assert one.__doc__, name


@pytest.mark.parametrize("room", [coefficients, latent, accuracy])
def test_every_module_of_a_room_is_on_the_page(room):
    text = PAGE.read_text(encoding="utf-8")
    missing = [name for name in room.__all__ if not re.search(rf"\b{name}\b", text)]
    assert missing == []


def test_every_reason_is_explained():
    page = PAGE.read_text(encoding="utf-8")
    assert [code for code in Reason if f"\n| `{code}` |" not in page] == []
