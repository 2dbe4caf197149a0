"""Plots cannot be uploaded to Plotly's cloud. A plot may show a patient's ECG.

There is no upload button, the configuration of every plot has an empty server address, and the
headers of the page block requests, forms and window messages to other origins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Batch, Exam, User
from annotations.services.agreement import refresh
from annotations.services.consensus import adjudications, labels
from tests.app.conftest import MakeBatch, Submit
from tests.browser.conftest import PageMonitor, SignIn

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLE = "vendor/plotly/plotly.min.js"
PAGES_WITH_PLOTS = {
    "agreement/_charts_scripts.html",
    "agreement/classes.html",
    "agreement/exam.html",
    "desk/adjudication.html",
    "desk/reading.html",
    "studies/progress.html",
}
"""The templates that load Plotly. Add new ones here and to ``open_plots``."""

WITHOUT_DRILL = {"agreement/classes.html", "desk/reading.html"}
"""One page for each of the two scripts that draw plots. ``make drill`` tests the others too."""

SWITCHES = [
    "staticPlot: true",
    "displayModeBar: false",
    "showSendToCloud: false",
    'plotlyServerURL: ""',
]
PLOT = ".js-plotly-plot"

CONTEXT = (
    "({ _context: c }) => [c.showSendToCloud, c.plotlyServerURL, c.displayModeBar, c.staticPlot]"
)
# Calls what Plotly's upload button would call, then tries other ways to send data.
TRY_TO_SEND = """async (plot) => {
  const violations = [];
  const note = ({ effectiveDirective }) => violations.push(effectiveDirective);
  document.addEventListener("securitypolicyviolation", note);
  let refusal = null;
  try {
    globalThis.Plotly.Plots.sendDataToCloud(plot, plot._context.plotlyServerURL);
  } catch (error) {
    refusal = error.name;
  }
  const cloud = "https://cloud.plotly.com/newchart";
  await fetch(cloud, { method: "POST", body: "{}" }).catch(() => null);
  navigator.sendBeacon(cloud, "{}");
  const form = document.createElement("form");
  Object.assign(form, { action: cloud, method: "post" });
  document.body.append(form);
  form.submit();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return [refusal, [...new Set(violations)].sort()];
}"""


@pytest.fixture
def open_plots(
    sign_in_as: SignIn,
    live_server: LiveServer,
    ana: User,
    bruno: User,
    clara: User,
    davi: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    submit: Submit,
    close: Callable[[Batch], Batch],
    now: datetime,
) -> Callable[[str], Page]:
    """Open the page of a template and wait for its plots."""
    read = make_batch([make_exam() for _ in range(3)], [ana, bruno], name="Read")
    for number, assignment in enumerate(read.assignments.order_by("exam", "reader")):
        submit(
            assignment, *(["artifact"] if number else [])
        )  # the readers disagree on the first exam
    close(read)
    while refresh.work_next(now=now + timedelta(hours=1)) or labels.refresh_next(now=now):
        pass
    agreement_path = f"/batches/{read.pk}/agreement"
    disputed = adjudications.send_disputed(
        batch_id=read.pk, readers=[clara], created_by=davi, now=now
    )
    batch = make_batch([make_exam(), make_exam()], [ana])
    first, second = batch.assignments.order_by("pk")
    submit(first)  # so that the progress chart is not empty
    user_and_path = {
        "desk/adjudication.html": (clara, f"/read/{disputed.assignments.get().pk}/"),
        "desk/reading.html": (ana, f"/read/{second.pk}/"),
        "agreement/classes.html": (davi, f"{agreement_path}/"),
        "agreement/exam.html": (
            davi,
            f"{agreement_path}/exams/{read.assignments.all()[0].exam.code}/",
        ),
        "agreement/_charts_scripts.html": (davi, f"{agreement_path}/readers/1/"),
        "studies/progress.html": (davi, f"/studies/{batch.study.slug}/progress/"),
    }

    def open_page(template: str) -> Page:
        user, path = user_and_path[template]
        page = sign_in_as(user)
        page.goto(live_server.url + path)
        expect(page.locator(f"{PLOT} .main-svg").first).to_be_attached()
        return page

    return open_page


def test_all_templates_with_plots_are_listed() -> None:
    templates = REPOSITORY / "templates"
    loading = {
        file.relative_to(templates).as_posix()
        for file in templates.rglob("*.html")
        if "plotly.min" in file.read_text()
    }
    assert loading == PAGES_WITH_PLOTS


def test_every_script_draws_plots_with_the_safe_configuration() -> None:
    scripts = {file: file.read_text() for file in (REPOSITORY / "static/js").rglob("*.js")}
    drawing = {file: text for file, text in scripts.items() if re.search(r"\bPlotly\s*[.\[]", text)}
    assert drawing
    for file, text in drawing.items():
        config = re.search(r"const CONFIG = Object\.freeze\(\{(.*?)\}\);", text, re.DOTALL)
        assert config, file
        assert [switch for switch in SWITCHES if switch not in config[1]] == [], file
        calls = re.findall(r"Plotly\.(\w+)\(([^;]*)\)", text)
        draw_calls = [arguments for verb, arguments in calls if verb in {"react", "newPlot"}]
        assert draw_calls, file
        assert all(arguments.endswith("CONFIG") for arguments in draw_calls), file


EACH_PAGE = [
    pytest.param(template, marks=[] if template in WITHOUT_DRILL else pytest.mark.drill)
    for template in sorted(PAGES_WITH_PLOTS)
]


@pytest.mark.parametrize("template", EACH_PAGE)
def test_plots_cannot_be_sent_to_the_cloud(
    open_plots: Callable[[str], Page], page_monitor: PageMonitor, template: str
) -> None:
    page = open_plots(template)
    expect_own_server_only(page)
    windows = page.context.pages
    plots = page.locator(PLOT)
    for plot in plots.all():
        if plot.evaluate("plot => Boolean(plot._context)"):
            assert plot.evaluate(CONTEXT) == [False, "", False, True]
    assert page.locator(".modebar, .modebar-btn, a[href*=plotly], [data-title]").count() == 0

    page_monitor.expect("Content Security Policy", "cloud.plotly.com")
    refusal, violations = page.locator(f"{PLOT}:has(.main-svg)").first.evaluate(TRY_TO_SEND)
    assert refusal == "TypeError"  # no server address is configured
    assert violations == ["connect-src", "form-action"]
    assert page.context.pages == windows


def expect_own_server_only(page: Page) -> None:
    """Check that the content policy of ``page`` allows connections to its own server only."""
    response = page.request.get(page.url)
    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["content-security-policy"].split(";")
        if part.strip()
    )
    assert policy["connect-src"] == policy["form-action"] == policy["script-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    # Plotly's button would pass the chart to a new window; this header blocks other origins.
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
