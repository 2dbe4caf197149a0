"""The Precision tab: interval widths, how more readings narrow them, and latent prevalences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import DiagnosticClass
from annotations.sentences.reasons import sentence
from annotations.services.agreement import precision as agreement_precision
from annotations.services.agreement.precision import ClassForecasts
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import numbers, page, pooled_table
from annotations.views.agreement.charts import Axis, Chart, Series
from annotations.views.agreement.numbers import Number, share
from annotations.views.agreement.page import AgreementPage
from annotations.views.agreement.profile_table import no_latent
from ecgreview.agreement.reports.precision import Target

DEFAULT_HALF_WIDTH = 0.05
DEFAULT_N_CLASSES = 5
# The curves of more classes could not be distinguished in one chart.
MAX_CLASSES = 8

TARGETS = (
    (Target.POSITIVE_AGREEMENT, gettext_lazy("Positive agreement")),
    (Target.FLEISS_KAPPA, gettext_lazy("Fleiss' kappa")),
)


class WidthForm(forms.Form):
    """The target half-width, and the classes to forecast."""

    of = forms.ChoiceField(label=gettext_lazy("Coefficient"), choices=TARGETS)
    width = forms.FloatField(
        label=gettext_lazy("Target half-width"),
        min_value=0.005,
        max_value=0.5,
        help_text=gettext_lazy("0.05: the interval is the estimate plus or minus 0.05."),
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )
    classes = forms.MultipleChoiceField(
        label=gettext_lazy("Classes"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, classes: Mapping[str, DiagnosticClass], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        offered = [
            (code, f"{diagnostic_class.abbreviation} {diagnostic_class.local_name}")
            for code, diagnostic_class in classes.items()
        ]
        self.fields["classes"] = forms.MultipleChoiceField(
            label=gettext_lazy("Classes"),
            choices=offered,
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )

    def clean_classes(self) -> list[str]:
        """Reject more classes than the chart can show."""
        chosen: list[str] = self.cleaned_data["classes"]
        if len(chosen) > MAX_CLASSES:
            raise forms.ValidationError(
                _("Choose at most %(n)d classes, so that the curves can be distinguished.")
                % {"n": MAX_CLASSES}
            )
        return chosen


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """The readings that one class needs for the target half-width."""

    abbreviation: str
    name: str
    estimate: Number
    half_width: str
    n_exams: int
    n_marked: int
    n_reads: int
    n_reads_needed: int | None
    n_reads_left: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class LatentLine:
    """Latent prevalence of a class, and how well the model fits.

    Attributes:
        n_informative: number of informative exams.
        alike: how often three readers agree, observed and expected by the model.
        reason: why ``alike`` is missing.
        caution: what to keep in mind about the prevalence.
    """

    abbreviation: str
    name: str
    prevalence: Number
    n_informative: int
    alike: str
    reason: str
    caution: str


@never_cache
@needs("view_agreementreport")
@require_safe
def precision(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show how more readings would narrow the intervals, and the estimated prevalences."""
    dashboard = page.agreement_page(request, pk, slug)
    context = _Page(dashboard, request).context if dashboard.report else None
    return page.page(request, dashboard, "precision", context)


