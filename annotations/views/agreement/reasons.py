"""Shares and error rates, which pages write in percent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotations.views.agreement import numbers
from annotations.views.agreement.numbers import Number


def number(found: Mapping[str, Any], *, as_percent: bool = True) -> Number:
    """Return a measure ``{"estimate", "low", "high", "n", "reason", "method"}`` as text."""
    return numbers.number(found, as_percent=as_percent)
