"""The errors of two readers against one reference, formatted for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from annotations.models import DiagnosticClass
from annotations.sentences import paired_errors as text
from annotations.services.agreement import details
from annotations.services.blinding import results_seen
from annotations.views.agreement.page import AgreementPage
from ecgreview.agreement.accuracy import paired_errors
from ecgreview.agreement.accuracy.paired_errors import Comparison, ErrorTest, Missing, tests
from ecgreview.agreement.accuracy.reader_profiles import Against


@dataclass(frozen=True, slots=True)
class Line:
    """McNemar's test for one class."""

    of: DiagnosticClass
    test: ErrorTest
    chi2: str
    p: str
    exact_p: str
    holm_p: str
    why_none: str


def section(
    dashboard: AgreementPage, pair: tuple[str, str], reference_key: str
) -> dict[str, object]:
    """Return the context for the errors of a pair.

    Records that the user saw results if the errors are counted against the consensus.

    Args:
        dashboard: the page; without a report, the context is empty.
        pair: primary keys of the two readers, as in the report.
        reference_key: primary key of the reference reader, or "consensus".
    """
    if dashboard.report is None:
        return {}
    detail = details.errors_of(dashboard.report, dashboard.user)
    why = details.why_no_errors(dashboard.report, detail)
    first, second = int(pair[0]), int(pair[1])
    comparisons = paired_errors.of_pair(detail.comparisons if detail else (), first, second)
    if not comparisons:
        return {"why_none": text.why_none(why or _why_not_this_pair(dashboard, pair))}
    chosen = next(
        (comparison for comparison in comparisons if _key(comparison) == reference_key),
        comparisons[0],
    )
    if chosen.against is Against.CONSENSUS:
        results_seen.results_of_study(
            study=dashboard.study, user=dashboard.user, now=timezone.now()
        )
    names = {
        "first": dashboard.names[str(chosen.first)],
        "second": dashboard.names[str(chosen.second)],
    }
    return {
        **names,
        "chosen": chosen,
        "options": [
            {
                "key": _key(comparison),
                "name": _name(comparison, dashboard),
                "is_chosen": comparison is chosen,
            }
            for comparison in comparisons
        ],
        "reference": _name(chosen, dashboard),
        "cautions": [text.caution(comparison, **names) for comparison in chosen.cautions],
        "lines": _lines(chosen, dashboard.classes),
    }


def _why_not_this_pair(dashboard: AgreementPage, pair: tuple[str, str]) -> Missing:
    """Return why this pair has no comparison although other pairs have one."""
    readers = dashboard.results["readers"]
    kinds = dict(zip(readers, dashboard.results.get("kinds", []), strict=False))
    is_reference = any(kinds.get(reader_id) == Against.REFERENCE.value for reader_id in pair)
    return Missing.IS_REFERENCE if is_reference else Missing.NO_COMMON_EXAM


def _key(comparison: Comparison) -> str:
    return (
        Against.CONSENSUS.value if comparison.reference_id is None else str(comparison.reference_id)
    )


def _name(comparison: Comparison, dashboard: AgreementPage) -> str:
    if comparison.reference_id is None:
        return str(_("The consensus"))
    return dashboard.names.get(str(comparison.reference_id), "?")


def _lines(comparison: Comparison, classes: Mapping[str, DiagnosticClass]) -> Sequence[Line]:
    """Return the tests; those with the most exams on which exactly one reader erred come first."""
    both = zip(comparison.codes, tests(comparison.counts), strict=True)
    rows = [(classes[code], test) for code, test in both if code in classes]
    rows.sort(key=lambda row: -(row[1].first_right + row[1].second_right))
    return [
        Line(
            of=of,
            test=test,
            chi2="–" if test.chi2 is None else number_format(test.chi2, 2),
            p=_p(test.p),
            exact_p=_p(test.exact_p),
            holm_p=_p(test.holm_p),
            why_none=text.why_no_test(test.undefined) if test.undefined else "",
        )
        for of, test in rows
    ]


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    smallest = 0.001
    return f"< {number_format(smallest, 3)}" if value < smallest else number_format(value, 3)
