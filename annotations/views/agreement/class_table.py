"""Filtered and sorted table rows for the classes or groups of an agreement report."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.views.agreement import numbers
from annotations.views.agreement.numbers import MEASURES, Measure, Number
from annotations.views.agreement.subjects import LEVELS, Subject

# The default coefficient, because it is informative for rare classes too.
MAIN = "positive_agreement"

ONLY: Mapping[str, Promise] = {
    "": _("All classes"),
    "given": _("Marked by a reader"),
    "rare": _("Rare"),
    "undefined": _("Without a value"),
}

ONLY_GROUPS: Mapping[str, Promise] = {**ONLY, "": _("All groups")}


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One table row: a class or a group of classes.

    Attributes:
        of: the class or group.
        n_exams: exams read by at least two readers.
        n_any: of these, exams in which at least one reader marked the class.
        n_all: of these, exams in which all readers marked it.
        n_not_assessable: readings that call the class not assessable.
        chosen: the selected coefficient.
        word: its Landis and Koch band; empty where the scale does not apply.
        without_one: range of the coefficient when each reader in turn is left out.
        prevalence: share of readings that mark the class.
        numbers: all coefficients, by their names in reports.
        sentence: the counts as a sentence.
    """

    of: Subject
    n_exams: int
    n_any: int
    n_all: int
    n_not_assessable: int
    chosen: Number
    word: str
    without_one: str
    prevalence: Number
    numbers: Mapping[str, Number]
    sentence: str

    @property
    def n_disputed(self) -> int:
        """Number of exams in which some, but not all, readers marked the class."""
        return self.n_any - self.n_all

    @property
    def is_rare(self) -> bool:
        """Whether any interval comes from a Dirichlet posterior, as few exams are informative."""
        return any(number.is_rare for number in self.numbers.values())

    @property
    def positive(self) -> Number:
        return self.numbers["positive_agreement"]

    @property
    def negative(self) -> Number:
        return self.numbers["negative_agreement"]

    @property
    def kappa(self) -> Number:
        """Light's kappa, the mean of Cohen's kappa over the pairs of readers."""
        return self.numbers["light_kappa"]

    @property
    def alpha(self) -> Number:
        """Krippendorff's alpha."""
        return self.numbers["krippendorff_alpha"]


@dataclass(frozen=True, slots=True)
class TableFilter:
    """Filter and sort options of the table.

    Attributes:
        measure: the selected coefficient.
        sort: a key of ``SORTS``; a leading minus reverses the order.
        text: words to search for in names and abbreviations.
        group: the code of a group of classes; empty for all.
        only: a key of ``ONLY``.
        level: a key of ``LEVELS``.
    """

    measure: str = MAIN
    sort: str = "disputed"
    text: str = ""
    group: str = ""
    only: str = ""
    level: str = "classes"

    @property
    def is_of_groups(self) -> bool:
        return self.level == "groups"

    @property
    def chosen_measure(self) -> Measure:
        return MEASURES[self.measure]


def table_filter(query: QueryDict) -> TableFilter:
    """Parse a query string. Invalid values are replaced by defaults."""
    measure, sort = query.get("measure", ""), query.get("sort", "")
    only, level = query.get("only", ""), query.get("level", "")
    return TableFilter(
        measure=measure if measure in MEASURES else MAIN,
        sort=sort if sort.removeprefix("-") in SORTS else "disputed",
        text=query.get("q", "")[:80].strip(),
        group=query.get("group", "")[:60],
        only=only if only in ONLY else "",
        level=level if level in LEVELS else "classes",
    )


def class_lines(
    results: Mapping[str, Any], subjects: Mapping[str, Subject], filters: TableFilter
) -> list[ClassLine]:
    """Return the rows that match the filter, sorted.

    Args:
        results: the results of a report.
        subjects: the report's classes or groups by code, depending on ``filters.level``.
        filters: the filter and sort options.
    """
    lines = [
        line_of(row, subjects[row["class"]], filters.measure)
        for row in results.get(filters.level, [])
    ]
    matching = [line for line in lines if _matches(line, filters)]
    matching.sort(key=lambda line: line.of.abbreviation.casefold())
    key = SORTS[filters.sort.removeprefix("-")]
    matching.sort(key=lambda line: key(line) or (), reverse=filters.sort.startswith("-"))
    # Rows without a value come last in both directions.
    return sorted(matching, key=lambda line: key(line) is None)


def line_of(row: Mapping[str, Any], of: Subject, measure: str) -> ClassLine:
    measures = {name: numbers.of(name, row) for name in MEASURES}
    ends = row.get("without_one_reader", {}).get(measure) or (None, None)
    return ClassLine(
        of=of,
        n_exams=row["n_exams"],
        n_any=row["n_positive_any"],
        n_all=row["n_positive_all"],
        n_not_assessable=row["n_not_assessable"],
        chosen=measures[measure],
        word=numbers.band_name(row.get("bands", {}).get(measure, "")),
        without_one=numbers.between(*ends, as_percent=MEASURES[measure].is_share),
        prevalence=numbers.number(row["prevalence"], as_percent=True),
        numbers=measures,
        sentence=_sentence(row),
    )


Key = Callable[[ClassLine], "tuple[object, ...] | None"]

# Sort keys, ascending; None sorts last in both directions.
SORTS: Mapping[str, Key] = {
    "name": lambda line: (line.of.abbreviation.casefold(),),
    "estimate": lambda line: None if line.chosen.value is None else (-line.chosen.value,),
    "n": lambda line: (-line.n_any, -line.n_all),
    "disputed": lambda line: (-line.n_disputed, -line.n_any),
}


def _matches(line: ClassLine, filters: TableFilter) -> bool:
    conditions = {
        "": True,
        "given": line.n_any > 0,
        "rare": line.is_rare,
        "undefined": not line.chosen.is_defined,
    }
    searched = _fold_case(f"{line.of.abbreviation} {line.of.local_name}")
    return (
        conditions[filters.only]
        and filters.group in ("", line.of.group.code)
        and all(word in searched for word in _fold_case(filters.text).split())
    )


def _fold_case(text: str) -> str:
    """Return the text in lower case without accents, as the search boxes in the browser do."""
    spread = unicodedata.normalize("NFD", text)
    return "".join(sign for sign in spread if not unicodedata.combining(sign)).casefold()


def _sentence(row: Mapping[str, Any]) -> str:
    """Describe the counts of a row."""
    n_exams, n_any, n_all = row["n_exams"], row["n_positive_any"], row["n_positive_all"]
    if not n_exams:
        return gettext("No exam has been read by two readers yet.")
    if not n_any:
        sentence = gettext("Marked in none of %(exams)s exams.")
    elif n_any == n_all:
        sentence = gettext(
            "Whenever one reader marked it, all readers did: %(all)s of %(exams)s exams."
        )
    elif not n_all:
        sentence = gettext(
            "Marked in %(some)s of %(exams)s exams, never by all readers of an exam."
        )
    else:
        sentence = gettext(
            "At least one reader marked it in %(some)s of %(exams)s exams; all readers "
            "did in %(all)s of these."
        )
    counts = {"exams": n_exams, "some": n_any, "all": n_all}
    return sentence % {name: numbers.grouped(n) for name, n in counts.items()}
