"""The names that people know classes by, in the place of their codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .appendices import MOST_LINES


def with_class_names(report: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return ``report`` with the classes called by ``names``.

    Lines of pairs and repeats that are made of the result have these names too.

    Args:
        report: the agreement of readers, version 3.
        names: by code; a class that has none keeps its code.
    """
    classes = [
        {**line, "class": names.get(line["class"], line["class"])} for line in report["classes"]
    ]
    return {**report, "classes": classes}


def has_room_for_pairs(report: Mapping[str, Any]) -> bool:
    """Return whether a written report has room for a line for each pair of readers and class.

    Where it has not, nobody needs to make these lines: they are many, and each has intervals.
    """
    return len(report["pairs"]) * len(report["classes"]) <= MOST_LINES
