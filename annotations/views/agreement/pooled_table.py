"""Estimates pooled over rare classes, formatted for pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from annotations.models import DiagnosticClass
from annotations.sentences.reasons import sentence
from annotations.views.agreement.numbers import Number, separate_reasons, share
from ecgreview.agreement.values.reasons import Reason

Classes = Mapping[str, DiagnosticClass]
# A part of a stored report, parsed from JSON.
Fitted = Mapping[str, Any]

# Classes without an estimate for these reasons are not listed.
UNMET = (Reason.NOT_COMPARED, Reason.NEVER_GIVEN, Reason.ALWAYS_GIVEN)

# Reasons why a class's own estimates are not shown.
DEGENERATE = (Reason.PREVALENCE_ABOVE_GIVEN, Reason.LOW_SENSITIVITY)


@dataclass(frozen=True, slots=True)
class PooledRow:
    """The pooled estimates of one class.

    Attributes:
        numbers: the estimates, in the order of the columns.
        caution: what to keep in mind about the numbers.
        why: why the class's own estimates are implausible; empty if the class is only rare.
    """

    abbreviation: str
    name: str
    numbers: list[Number]
    caution: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PooledTable:
    """The pooled estimates of a report.

    Attributes:
        columns: headings of the numbers.
        lines: the classes with estimates.
        refused: abbreviations of the classes without estimates, by reason.
        is_old: whether the report was computed before pooled estimates existed.
    """

    columns: list[str]
    lines: list[PooledRow] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    is_old: bool = False


def prevalences(results: Fitted, classes: Classes) -> PooledTable:
    return _pooled(results, classes, [_("Prevalence")], lambda pooled: [pooled["prevalence"]])


def skills(results: Fitted, place: int, classes: Classes) -> PooledTable:
    """Return pooled sensitivity and specificity of the reader at index ``place``.

    Classes that the reader has not read are left out.
    """

    def of_reader(pooled: Fitted) -> list[Fitted]:
        own = (fitted for fitted in pooled["readers"] if fitted["reader"] == place)
        return [fitted[name] for fitted in own for name in ("sensitivity", "specificity")]

    return _pooled(results, classes, [_("Sensitivity"), _("Specificity")], of_reader)


def _pooled(
    results: Fitted, classes: Classes, columns: list[str], chosen: Callable[[Fitted], list[Fitted]]
) -> PooledTable:
    lines: list[PooledRow] = []
    refused: dict[str, list[str]] = {}
    for code, fitted in _rows(results):
        if "pooled" not in fitted:
            return PooledTable(columns, is_old=True)
        if fitted["pooled"] is None:
            continue
        of, prevalence = classes[code], fitted["pooled"]["prevalence"]
        if prevalence["reason"] in UNMET:
            continue
        if prevalence["estimate"] is None:
            refused.setdefault(sentence(prevalence["reason"]), []).append(of.abbreviation)
        elif measures := chosen(fitted["pooled"]):
            lines.append(_line(of, measures, fitted["prevalence"]["reason"]))
    return PooledTable(columns, lines, refused)


def _rows(results: Fitted) -> Iterator[tuple[str, Fitted]]:
    fitted = results.get("latent", {}).get("classes", [])
    codes = [row["class"] for row in results["classes"]]
    return zip(codes, fitted, strict=False)


def _line(of: DiagnosticClass, measures: list[Fitted], reason: str) -> PooledRow:
    cells, caution = separate_reasons([share(measure) for measure in measures])
    why = sentence(reason) if reason in DEGENERATE else ""
    return PooledRow(of.abbreviation, of.local_name, cells, caution, why)
