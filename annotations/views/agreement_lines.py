"""An agreement report in the words and numbers of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import DiagnosticClass
from ecgreview import agreement
from ecgreview.agreement import coefficient

REASONS: dict[str, Promise] = {
    coefficient.NOT_COMPARED: _("No exam was read by two readers."),
    coefficient.ALL_ALIKE: _("All readings say the same, so agreement beyond chance is undefined."),
    coefficient.NEVER_GIVEN: _("No reader gave the class."),
    coefficient.ALWAYS_GIVEN: _("Every reader gave the class to every exam."),
    coefficient.UNUSED: _("No reading is of this category."),
    coefficient.ONE_CATEGORY: _(
        "There is only one category, so nothing else could have been said."
    ),
    coefficient.NO_PAIR: _("No pair of readers has a defined kappa."),
    coefficient.ABSENCE_ONLY: _(
        "No reader gave the class: this is agreement about its absence only."
    ),
    coefficient.NO_CLASS: _("No class has a value."),
}
"""The sentences of the domain, for translation."""

AXIS_WIDTH = 100
"""Units of the little axis from 0 to 1 on which a kappa is drawn as a dot."""


@dataclass(frozen=True, slots=True)
class Number:
    """A coefficient as it is written: the number, or a dash and why there is none."""

    text: str
    reason: str
    is_defined: bool
    dot_x: str


@dataclass(frozen=True, slots=True)
class PairLine:
    """Two readers and one class: how often both, one, the other or neither gave it."""

    first: str
    second: str
    n_both: int
    n_first: int
    n_second: int
    n_neither: int
    positive: Number
    kappa: Number


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One row of the table: a class that somebody gave."""

    abbreviation: str
    name: str
    n_any: int
    n_all: int
    prevalence: Number
    percent: Number
    positive: Number
    cohen: Number
    fleiss: Number
    alpha: Number
    sentence: str
    pairs: list[PairLine]

    @property
    def n_disputed(self) -> int:
        """How many exams some, but not all, of their readers gave the class."""
        return self.n_any - self.n_all


def class_lines(
    results: Mapping[str, Any],
    classes: Mapping[str, DiagnosticClass],
    names: Mapping[str, str],
) -> list[ClassLine]:
    """Return the classes that anybody gave, the most disputed first.

    Args:
        results: what ``ecgreview.agreement.report`` returned.
        classes: by code.
        names: of the readers, by primary key as text.
    """
    given = [one for one in results["classes"] if one["n_positive_any"]]
    pairs: dict[str, list[Mapping[str, Any]]] = {one["class"]: [] for one in results["classes"]}
    for line in agreement.pair_lines(results, classes=[one["class"] for one in given]):
        pairs[line["class"]].append(line)
    lines = [_class_line(one, classes[one["class"]], names, pairs[one["class"]]) for one in given]
    return sorted(lines, key=lambda line: (-line.n_disputed, -line.n_any, line.abbreviation))


def number(found: Mapping[str, Any], *, as_percent: bool = False) -> Number:
    """Return a measure ``{"estimate", "reason", ...}`` as text."""
    value, reason = found["estimate"], found["reason"]
    told = str(REASONS.get(reason, reason))
    if value is None:
        return Number("–", told, is_defined=False, dot_x="")
    text = f"{round(100 * value)}%" if as_percent else _decimal(value)
    return Number(text, told, is_defined=True, dot_x=f"{AXIS_WIDTH * max(0.0, value):.1f}")


def _decimal(value: float) -> str:
    """Return ``value`` with two decimals, in the language of the page, with a true minus sign."""
    rounded = round(value, 2) or 0.0  # no "-0.00"
    return number_format(rounded, 2).replace("-", "\N{MINUS SIGN}")


def _class_line(
    one: Mapping[str, Any],
    of: DiagnosticClass,
    names: Mapping[str, str],
    pairs: Sequence[Mapping[str, Any]],
) -> ClassLine:
    return ClassLine(
        abbreviation=of.abbreviation,
        name=of.local_name,
        n_any=one["n_positive_any"],
        n_all=one["n_positive_all"],
        prevalence=number(one["prevalence"], as_percent=True),
        percent=number(one["percent_agreement"], as_percent=True),
        positive=number(one["positive_agreement"], as_percent=True),
        cohen=number(one["light_kappa"]),
        fleiss=number(one["fleiss_kappa"]),
        alpha=number(one["krippendorff_alpha"]),
        sentence=_sentence(one),
        pairs=[_pair_line(pair, names) for pair in pairs],
    )


def _sentence(one: Mapping[str, Any]) -> str:
    """Return the row in plain words."""
    counts = {
        "exams": one["n_exams"],
        "some": one["n_positive_any"],
        "all": one["n_positive_all"],
    }
    if not one["n_exams"]:
        return gettext("No exam has been read by two readers yet.")
    if counts["some"] == counts["all"]:
        return gettext("Whenever one reader gave it, all did: %(all)d of %(exams)d exams.") % counts
    if not counts["all"]:
        return (
            gettext("Given in %(some)d of %(exams)d exams, and never by all readers of an exam.")
            % counts
        )
    return (
        gettext(
            "At least one reader gave it in %(some)d of %(exams)d exams; "
            "in %(all)d of these all readers did."
        )
        % counts
    )


def _pair_line(pair: Mapping[str, Any], names: Mapping[str, str]) -> PairLine:
    first, second = pair["readers"]
    return PairLine(
        first=names.get(first, first),
        second=names.get(second, second),
        n_both=pair["n11"],
        n_first=pair["n10"],
        n_second=pair["n01"],
        n_neither=pair["n00"],
        positive=number(pair["positive_agreement"], as_percent=True),
        kappa=number(pair["cohen_kappa"]),
    )
