"""An invitation, a second factor and a passkey, as a person meets them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import User
from tests.browser.conftest import SignIn, Witness
from tests.browser.test_accessibility import violations

PASSWORD = "sinus rhythm at dawn"
HALF_MINUTE_S = 30


@pytest.fixture
def stranger(
    browser: Browser, live_server: LiveServer, witness: Witness, requests_in_work: None
) -> Iterator[Page]:
    """A window in which nobody is signed in."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        witness.watch(page)
        yield page


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Let the site's clock for codes stand, and return a function that goes to the next code."""
    moment = [int(time.time())]
    monkeypatch.setattr(totp.time, "time", lambda: moment[0])

    def go_on() -> int:
        moment[0] += HALF_MINUTE_S
        return moment[0]

    return go_on


@pytest.fixture(autouse=True)
def address_of_the_site(live_server: LiveServer, settings: Any) -> None:
    """Let links that are passed on lead to this server."""
    settings.SITE_URL = live_server.url


def code(secret: str, at: int) -> str:
    """Return what an app that knows ``secret`` shows."""
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
    """Choose the password."""
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Repeat password").fill(PASSWORD)
    page.get_by_role("button", name="Save password and start").click()
    page.wait_for_url(lambda reached: "/invitation/" not in reached)


def sign_out(page: Page) -> None:
    """Leave by the menu."""
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda reached: reached.endswith("/"))


def give_password(page: Page, base: str) -> None:
    """Sign in as far as the password leads."""
    page.goto(f"{base}/sign-in/")
    page.get_by_label("User name").fill("mira")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_an_invited_person_sets_up_an_app_and_signs_in_with_it(
    sign_in_as: SignIn,
    stranger: Page,
    live_server: LiveServer,
    davi: User,
    clock: Callable[[], int],
    settings: object,
) -> None:
    link = invite(sign_in_as(davi), live_server.url)
    settings.MFA_ROLES = ["researcher"]  # type: ignore[attr-defined]
    accept(stranger, link)
    expect(stranger.get_by_text("Your role requires a second factor")).to_be_visible()
    stranger.get_by_role("link", name="Set up an app").click()
    secret = stranger.locator("[data-secret]").inner_text()
    stranger.get_by_label("Code").fill(code(secret, clock()))
    stranger.get_by_role("button", name="Turn on").click()
    expect(stranger.locator("[data-codes] li")).to_have_count(10)
    stranger.get_by_role("link", name="I saved them, continue").click()
    expect(stranger).to_have_url(f"{live_server.url}/studies/")

    sign_out(stranger)
    give_password(stranger, live_server.url)
    expect(stranger.get_by_role("heading", name="Second step")).to_be_visible()
    stranger.get_by_label("Code").fill(code(secret, clock()))
    stranger.get_by_role("button", name="Sign in", exact=True).click()
    expect(stranger).to_have_url(f"{live_server.url}/studies/")


@pytest.fixture
def authenticator(stranger: Page) -> None:
    """A device of the browser's own that makes passkeys and always finds its owner."""
    devtools = stranger.context.new_cdp_session(stranger)
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
def test_a_passkey_is_made_and_signs_in_alone(
    sign_in_as: SignIn, stranger: Page, live_server: LiveServer, davi: User
) -> None:
    accept(stranger, invite(sign_in_as(davi), live_server.url))
    stranger.goto(f"{live_server.url}/account/passkeys/new/")
    stranger.get_by_label("Sign in with this passkey only").check()
    stranger.get_by_role("button", name="Create passkey").click()
    expect(stranger.locator("[data-codes] li")).to_have_count(10)

    sign_out(stranger)
    stranger.goto(f"{live_server.url}/sign-in/")
    stranger.get_by_role("button", name="Sign in with a passkey").click()
    expect(stranger).to_have_url(f"{live_server.url}/studies/")


@pytest.mark.usefixtures("authenticator")
def test_a_passkey_is_the_second_step_after_a_password(
    sign_in_as: SignIn, stranger: Page, live_server: LiveServer, davi: User
) -> None:
    accept(stranger, invite(sign_in_as(davi), live_server.url))
    stranger.goto(f"{live_server.url}/account/passkeys/new/")
    stranger.get_by_role("button", name="Create passkey").click()
    expect(stranger.locator("[data-codes] li")).to_have_count(10)

    sign_out(stranger)
    give_password(stranger, live_server.url)
    stranger.get_by_role("button", name="Use a passkey").click()
    expect(stranger).to_have_url(f"{live_server.url}/studies/")


def test_the_pages_of_an_account_are_accessible(
    sign_in_as: SignIn, stranger: Page, live_server: LiveServer, davi: User, witness: Witness
) -> None:
    witness.expect("status of 400", "status of 403")
    page = sign_in_as(davi)
    link = invite(page, live_server.url)
    found = violations(page)
    page.goto(f"{live_server.url}/people/")
    found += violations(page)
    page.get_by_role("link", name="Mira").click()
    found += violations(page)
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
        found += violations(page)

    stranger.goto(link)
    found += violations(stranger)
    stranger.get_by_role("button", name="Save password and start").click()
    expect(stranger.locator(".errorlist").first).to_be_visible()
    found += violations(stranger)
    for path in ("/sign-in/", "/password/forgotten/", "/password/forgotten/sent/", "/invitation/"):
        stranger.goto(live_server.url + path)
        found += violations(stranger)
    assert not found, "\n".join(found)
