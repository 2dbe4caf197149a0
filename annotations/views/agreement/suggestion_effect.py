"""The Suggestions tab: how suggestions changed readings, in studies that randomize them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import AgreementReport, Batch, Purpose, SuggestionPolicy
from annotations.services.agreement import details
from annotations.services.blinding import results_seen
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import page
from annotations.views.agreement.charts import Axis, Chart, with_intervals
from annotations.views.agreement.numbers import Number, number, share
from annotations.views.agreement.page import AgreementPage
from ecgreview.agreement.accuracy.arm_times import Times
from ecgreview.agreement.accuracy.arms import Effect, Split
from ecgreview.agreement.accuracy.suggestion_effect import Arms, Nothing

# Name and description of each subset of the answers, in display order.
SPLITS: Mapping[Split, tuple[Promise, Promise]] = {
    Split.SUGGESTED: (
        gettext_lazy("Class suggested"),
        gettext_lazy("How often readers marked a class that the model suggests."),
    ),
    Split.RIGHT: (
        gettext_lazy("Model is right"),
        gettext_lazy(
            "The model agrees with the reference. Readers who disagree rely on it too "
            "little (under-reliance)."
        ),
    ),
    Split.WRONG: (
        gettext_lazy("Model is wrong"),
        gettext_lazy(
            "The model differs from the reference. Readers who agree rely on it too much."
        ),
    ),
    Split.COMMISSION: (
        gettext_lazy("Wrong suggestion accepted"),
        gettext_lazy(
            "The model suggests a class that the reference does not have (over-reliance)."
        ),
    ),
    Split.OMISSION: (
        gettext_lazy("Class missed with the model"),
        gettext_lazy("The reference has a class that the model does not suggest (over-reliance)."),
    ),
    Split.ALL: (
        gettext_lazy("All answers"),
        gettext_lazy("All classes that the model checks, including absent ones."),
    ),
}

NOTHING: Mapping[Nothing, Promise] = {
    Nothing.NOT_RANDOMIZED: gettext_lazy(
        "This study does not randomize suggestions, so their effect cannot be "
        "measured: readers who see them and readers who do not could differ in other "
        "ways."
    ),
    Nothing.NO_READINGS: gettext_lazy(
        "Individual readings are not visible yet. According to the study protocol they "
        "become visible when their batch is closed or the study is locked."
    ),
    Nothing.ONE_ARM: gettext_lazy(
        "All readings so far belong to one arm, so there is no comparison yet."
    ),
    Nothing.NO_SUGGESTIONS: gettext_lazy(
        "No model has finished any of these exams, so there are no suggestions."
    ),
    Nothing.TOO_MANY: gettext_lazy(
        "There are too many readings to compare at once. Open a single batch instead."
    ),
}


@dataclass(frozen=True, slots=True)
class SplitLine:
    """One subset of the answers: how often readers agreed with the model."""

    name: Promise
    description: Promise
    shown: Number
    n_shown: int
    hidden: Number
    n_hidden: int
    difference: Number
    by_reader: Number
    by_exam: Number
    n_both: int


@dataclass(frozen=True, slots=True)
class TimeLine:
    name: str
    n: int
    median: str
    quartiles: str


@never_cache
@needs("view_agreementreport")
@require_safe
def suggestions(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show how suggestions affect readers: over-reliance, under-reliance, and time."""
    dashboard = page.agreement_page(request, pk, slug)
    context = _context(dashboard, dashboard.report) if dashboard.report else None
    return page.page(request, dashboard, "suggestions", context)


def _context(dashboard: AgreementPage, report: AgreementReport) -> dict[str, object]:
    arms = details.arms_of(report, dashboard.user)
    if arms is None:
        return {"nothing": _why_none(dashboard, report)}
    if arms.nothing is Nothing.NO_MAPPING:
        return {"no_mapping": True}
    if arms.nothing:
        return {"arms": arms, "nothing": NOTHING[arms.nothing]}
    if arms.n_adjudicated:
        adjudicating = Batch.objects.filter(study=dashboard.study, purpose=Purpose.ADJUDICATION)
        results_seen.results(
            batches=adjudicating.with_open_results(), user=dashboard.user, now=timezone.now()
        )
    return {"arms": arms, **_results(arms)}


def _why_none(dashboard: AgreementPage, report: AgreementReport) -> str | Promise:
    if not details.has_details(report):
        return _("This version does not include this comparison. Newer versions do.")
    is_drawn = dashboard.study.suggestion_policy == SuggestionPolicy.RANDOMIZED
    return NOTHING[Nothing.NO_READINGS if is_drawn else Nothing.NOT_RANDOMIZED]


def _results(arms: Arms) -> dict[str, object]:
    effects, times = arms.effects or {}, arms.times
    kinds = [split for split in SPLITS if split in effects]
    names = [str(SPLITS[split][0]) for split in kinds]
    rows = [(place, effects[split].difference.to_json()) for place, split in enumerate(kinds)]
    return {
        "lines": [_line(split, effects[split]) for split in kinds],
        "n_hidden_only": arms.n_referenced - arms.n_adjudicated,
        "chart": Chart(
            [with_intervals(_("Difference"), "main", rows, across=True)],
            Axis(_("Shown minus hidden, in percentage points"), is_points=True),
            Axis("", names=names),
            across=True,
            line=0.0,
        ),
        "times": [
            _time(_("Suggestions shown"), times.shown),
            _time(_("Suggestions hidden"), times.hidden),
        ]
        if times
        else [],
        "ratio": number(times.ratio.to_json()) if times else None,
    }


def _line(split: Split, effect: Effect) -> SplitLine:
    name, description = SPLITS[split]
    return SplitLine(
        name=name,
        description=description,
        shown=share(effect.shown.to_json()),
        n_shown=effect.shown.n,
        hidden=share(effect.hidden.to_json()),
        n_hidden=effect.hidden.n,
        difference=_points(effect.difference.to_json()),
        by_reader=_points(effect.by_reader.to_json()),
        by_exam=_points(effect.by_exam.difference.to_json()),
        n_both=effect.by_exam.difference.n,
    )


def _points(measure: Mapping[str, object]) -> Number:
    """Format a difference of shares in percentage points, with its sign."""
    result = share(measure)
    if result.value is None:
        return result
    return Number(
        text=_signed(result.value),
        interval=""
        if result.low is None or result.high is None
        else _("%(low)s to %(high)s") % {"low": _signed(result.low), "high": _signed(result.high)},
        reason=result.reason,
        value=result.value,
        low=result.low,
        high=result.high,
    )


def _signed(value: float) -> str:
    points = round(100 * value, 1)
    text = number_format(abs(points), 1)
    if not points:
        return text
    return f"+{text}" if points > 0 else f"\N{MINUS SIGN}{text}"


def _time(name: str, times: Times) -> TimeLine:
    if times.quartiles_ms is None:
        return TimeLine(name, times.n, "–", "")
    first, median, third = (f"{number_format(ms / 1000, 0)} s" for ms in times.quartiles_ms)
    return TimeLine(name, times.n, median, _("%(low)s to %(high)s") % {"low": first, "high": third})
