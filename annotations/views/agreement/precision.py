"""How exact the numbers are, what more readings would do, and what is known without a reference."""

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

WANTED = 0.05
N_CHOSEN = 5
MAX_CHOSEN = 8
"""More curves than this nobody tells apart."""

TARGETS = (
    (Target.POSITIVE_AGREEMENT, gettext_lazy("Positive agreement")),
    (Target.FLEISS_KAPPA, gettext_lazy("Fleiss' kappa")),
)


class WidthForm(forms.Form):
    """The interval that is wished for, and of which classes."""

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
        """Offer ``classes``, which have codes for keys."""
        super().__init__(*args, **more)
        offered = [(code, f"{one.abbreviation} {one.local_name}") for code, one in classes.items()]
        self.fields["classes"] = forms.MultipleChoiceField(
            label=gettext_lazy("Classes"),
            choices=offered,
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )

    def clean_classes(self) -> list[str]:
        """Refuse more classes than a chart can show."""
        chosen: list[str] = self.cleaned_data["classes"]
        if len(chosen) > MAX_CHOSEN:
            raise forms.ValidationError(
                _("Choose at most %(n)d classes, so that the curves can be distinguished.")
                % {"n": MAX_CHOSEN}
            )
        return chosen


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """What a class needs for an interval of the width wished for."""

    abbreviation: str
    name: str
    estimate: Number
    half_width: str
    n_exams: int
    n_told: int
    n_reads: int
    needed: int | None
    left: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class LatentLine:
    """How common a class is when nobody knows the truth, and whether the model fits."""

    abbreviation: str
    name: str
    prevalence: Number
    n_telling: int
    alike: str
    reason: str
    caution: str


@never_cache
@needs("view_agreementreport")
@require_safe
def precision(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show how wide intervals are after more readings, and how common the classes seem."""
    found = page.agreement_page(request, pk, slug)
    context = _Page(found, request).context if found.report else None
    return page.page(request, found, "precision", context)


class _Page:
    """What is shown of a report for a wish."""

    def __init__(self, found: AgreementPage, request: SignedInRequest) -> None:
        self.found = found
        given = {one["class"]: one for one in found.results["classes"] if one["n_positive_any"]}
        ordered = sorted(given, key=lambda code: -given[code]["n_positive_any"])
        self.given = {code: found.classes[code] for code in ordered}
        wish = request.GET if "width" in request.GET else None
        self.default = {"of": Target.POSITIVE_AGREEMENT, "width": WANTED,
                        "classes": ordered[:N_CHOSEN]}  # fmt: skip
        self.form = WidthForm(self.given, wish, initial=self.default)

    @cached_property
    def wish(self) -> dict[str, Any]:
        """What is asked for; the default as long as that is not possible."""
        asked = self.form.cleaned_data if self.form.is_bound and self.form.is_valid() else {}
        return {**self.default, **{key: value for key, value in asked.items() if value}}

    @cached_property
    def forecasts(self) -> ClassForecasts | None:
        """What the classes need."""
        return agreement_precision.forecasts(
            self.found.results,
            self.wish["classes"],
            self.wish["width"],
            target=Target(self.wish["of"]),
        )

    @property
    def context(self) -> dict[str, object]:
        """For the template."""
        forecasts = self.forecasts
        return {
            "form": self.form,
            "given": self.given,
            "is_old": forecasts is None,
            "wanted": self.wish["width"],
            "target": dict(TARGETS)[Target(self.wish["of"])],
            "lines": [self._line(one) for one in forecasts.classes] if forecasts else [],
            "table": self._table(forecasts) if forecasts else [],
            "chart": self._chart(forecasts) if forecasts and forecasts.n_reads else None,
            "latent": self._latent(),
            "no_latent": no_latent(self.found.results),
            "pooled": pooled_table.prevalences(self.found.results, self.found.classes),
            "latent_note": sentence(self.found.results.get("latent", {}).get("reason", "")),
        }

    def _line(self, one: agreement_precision.ClassForecast) -> ForecastRow:
        of, found = self.given[one.code], one.forecast
        results = next(row for row in self.found.results["classes"] if row["class"] == one.code)
        return ForecastRow(
            of.abbreviation,
            of.local_name,
            numbers.of(self.wish["of"], results),
            "–" if found.half_width is None else "± " + numbers.written(found.half_width),
            found.n_exams, found.n_told, found.n_reads, found.reads_needed, found.reads_left,
            sentence(found.reason),
        )  # fmt: skip

    def _table(self, forecasts: ClassForecasts) -> list[tuple[int, list[str]]]:
        """Return the half-widths of the classes after each number of readings."""
        return [
            (
                n_reads,
                [
                    numbers.written(one.half_widths[row]) if one.half_widths else "–"
                    for one in forecasts.classes
                ],
            )
            for row, n_reads in enumerate(forecasts.n_reads)
        ]

    def _chart(self, forecasts: ClassForecasts) -> Chart:
        series = [
            Series(
                self.given[one.code].abbreviation,
                "curve",
                forecasts.n_reads,
                one.half_widths,
                is_line=True,
            )
            for one in forecasts.classes
            if one.half_widths
        ]
        return Chart(
            series,
            Axis(_("Total readings"), is_log=True),
            Axis(_("Half-width"), from_zero=True),
            line=self.wish["width"],
        )

    def _latent(self) -> list[LatentLine]:
        results = self.found.results
        rows = zip(results["classes"], results.get("latent", {}).get("classes", []), strict=False)
        return [
            _latent_line(self.given[one["class"]], fitted)
            for one, fitted in rows
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
