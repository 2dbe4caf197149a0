"""The rules of the criteria model, read from ``rules.toml`` and validated."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ecgreview.measure.measurements import NAMES

from .verdicts import Reason, State

# The comparisons that conditions can make, and their signs in evidence.
SIGNS = {"above": ">", "below": "<", "at_least": "≥", "at_most": "≤"}

# Placeholder in the rules file for QTc by the formula of the protocol.
CORRECTED_QT = "qtc_ms"


class BadRule(ValueError):
    """The rules file is invalid."""


class QtFormula(StrEnum):
    """The QT corrections that a protocol may name."""

    BAZETT = "bazett"
    FRIDERICIA = "fridericia"
    FRAMINGHAM = "framingham"
    HODGES = "hodges"


@dataclass(frozen=True, slots=True)
class Condition:
    """A measurement compared with a limit, which may depend on sex.

    Attributes:
        or_missing: for a guard, whether it also passes if the measurement is missing.
        tolerance: a value that meets the limit by less than this is undecided, because measurement
            error could explain it.
        reason: for a guard, why the class is withheld if the guard fails.
        formula: for a guard, the only QT formula it applies to.
    """

    measurement: str
    comparison: str
    thresholds: Mapping[str, float]  # by "F", "M", "unknown"
    or_missing: bool = False
    tolerance: float = 0.0
    reason: Reason | None = None
    formula: QtFormula | None = None

    def measured(self, formula: QtFormula) -> str:
        """Return the name of the measurement to compare."""
        return f"qtc_{formula}_ms" if self.measurement == CORRECTED_QT else self.measurement

    def threshold(self, sex: str | None) -> float:
        return self.thresholds.get(sex or "unknown", self.thresholds["unknown"])

    def holds(self, value: float, sex: str | None) -> bool:
        threshold = self.threshold(sex)
        return {
            "above": value > threshold,
            "below": value < threshold,
            "at_least": value >= threshold,
            "at_most": value <= threshold,
        }[self.comparison]


@dataclass(frozen=True, slots=True)
class Unless:
    """An exception: if all its conditions are met, the class is not suggested."""

    conditions: tuple[Condition, ...]
    state: State
    reason: Reason


@dataclass(frozen=True, slots=True)
class Rule:
    """The criteria of one class, the exceptions and guards that prevent it, and their source."""

    code: str
    criteria: tuple[Condition, ...]
    guards: tuple[Condition, ...]
    unless: tuple[Unless, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Label:
    """Name, unit and decimals of a measurement in evidence."""

    text: str
    unit: str
    decimals: int


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The contents of the rules file."""

    name: str
    version: str
    youngest_years: float
    min_confidence: float
    labels: Mapping[str, Label]
    rules: tuple[Rule, ...]

    @property
    def by_code(self) -> dict[str, tuple[Rule, ...]]:
        """The rules of each class, in the order of the file."""
        codes = dict.fromkeys(rule.code for rule in self.rules)
        return {code: tuple(rule for rule in self.rules if rule.code == code) for code in codes}


def read(path: Path) -> RuleBook:
    """Return the rules in the TOML file ``path``.

    Raises:
        BadRule: a rule is incomplete, or names an unknown measurement or comparison.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return RuleBook(
        name=data["name"],
        version=data["version"],
        youngest_years=data["youngest_years"],
        min_confidence=data["min_confidence"],
        labels={key: Label(*parts) for key, parts in data["labels"].items()},
        rules=tuple(_rule(entry) for entry in data["rule"]),
    )


def _rule(entry: dict[str, Any]) -> Rule:
    if not (entry["criteria"] and entry["source"]):
        raise BadRule(f"{entry['code']} needs a criterion and a source")
    guards = tuple(_condition(condition) for condition in entry.get("guards", ()))
    if any(guard.reason is None for guard in guards):
        raise BadRule(f"each guard of {entry['code']} needs a reason")
    return Rule(
        code=entry["code"],
        criteria=tuple(_condition(condition) for condition in entry["criteria"]),
        guards=guards,
        unless=tuple(_unless(exception) for exception in entry.get("unless", ())),
        source=entry["source"],
    )


def _unless(entry: dict[str, Any]) -> Unless:
    conditions = tuple(_condition(condition) for condition in entry["all"])
    return Unless(conditions, State(entry["state"]), Reason(entry["reason"]))


def _condition(entry: dict[str, Any]) -> Condition:
    named = [comparison for comparison in SIGNS if comparison in entry]
    if entry["measurement"] not in {*NAMES, CORRECTED_QT} or len(named) != 1:
        raise BadRule(f"not a valid condition on one measurement: {entry}")
    threshold = entry[named[0]]
    return Condition(
        measurement=entry["measurement"],
        comparison=named[0],
        thresholds=threshold if isinstance(threshold, dict) else {"unknown": threshold},
        or_missing=entry.get("or_missing", False),
        tolerance=entry.get("tolerance", 0.0),
        reason=Reason(entry["reason"]) if "reason" in entry else None,
        formula=QtFormula(entry["formula"]) if "formula" in entry else None,
    )


BOOK = read(Path(__file__).with_name("rules.toml"))
NAME = BOOK.name
# The classes that the model checks. It never suggests any other class.
COVERED: tuple[str, ...] = tuple(BOOK.by_code)


def version_of(formula: QtFormula) -> str:
    """Return the version of the model that corrects QT with ``formula``."""
    return f"{BOOK.version}-{formula}"


# The default version, for protocols without a QT formula.
VERSION = version_of(QtFormula.BAZETT)
