"""Plotly offers to upload a chart to its cloud; here a chart is a patient's ECG.

On no page with a plot is that possible: there is no button to press, the switches of every plot
leave it no address, and the page's policies let nothing reach another origin, neither a request,
nor a form, nor a message to a window.
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
from annotations.services.consensus import labels
from tests.app.conftest import MakeBatch, Submit
from tests.browser.conftest import SignIn, Witness

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLE = "vendor/plotly/plotly.min.js"
PAGES_WITH_PLOTS = {
    "agreement/_charts_scripts.html",
    "agreement/classes.html",
    "agreement/exam.html",
    "desk/reading.html",
    "studies/progress.html",
}
"""The templates that load Plotly. A new one belongs here and into ``open_plots``."""

IN_MAKE_TEST = {"agreement/classes.html", "desk/reading.html"}
"""The two modules that draw; the other pages are those of the drill."""

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
# What the button would do, and what else could carry a chart away.
SEND = """async (plot) => {
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
    davi: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    submit: Submit,
    close: Callable[[Batch], Batch],
    now: datetime,
) -> Callable[[str], Page]:
    """Open the page of a template, with its plots drawn."""
    read = make_batch([make_exam() for _ in range(3)], [ana, bruno], name="Read")
    for number, assignment in enumerate(read.assignments.order_by("exam", "reader")):
        submit(assignment, *(["artifact"] if number else []))  # they differ in the first
    close(read)
    while refresh.work_next(now=now + timedelta(hours=1)) or labels.refresh_next(now=now):
        pass
    agreed = f"/batches/{read.pk}/agreement"
    batch = make_batch([make_exam(), make_exam()], [ana])
    first, second = batch.assignments.order_by("pk")
    submit(first)  # or the chart of progress has nothing to show
    place = {
        "desk/reading.html": (ana, f"/read/{second.pk}/"),
        "agreement/classes.html": (davi, f"{agreed}/"),
        "agreement/exam.html": (davi, f"{agreed}/exams/{read.assignments.all()[0].exam.code}/"),
        "agreement/_charts_scripts.html": (davi, f"{agreed}/readers/1/"),
        "studies/progress.html": (davi, f"/studies/{batch.study.slug}/progress/"),
    }

    def open_page(template: str) -> Page:
        who, path = place[template]
        page = sign_in_as(who)
        page.goto(live_server.url + path)
        expect(page.locator(f"{PLOT} .main-svg").first).to_be_attached()
        return page

    return open_page


def test_every_page_with_a_plot_is_known_here() -> None:
    templates = REPOSITORY / "templates"
    found = {
        file.relative_to(templates).as_posix()
        for file in templates.rglob("*.html")
        if "plotly.min" in file.read_text()
    }
    assert found == PAGES_WITH_PLOTS


def test_every_script_that_draws_a_plot_draws_it_with_the_switches_off() -> None:
    scripts = {file: file.read_text() for file in (REPOSITORY / "static/js").rglob("*.js")}
    drawing = {file: text for file, text in scripts.items() if re.search(r"\bPlotly\s*[.\[]", text)}
    assert drawing
    for file, text in drawing.items():
        config = re.search(r"const CONFIG = Object\.freeze\(\{(.*?)\}\);", text, re.DOTALL)
        assert config, file
        assert [switch for switch in SWITCHES if switch not in config[1]] == [], file
        calls = re.findall(r"Plotly\.(\w+)\(([^;]*)\)", text)
        drawn = [arguments for verb, arguments in calls if verb in {"react", "newPlot"}]
        assert drawn, file
        assert all(arguments.endswith("CONFIG") for arguments in drawn), file


EACH_PAGE = [
    pytest.param(template, marks=[] if template in IN_MAKE_TEST else pytest.mark.drill)
    for template in sorted(PAGES_WITH_PLOTS)
]


@pytest.mark.parametrize("template", EACH_PAGE)
def test_no_plot_can_be_sent_to_the_cloud(
    open_plots: Callable[[str], Page], witness: Witness, template: str
) -> None:
    page = open_plots(template)
    plots = page.locator(PLOT)
    for plot in plots.all():
        if plot.evaluate("plot => Boolean(plot._context)"):
            assert plot.evaluate(CONTEXT) == [False, "", False, True]
    assert page.locator(".modebar, .modebar-btn, a[href*=plotly], [data-title]").count() == 0

    witness.expect("Content Security Policy", "cloud.plotly.com")
    refusal, violations = page.locator(f"{PLOT}:has(.main-svg)").first.evaluate(SEND)
    assert refusal == "TypeError"  # there is no address to send it to
    assert violations == ["connect-src", "form-action"]
    assert len(page.context.pages) == 1


@pytest.mark.parametrize("template", EACH_PAGE)
def test_the_policy_lets_a_page_with_a_plot_speak_to_its_own_server_only(
    open_plots: Callable[[str], Page], template: str
) -> None:
    page = open_plots(template)
    response = page.request.get(page.url)
    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["content-security-policy"].split(";")
        if part.strip()
    )
    assert policy["connect-src"] == policy["form-action"] == policy["script-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    # The button hands the chart to a window: one of another origin is out of this page's reach.
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
