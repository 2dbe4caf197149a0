"""How many exams an interval of a wished width takes."""

from __future__ import annotations

import pytest

from annotations.models import (
    AgreementReport,
    Scope,
)
from annotations.services import (
    agreement,
    agreement_precision,
)
from ecgreview.agreement.reports import precision
from tests.app.agreement.pages import AF

pytestmark = pytest.mark.django_db


def test_forecasts_are_those_of_the_domain(closed):
    report = AgreementReport.objects.of_scope(Scope(closed.study_id, closed.pk)).latest("number")
    target = precision.Target.POSITIVE_AGREEMENT
    found = agreement_precision.outlooks(report.results, [AF], 0.05, target=target)
    assert found is not None
    (one,) = found.classes
    rows = agreement.inputs(report.scope)
    assert rows.n_exams == 6
    assert (one.forecast.n_exams, one.forecast.n_told, one.forecast.n_reads) == (6, 4, 18)
    assert one.half_widths[-1] <= 0.05 < one.half_widths[0]


def test_a_report_of_before_says_so(closed):
    report = AgreementReport.objects.latest("pk")
    old = {key: value for key, value in report.results.items() if key != "cells"}
    target = precision.Target.FLEISS_KAPPA
    assert agreement_precision.outlooks(old, [AF], 0.05, target=target) is None
