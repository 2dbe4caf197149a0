"""What classes too rare alone borrow from the others, in the words and numbers of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from annotations.models import DiagnosticClass
from annotations.sentences.reasons import sentence
from annotations.views.agreement.numbers import Number, share, told_once
from ecgreview.agreement.values.reasons import Reason

Classes = Mapping[str, DiagnosticClass]
Fitted = Mapping[str, Any]
"""Of a report, as it is stored."""

UNMET = (Reason.NOT_COMPARED, Reason.NEVER_GIVEN, Reason.ALWAYS_GIVEN)
"""Of such classes there is nothing to know, and no list of them."""

DEGENERATE = (Reason.PREVALENCE_ABOVE_GIVEN, Reason.LOW_SENSITIVITY)
"""Why a class' own estimates are not shown, where that is said of it by name."""


@dataclass(frozen=True, slots=True)
class PooledRow:
    """What one class borrows.

    Attributes:
        numbers: in the order of the columns.
        caution: what is to be minded of them, once.
        why: why the class' own estimates are absurd; empty when it is only rare.
    """

    abbreviation: str
    name: str
    numbers: list[Number]
    caution: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PooledTable:
    """What the classes of a report borrow.

    Attributes:
        lines: of the classes that do.
        refused: why others cannot, with the abbreviations of these classes.
        columns: what the numbers of the lines are.
        is_old: whether the version is older than the pooled model.
    """

    columns: list[str]
    lines: list[PooledRow] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    is_old: bool = False


def prevalences(results: Fitted, classes: Classes) -> PooledTable:
    """Return how common the classes are by what they borrow."""
    return _pooled(results, classes, [_("Prevalence")], lambda pooled: [pooled["prevalence"]])


def skills(results: Fitted, place: int, classes: Classes) -> PooledTable:
    """Return sensitivity and specificity of the reader at ``place``, from 0, by what they borrow.

    Classes that the reader has not read are left out.
    """

    def of_reader(pooled: Fitted) -> list[Fitted]:
        mine = (one for one in pooled["readers"] if one["reader"] == place)
        return [one[name] for one in mine for name in ("sensitivity", "specificity")]

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
        elif found := chosen(fitted["pooled"]):
            lines.append(_line(of, found, fitted["prevalence"]["reason"]))
    return PooledTable(columns, lines, refused)


def _rows(results: Fitted) -> Iterator[tuple[str, Fitted]]:
    fitted = results.get("latent", {}).get("classes", [])
    codes = [one["class"] for one in results["classes"]]
    return zip(codes, fitted, strict=False)


def _line(of: DiagnosticClass, found: list[Fitted], reason: str) -> PooledRow:
    plain, caution = told_once([share(one) for one in found])
    why = sentence(reason) if reason in DEGENERATE else ""
    return PooledRow(of.abbreviation, of.local_name, plain, caution, why)
