"""The examples of docs/reference/agreement.md run and give the printed results."""

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
EXAMPLE = re.compile(r"^(?P<what>\S.*?)  # (?P<value>.+)$")


def examples_of(block: str) -> list[tuple[str, str]]:
    """Return the expression and the printed result of each example in a block."""
    result = [EXAMPLE.match(line) for line in block.splitlines()]
    examples = [(item["what"], item["value"]) for item in result if item]
    return [(expression, value) for expression, value in examples if is_expression(expression)]


def is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def as_printed(value: str) -> Any:
    result = ast.literal_eval(value)
    return pytest.approx(result, abs=5e-4) if isinstance(result, float) else result


def test_the_examples_give_the_documented_results():
    namespace: dict[str, Any] = {}
    n_compared = 0
    for block in BLOCKS:
        exec(block, namespace)  # noqa: S102 - our own page
        for expression, printed in examples_of(block):
            value = eval(expression, namespace)  # noqa: S307 - our own page
            value = value.item() if isinstance(value, np.ndarray) else value
            assert value == as_printed(printed), expression
            n_compared += 1
    assert n_compared >= 14


def test_every_exported_name_is_documented():
    for name in agreement.__all__:
        exported = getattr(agreement, name)
        if callable(exported):
            assert exported.__doc__, name


@pytest.mark.parametrize("room", [coefficients, latent, accuracy])
def test_every_module_is_on_the_page(room):
    text = PAGE.read_text(encoding="utf-8")
    missing = [name for name in room.__all__ if not re.search(rf"\b{name}\b", text)]
    assert missing == []


def test_every_reason_is_explained():
    page = PAGE.read_text(encoding="utf-8")
    assert [code for code in Reason if f"\n| `{code}` |" not in page] == []
