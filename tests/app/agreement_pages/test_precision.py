"""How many exams an interval of a wished width takes."""

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


def test_forecasts_are_those_of_the_domain(closed):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    target = precision.Target.POSITIVE_AGREEMENT
    found = agreement_precision.forecasts(report.results, [AF], 0.05, target=target)
    assert found is not None
    (one,) = found.classes
    rows = inputs.counts(report.scope)
    assert rows.n_exams == 6
    assert (one.forecast.n_exams, one.forecast.n_marked, one.forecast.n_reads) == (6, 4, 18)
    assert one.half_widths[-1] <= 0.05 < one.half_widths[0]


def test_a_report_of_before_says_so(closed):
    report = AgreementReport.objects.latest("pk")
    old = {key: value for key, value in report.results.items() if key != "cells"}
    target = precision.Target.FLEISS_KAPPA
    assert agreement_precision.forecasts(old, [AF], 0.05, target=target) is None


def test_forecasts_know_of_patients_who_have_several_exams(closed):
    report = AgreementReport.objects.latest("pk")
    of_patients = {
        **report.results,
        "method": {**report.results["method"], "unit": "patient"},
        "classes": [
            {**one, "design_effect": 4.0, "design_effect_given": 5.0}
            for one in report.results["classes"]
        ],
    }
    target = precision.Target.POSITIVE_AGREEMENT
    plain, wider = (
        agreement_precision.forecasts(results, [AF], 0.05, target=target)
        for results in (report.results, of_patients)
    )
    assert plain is not None
    assert wider is not None
    first, second = (one.classes[0].forecast.half_width for one in (plain, wider))
    assert second == pytest.approx(2 * (first or 0))


def test_a_version_that_took_exams_for_patients_has_no_forecast(closed):
    report = AgreementReport.objects.latest("pk")
    method = {**report.results["method"], "unit": "patient"}
    target = precision.Target.FLEISS_KAPPA
    old = {**report.results, "method": method}
    assert agreement_precision.forecasts(old, [AF], 0.05, target=target) is None
