"""Replace the class codes in a report with display names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .appendices import MAX_LINES


def with_class_names(
    report: Mapping[str, Any], names: Mapping[str, str], groups: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return ``report`` with display names of classes and groups in place of their codes.

    Lines of pairs and repeats that are computed from the returned report have these names too.

    Args:
        report: the agreement report, of a version in ``VERSIONS``.
        names: class names by code; a class without a name keeps its code.
        groups: group names by code; a group without a name keeps its code.
    """
    renamed = {**report, "classes": _named(report["classes"], names)}
    if "groups" in report:
        renamed["groups"] = _named(report["groups"], groups or {})
    if "certainty" in report:
        certainty = report["certainty"]
        renamed["certainty"] = {**certainty, "classes": _named(certainty["classes"], names)}
    return renamed


def _named(lines: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**line, "class": names.get(line["class"], line["class"])} for line in lines]


def has_room_for_pairs(report: Mapping[str, Any]) -> bool:
    """Return whether a written report has room for one line per pair of readers and class.

    If not, the caller can skip computing these lines: there are many, and each needs intervals.
    """
    return len(report["pairs"]) * len(report["classes"]) <= MAX_LINES
