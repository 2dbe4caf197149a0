"""Forecasts: the number of exams for an interval of a given width."""

from __future__ import annotations

import pytest

from annotations.models import (
    AgreementReport,
    Scope,
)
from annotations.services.agreement import inputs
from annotations.services.agreement import precision as agreement_precision
from ecgreview.agreement.reports import precision
from tests.app.agreement_pages.pages import AF

pytestmark = pytest.mark.django_db


def test_forecasts_start_from_the_exams_of_the_report(closed):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    target = precision.Target.POSITIVE_AGREEMENT
    forecasts = agreement_precision.forecasts(report.results, [AF], 0.05, target=target)
    assert forecasts is not None
    (line,) = forecasts.classes
    rows = inputs.counts(report.scope)
    assert rows.n_exams == 6
    assert (line.forecast.n_exams, line.forecast.n_marked, line.forecast.n_reads) == (6, 4, 18)
    assert line.half_widths[-1] <= 0.05 < line.half_widths[0]


def test_a_version_without_cells_has_no_forecast(closed):
    report = AgreementReport.objects.latest("pk")
    old = {key: value for key, value in report.results.items() if key != "cells"}
    target = precision.Target.FLEISS_KAPPA
    assert agreement_precision.forecasts(old, [AF], 0.05, target=target) is None


def test_forecasts_use_the_design_effect_of_patients(closed):
    report = AgreementReport.objects.latest("pk")
    by_patient = {
        **report.results,
        "method": {**report.results["method"], "unit": "patient"},
        "classes": [
            {**row, "design_effect": 4.0, "design_effect_given": 5.0}
            for row in report.results["classes"]
        ],
    }
    target = precision.Target.POSITIVE_AGREEMENT
    unclustered, clustered = (
        agreement_precision.forecasts(results, [AF], 0.05, target=target)
        for results in (report.results, by_patient)
    )
    assert unclustered is not None
    assert clustered is not None
    first, second = (
        forecast.classes[0].forecast.half_width for forecast in (unclustered, clustered)
    )
    assert second == pytest.approx(2 * (first or 0))


def test_a_version_by_patient_without_design_effect_has_no_forecast(closed):
    report = AgreementReport.objects.latest("pk")
    method = {**report.results["method"], "unit": "patient"}
    target = precision.Target.FLEISS_KAPPA
    old = {**report.results, "method": method}
    assert agreement_precision.forecasts(old, [AF], 0.05, target=target) is None
