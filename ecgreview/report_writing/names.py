"""The names that people know classes by, in the place of their codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .appendices import MAX_LINES


def with_class_names(
    report: Mapping[str, Any], names: Mapping[str, str], groups: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return ``report`` with the classes called by ``names``, and their groups by ``groups``.

    Lines of pairs and repeats that are made of the result have these names too.

    Args:
        report: the agreement of readers, of one of the versions that are read here.
        names: by code; a class that has none keeps its code.
        groups: likewise.
    """
    told = {**report, "classes": _named(report["classes"], names)}
    if "groups" in report:
        told["groups"] = _named(report["groups"], groups or {})
    if "certainty" in report:
        certainty = report["certainty"]
        told["certainty"] = {**certainty, "classes": _named(certainty["classes"], names)}
    return told


def _named(lines: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**line, "class": names.get(line["class"], line["class"])} for line in lines]


def has_room_for_pairs(report: Mapping[str, Any]) -> bool:
    """Return whether a written report has room for a line for each pair of readers and class.

    Where it has not, nobody needs to make these lines: they are many, and each has intervals.
    """
    return len(report["pairs"]) * len(report["classes"]) <= MAX_LINES
