"""A real browser, and people who sign in with their one-time links."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request
from pytest_django.live_server_helper import LiveServer

from annotations.models import User
from annotations.services import roles, sign_in

# The cast and the props are those of the app's tests.
from tests.app.conftest import (
    ana,
    bruno,
    clara,
    dataset,
    davi,
    eva,
    make_batch,
    make_exam,
    make_user,
    now,
    plain_static_files,
    study,
    taxonomy,
)

__all__ = [
    "ana",
    "bruno",
    "clara",
    "dataset",
    "davi",
    "eva",
    "make_batch",
    "make_exam",
    "make_user",
    "now",
    "plain_static_files",
    "study",
    "taxonomy",
]

QUIET = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SignIn = Callable[[User], Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the machine's Chromium, and keep it from calling anybody."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail("no Chromium: `make test` installs one; or set CHROMIUM to its path")
    return {"executable_path": path, "args": QUIET}


@pytest.fixture(autouse=True)
def role_groups(transactional_db: None) -> None:
    """Restore the groups that the emptying of the tables before this test took away."""
    roles.sync()


class Witness:
    """What no page may do: break the content policy, fail, or speak to another machine."""

    def __init__(self, own_host: str) -> None:
        self.own_host = own_host
        self.complaints: list[str] = []

    def watch(self, page: Page) -> None:
        """Listen to whatever ``page`` says and asks for."""
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(f"{page.url}: {message.text}")
                if message.type in {"error", "warning"}
                else None
            ),
        )
        page.on("request", self._note_strangers)

    def _note_strangers(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != self.own_host:
            self.complaints.append(f"asked a stranger: {request.url}")


@pytest.fixture
def witness(live_server: LiveServer) -> Iterator[Witness]:
    """Fail the test when any page it opened did what no page may do."""
    one = Witness(urlsplit(live_server.url).netloc)
    yield one
    assert one.complaints == []


@pytest.fixture
def sign_in_as(browser: Browser, live_server: LiveServer, witness: Witness) -> Iterator[SignIn]:
    """Open a window of one's own for somebody, signed in by a one-time link."""
    contexts: list[BrowserContext] = []

    def open_window(user: User) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page = context.new_page()
        witness.watch(page)
        page.goto(sign_in.link(user, live_server.url))
        return page

    yield open_window
    for context in contexts:
        context.close()
