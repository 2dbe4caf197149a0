"""Invitations, second factors and passkeys in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import User
from tests.browser.conftest import NewContext, PageMonitor, SignIn
from tests.browser.test_accessibility import violations

PASSWORD = "sinus rhythm at dawn"
HALF_MINUTE_S = 30


@pytest.fixture
def anonymous_page(new_context: NewContext, page_monitor: PageMonitor) -> Page:
    """A page on which nobody is signed in."""
    page = new_context().new_page()
    page_monitor.watch(page)
    return page


@pytest.fixture
def next_code_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Freeze the clock of one-time codes. The returned function advances it to the next code."""
    now_s = [int(time.time())]
    monkeypatch.setattr(totp.time, "time", lambda: now_s[0])

    def go_on() -> int:
        now_s[0] += HALF_MINUTE_S
        return now_s[0]

    return go_on


@pytest.fixture(autouse=True)
def address_of_the_site(live_server: LiveServer, settings: Any) -> None:
    """Make invitation links point to the live server."""
    settings.SITE_URL = live_server.url


def code(secret: str, at: int) -> str:
    """Return the code that an authenticator app shows for ``secret``."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, at // HALF_MINUTE_S)))


def invite(page: Page, base: str) -> str:
    """Invite Mira as a researcher and return her link."""
    page.goto(f"{base}/people/")
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("First name").fill("Mira")
    page.get_by_label("User name").fill("mira")
    page.get_by_label("Researcher").check()
    page.get_by_role("button", name="Create invitation").click()
    return page.get_by_label("Link (shown only once)").input_value()


def accept(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Repeat password").fill(PASSWORD)
    page.get_by_role("button", name="Save password and start").click()
    page.wait_for_url(lambda reached: "/invitation/" not in reached)


def sign_out(page: Page) -> None:
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda reached: reached.endswith("/"))


def enter_password(page: Page, base: str) -> None:
    """Enter Mira's user name and password on the sign-in page."""
    page.goto(f"{base}/sign-in/")
    page.get_by_label("User name").fill("mira")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_an_invited_person_signs_in_with_an_authenticator_app(
    sign_in_as: SignIn,
    anonymous_page: Page,
    live_server: LiveServer,
    davi: User,
    next_code_time: Callable[[], int],
    settings: object,
) -> None:
    link = invite(sign_in_as(davi), live_server.url)
    settings.MFA_ROLES = ["researcher"]  # type: ignore[attr-defined]
    accept(anonymous_page, link)
    expect(anonymous_page.get_by_text("Your role requires a second factor")).to_be_visible()
    anonymous_page.get_by_role("link", name="Set up an app").click()
    secret = anonymous_page.locator("[data-secret]").inner_text()
    anonymous_page.get_by_label("Code").fill(code(secret, next_code_time()))
    anonymous_page.get_by_role("button", name="Turn on").click()
    expect(anonymous_page.locator("[data-codes] li")).to_have_count(10)
    anonymous_page.get_by_role("link", name="I saved them, continue").click()
    expect(anonymous_page).to_have_url(f"{live_server.url}/studies/")

    sign_out(anonymous_page)
    enter_password(anonymous_page, live_server.url)
    expect(anonymous_page.get_by_role("heading", name="Enter your second factor")).to_be_visible()
    anonymous_page.get_by_label("Code").fill(code(secret, next_code_time()))
    anonymous_page.get_by_role("button", name="Sign in", exact=True).click()
    expect(anonymous_page).to_have_url(f"{live_server.url}/studies/")


@pytest.fixture
def authenticator(anonymous_page: Page) -> None:
    """A virtual authenticator that confirms user presence automatically."""
    devtools = anonymous_page.context.new_cdp_session(anonymous_page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.mark.usefixtures("authenticator")
def test_a_passkey_can_sign_in_alone(
    sign_in_as: SignIn, anonymous_page: Page, live_server: LiveServer, davi: User
) -> None:
    accept(anonymous_page, invite(sign_in_as(davi), live_server.url))
    anonymous_page.goto(f"{live_server.url}/account/passkeys/new/")
    anonymous_page.get_by_label("Sign in with this passkey only").check()
    anonymous_page.get_by_role("button", name="Create passkey").click()
    expect(anonymous_page.locator("[data-codes] li")).to_have_count(10)

    sign_out(anonymous_page)
    anonymous_page.goto(f"{live_server.url}/sign-in/")
    anonymous_page.get_by_role("button", name="Sign in with a passkey").click()
    expect(anonymous_page).to_have_url(f"{live_server.url}/studies/")


@pytest.mark.usefixtures("authenticator")
def test_a_passkey_can_be_the_second_step(
    sign_in_as: SignIn, anonymous_page: Page, live_server: LiveServer, davi: User
) -> None:
    accept(anonymous_page, invite(sign_in_as(davi), live_server.url))
    anonymous_page.goto(f"{live_server.url}/account/passkeys/new/")
    anonymous_page.get_by_role("button", name="Create passkey").click()
    expect(anonymous_page.locator("[data-codes] li")).to_have_count(10)

    sign_out(anonymous_page)
    enter_password(anonymous_page, live_server.url)
    anonymous_page.get_by_role("button", name="Use a passkey").click()
    expect(anonymous_page).to_have_url(f"{live_server.url}/studies/")


def test_account_pages_are_accessible(
    sign_in_as: SignIn,
    anonymous_page: Page,
    live_server: LiveServer,
    davi: User,
    page_monitor: PageMonitor,
) -> None:
    page_monitor.expect("status of 400", "status of 403")
    page = sign_in_as(davi)
    link = invite(page, live_server.url)
    problems = violations(page)
    page.goto(f"{live_server.url}/people/")
    problems += violations(page)
    page.get_by_role("link", name="Mira").click()
    problems += violations(page)
    for path in (
        "/people/new/",
        "/account/",
        "/account/app/on/",
        "/account/passkeys/",
        "/account/passkeys/new/",
        "/account/password/first/",
        "/account/sessions/",
    ):
        page.goto(live_server.url + path)
        problems += violations(page)

    anonymous_page.goto(link)
    problems += violations(anonymous_page)
    anonymous_page.get_by_role("button", name="Save password and start").click()
    expect(anonymous_page.locator(".errorlist").first).to_be_visible()
    problems += violations(anonymous_page)
    for path in ("/password/forgotten/", "/password/forgotten/sent/", "/invitation/"):
        anonymous_page.goto(live_server.url + path)
        problems += violations(anonymous_page)
    assert not problems, "\n".join(problems)
