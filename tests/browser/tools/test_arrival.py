"""Tools whose script failed to load."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Exam, User
from tests.app.conftest import MakeBatch
from tests.browser.conftest import PageMonitor, SignIn
from tests.browser.tools.actions import readout


@pytest.mark.usefixtures("separate_modules")
def test_tools_that_failed_to_load_show_an_error_until_a_reload(
    sign_in_as: SignIn,
    live_server: LiveServer,
    ana: User,
    make_batch: MakeBatch,
    real_exams: list[Exam],
    page_monitor: PageMonitor,
) -> None:
    page_monitor.expect("ERR_FAILED", "ERR_INTERNET_DISCONNECTED")
    batch = make_batch(real_exams[:1], [ana])
    page = sign_in_as(ana)
    page.route("**/tools/toolbox*.js", lambda route: route.abort())
    page.goto(f"{live_server.url}/read/{batch.assignments.get().pk}/")
    expect(page.locator("[data-part=place]")).to_have_text("1 of 1")
    page.keyboard.press("k")
    problem = page.locator("[data-part=tools-problem]")
    expect(problem).to_have_text(
        "The tools could not be loaded. Check your connection and reload the page."
    )
    page.unroute("**/tools/toolbox*.js")
    page.reload()
    expect(page.locator("[data-part=place]")).to_have_text("1 of 1")
    page.keyboard.press("k")
    expect(readout(page)).to_be_visible()
    expect(problem).to_be_empty()