class _Page:
    def __init__(self, dashboard: AgreementPage, request: SignedInRequest) -> None:
        self.dashboard = dashboard
        marked = {
            row["class"]: row for row in dashboard.results["classes"] if row["n_positive_any"]
        }
        ordered = sorted(marked, key=lambda code: -marked[code]["n_positive_any"])
        self.marked = {code: dashboard.classes[code] for code in ordered}
        query = request.GET if "width" in request.GET else None
        self.default = {"of": Target.POSITIVE_AGREEMENT, "width": DEFAULT_HALF_WIDTH,
                        "classes": ordered[:DEFAULT_N_CLASSES]}  # fmt: skip
        self.form = WidthForm(self.marked, query, initial=self.default)

    @cached_property
    def options(self) -> dict[str, Any]:
        """The submitted options, with defaults for missing or invalid ones."""
        cleaned = self.form.cleaned_data if self.form.is_bound and self.form.is_valid() else {}
        return {**self.default, **{key: value for key, value in cleaned.items() if value}}

    @cached_property
    def forecasts(self) -> ClassForecasts | None:
        return agreement_precision.forecasts(
            self.dashboard.results,
            self.options["classes"],
            self.options["width"],
            target=Target(self.options["of"]),
        )

    @property
    def context(self) -> dict[str, object]:
        forecasts = self.forecasts
        return {
            "form": self.form,
            "marked": self.marked,
            "is_old": forecasts is None,
            "half_width": self.options["width"],
            "target": dict(TARGETS)[Target(self.options["of"])],
            "lines": [self._line(class_forecast) for class_forecast in forecasts.classes]
            if forecasts
            else [],
            "table": self._table(forecasts) if forecasts else [],
            "chart": self._chart(forecasts) if forecasts and forecasts.n_reads else None,
            "latent": self._latent(),
            "no_latent": no_latent(self.dashboard.results),
            "pooled": pooled_table.prevalences(self.dashboard.results, self.dashboard.classes),
            "latent_note": sentence(self.dashboard.results.get("latent", {}).get("reason", "")),
        }

    def _line(self, class_forecast: agreement_precision.ClassForecast) -> ForecastRow:
        of, forecast = self.marked[class_forecast.code], class_forecast.forecast
        results = next(
            row for row in self.dashboard.results["classes"] if row["class"] == class_forecast.code
        )
        return ForecastRow(
            of.abbreviation,
            of.local_name,
            numbers.of(self.options["of"], results),
            "–" if forecast.half_width is None else "± " + numbers.written(forecast.half_width),
            forecast.n_exams, forecast.n_marked, forecast.n_reads,
            forecast.reads_needed, forecast.reads_left,
            sentence(forecast.reason),
        )  # fmt: skip

    def _table(self, forecasts: ClassForecasts) -> list[tuple[int, list[str]]]:
        """Return (number of readings, half-width of each class) for each point of the forecast."""
        return [
            (
                n_reads,
                [
                    numbers.written(class_forecast.half_widths[row])
                    if class_forecast.half_widths
                    else "–"
                    for class_forecast in forecasts.classes
                ],
            )
            for row, n_reads in enumerate(forecasts.n_reads)
        ]

    def _chart(self, forecasts: ClassForecasts) -> Chart:
        series = [
            Series(
                self.marked[class_forecast.code].abbreviation,
                "curve",
                forecasts.n_reads,
                class_forecast.half_widths,
                is_line=True,
            )
            for class_forecast in forecasts.classes
            if class_forecast.half_widths
        ]
        return Chart(
            series,
            Axis(_("Total readings"), is_log=True),
            Axis(_("Half-width"), from_zero=True),
            line=self.options["width"],
        )

    def _latent(self) -> list[LatentLine]:
        results = self.dashboard.results
        rows = zip(results["classes"], results.get("latent", {}).get("classes", []), strict=False)
        return [
            _latent_line(self.marked[row["class"]], fitted)
            for row, fitted in rows
            if fitted["prevalence"]["estimate"] is not None
        ]


def _latent_line(of: DiagnosticClass, fitted: Mapping[str, Any]) -> LatentLine:
    alike, written = fitted["alike"], ""
    prevalence = share(fitted["prevalence"])
    if alike and alike["observed"] is not None and alike["expected"] is not None:
        written = _("%(observed)s, expected %(expected)s") % {
            "observed": numbers.written(alike["observed"], as_percent=True),
            "expected": numbers.written(alike["expected"], as_percent=True),
        }
    return LatentLine(
        of.abbreviation,
        of.local_name,
        replace(prevalence, reason=""),
        fitted["n_telling"],
        written,
        sentence(alike["reason"]) if alike else "",
        prevalence.reason,
    )
