"""Classes or groups of a report of agreement as lines of a page: chosen, sorted, in words."""

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

MAIN = "positive_agreement"
"""The coefficient that is shown first: the one that means something for rare classes too."""

ONLY: Mapping[str, Promise] = {
    "": _("All classes"),
    "given": _("Marked by a reader"),
    "rare": _("Rare"),
    "undefined": _("Without a value"),
}
"""Which classes are listed."""

ONLY_GROUPS: Mapping[str, Promise] = {**ONLY, "": _("All groups")}
"""Which groups."""


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class, or group of classes.

    Attributes:
        of: the class or group.
        n_exams: exams that two readers or more have read.
        n_any: those in which somebody gave the class.
        n_all: those in which all readers gave it.
        n_not_assessable: readings of which the class could not be assessed.
        chosen: the coefficient that the page is about.
        word: what Landis and Koch call it; empty where the scale is not for it.
        without_one: between which values it lies when one reader is left out.
        prevalence: the share of readings that give the class.
        numbers: all coefficients, by their names in reports.
        sentence: the counts in plain words.
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
        """How many exams some, but not all, of their readers gave the class."""
        return self.n_any - self.n_all

    @property
    def is_rare(self) -> bool:
        """Whether so few exams tell anything that intervals are those of a posterior."""
        return any(one.is_rare for one in self.numbers.values())

    @property
    def positive(self) -> Number:
        """When one reader gives the class, how often another does too."""
        return self.numbers["positive_agreement"]

    @property
    def negative(self) -> Number:
        """When one reader says it is absent, how often another does too."""
        return self.numbers["negative_agreement"]

    @property
    def kappa(self) -> Number:
        """The mean of Cohen's kappa over the pairs of readers."""
        return self.numbers["light_kappa"]

    @property
    def alpha(self) -> Number:
        """Krippendorff's."""
        return self.numbers["krippendorff_alpha"]


@dataclass(frozen=True, slots=True)
class TableFilter:
    """What a person chose to see.

    Attributes:
        measure: the coefficient.
        sort: by what, from the top; a minus turns it round.
        text: in the name or the abbreviation.
        group: the code of a group of classes; empty: of all.
        only: of ``ONLY``.
        level: of ``LEVELS``.
    """

    measure: str = MAIN
    sort: str = "disputed"
    text: str = ""
    group: str = ""
    only: str = ""
    level: str = "classes"

    @property
    def is_of_groups(self) -> bool:
        """Whether the lines are about groups."""
        return self.level == "groups"

    @property
    def told(self) -> Measure:
        """The coefficient as it is offered."""
        return MEASURES[self.measure]


def table_filter(query: QueryDict) -> TableFilter:
    """Return what the address asks for; what it cannot ask for counts as not asked."""
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
    results: Mapping[str, Any], subjects: Mapping[str, Subject], wish: TableFilter
) -> list[ClassLine]:
    """Return the classes or groups that are wished for, in the order that is.

    Args:
        results: of a report.
        subjects: its classes or its groups, as is wished, by code.
        wish: of whoever looks.
    """
    lines = [
        line_of(one, subjects[one["class"]], wish.measure) for one in results.get(wish.level, [])
    ]
    kept = [line for line in lines if _is_wanted(line, wish)]
    kept.sort(key=lambda line: line.of.abbreviation.casefold())
    key = SORTS[wish.sort.removeprefix("-")]
    kept.sort(key=lambda line: key(line) or (), reverse=wish.sort.startswith("-"))
    # What has no value comes last, whichever way round.
    return sorted(kept, key=lambda line: key(line) is None)


def line_of(one: Mapping[str, Any], of: Subject, measure: str) -> ClassLine:
    """Return the line of one class or group."""
    given = {name: numbers.of(name, one) for name in MEASURES}
    ends = one.get("without_one_reader", {}).get(measure) or (None, None)
    return ClassLine(
        of=of,
        n_exams=one["n_exams"],
        n_any=one["n_positive_any"],
        n_all=one["n_positive_all"],
        n_not_assessable=one["n_not_assessable"],
        chosen=given[measure],
        word=numbers.word(one.get("bands", {}).get(measure, "")),
        without_one=numbers.between(*ends, as_percent=MEASURES[measure].is_share),
        prevalence=numbers.number(one["prevalence"], as_percent=True),
        numbers=given,
        sentence=_sentence(one),
    )


Key = Callable[[ClassLine], "tuple[object, ...] | None"]

SORTS: Mapping[str, Key] = {
    "name": lambda line: (line.of.abbreviation.casefold(),),
    "estimate": lambda line: None if line.chosen.value is None else (-line.chosen.value,),
    "n": lambda line: (-line.n_any, -line.n_all),
    "disputed": lambda line: (-line.n_disputed, -line.n_any),
}
"""What lines are sorted by, the one that is looked for first; None: at the end."""


def _is_wanted(line: ClassLine, wish: TableFilter) -> bool:
    is_kept = {
        "": True,
        "given": line.n_any > 0,
        "rare": line.is_rare,
        "undefined": not line.chosen.is_defined,
    }
    hay = _plain(f"{line.of.abbreviation} {line.of.local_name}")
    return (
        is_kept[wish.only]
        and wish.group in ("", line.of.group.code)
        and all(word in hay for word in _plain(wish.text).split())
    )


def _plain(text: str) -> str:
    """Return the text in lower case without accents, as the search boxes of the pages do."""
    spread = unicodedata.normalize("NFD", text)
    return "".join(sign for sign in spread if not unicodedata.combining(sign)).casefold()


def _sentence(one: Mapping[str, Any]) -> str:
    """Return the counts in plain words."""
    n_exams, n_any, n_all = one["n_exams"], one["n_positive_any"], one["n_positive_all"]
    if not n_exams:
        return gettext("No exam has been read by two readers yet.")
    if not n_any:
        return gettext("Nobody marked it.")
    if n_any == n_all:
        sentence = gettext("If one reader marked it, all did: %(all)s of %(exams)s exams.")
    elif not n_all:
        sentence = gettext(
            "Marked in %(some)s of %(exams)s exams, never by all readers of an exam."
        )
    else:
        sentence = gettext(
            "At least one reader marked it in %(some)s of %(exams)s exams; all readers "
            "did in %(all)s of these."
        )
    told = {"exams": n_exams, "some": n_any, "all": n_all}
    return sentence % {name: numbers.grouped(n) for name, n in told.items()}
