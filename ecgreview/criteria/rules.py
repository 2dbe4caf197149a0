"""The rules of the criteria model, read from ``rules.toml`` and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgreview.measure.measurements import NAMES

COMPARISONS = {"above": ">", "below": "<", "at_least": ">=", "at_most": "<="}
"""The comparisons a condition may make, and how evidence writes them."""


class BadRule(ValueError):
    """The file of rules says something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A measurement held against a threshold, which may depend on sex."""

    measurement: str
    comparison: str
    thresholds: Mapping[str, float]  # by "F", "M", "unknown"
    or_missing: bool = False

    def threshold(self, sex: str | None) -> float:
        """Return the threshold for ``sex``."""
        return self.thresholds.get(sex or "unknown", self.thresholds["unknown"])

    def holds(self, value: float, sex: str | None) -> bool:
        """Tell whether ``value`` meets the condition."""
        threshold = self.threshold(sex)
        return {
            "above": value > threshold,
            "below": value < threshold,
            "at_least": value >= threshold,
            "at_most": value <= threshold,
        }[self.comparison]


@dataclass(frozen=True, slots=True)
class Rule:
    """A class of the taxonomy, when to propose it, and who says so."""

    code: str
    main: Condition
    requires: tuple[Condition, ...]
    margin: float
    source: str
    group: str


@dataclass(frozen=True, slots=True)
class Label:
    """How evidence names a measurement."""

    text: str
    unit: str
    decimals: int


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything the file of rules says."""

    name: str
    version: str
    youngest_years: float
    least_confidence: float
    labels: Mapping[str, Label]
    rules: tuple[Rule, ...]


def read(path: Path) -> RuleBook:
    """Return the rules in the TOML file ``path``.

    Raises:
        BadRule: a rule names no measurement, or compares it in no known way.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return RuleBook(
        name=data["name"],
        version=data["version"],
        youngest_years=data["youngest_years"],
        least_confidence=data["least_confidence"],
        labels={key: Label(*parts) for key, parts in data["labels"].items()},
        rules=tuple(_rule(entry) for entry in data["rule"]),
    )


def _rule(entry: dict[str, Any]) -> Rule:
    if not (entry["margin"] > 0 and entry["source"]):
        raise BadRule(f"{entry['code']} needs a margin above zero and a source")
    return Rule(
        code=entry["code"],
        main=_condition(entry),
        requires=tuple(_condition(condition) for condition in entry["requires"]),
        margin=entry["margin"],
        source=entry["source"],
        group=entry.get("group", entry["code"]),
    )


def _condition(entry: dict[str, Any]) -> Condition:
    named = [comparison for comparison in COMPARISONS if comparison in entry]
    if entry["measurement"] not in NAMES or len(named) != 1:
        raise BadRule(f"this is no condition on one measurement: {entry}")
    threshold = entry[named[0]]
    by_sex = threshold if isinstance(threshold, dict) else {"unknown": threshold}
    return Condition(entry["measurement"], named[0], by_sex, entry.get("or_missing", False))


BOOK = read(Path(__file__).with_name("rules.toml"))
NAME = BOOK.name
VERSION = BOOK.version
COVERED: tuple[str, ...] = tuple(dict.fromkeys(rule.code for rule in BOOK.rules))
"""The codes the model may propose; of all others it says nothing, not even their absence."""
