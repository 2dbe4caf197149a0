"""A real browser, and people who sign in with their one-time links."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site
from django.core import signals
from django.core.management import call_command
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Exam, User
from annotations.services.imports import recordings
from annotations.services.people import roles
from scripts import browser as browsers

# The fixtures for people and data are those of the app's tests.
from tests.app.conftest import (
    ana,
    assign,
    bruno,
    clara,
    close,
    dataset,
    davi,
    eva,
    make_batch,
    make_exam,
    make_study,
    make_user,
    no_collected_files,
    now,
    otto,
    own_cache,
    rosa,
    study,
    submit,
    taxonomy,
    uncollected_static_files,
)

__all__ = [
    "ana",
    "assign",
    "bruno",
    "clara",
    "close",
    "dataset",
    "davi",
    "eva",
    "make_batch",
    "make_exam",
    "make_study",
    "make_user",
    "no_collected_files",
    "now",
    "otto",
    "own_cache",
    "rosa",
    "study",
    "submit",
    "taxonomy",
    "uncollected_static_files",
]

expect.set_options(timeout=15_000)
"""Three times the usual: what is waited for comes later on a machine at work."""

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

SESSION = site.SESSION_COOKIE_NAME
HASHED = dict(site.STORAGES)
SOURCES = list(site.STATICFILES_DIRS)

SignIn = Callable[..., Page]
"""Opens a window for a user; what else is given are settings of Playwright's browser."""

AT_REST = """{
  const { setTimeout } = window;
  window.setTimeout = (deed, ms, ...more) => setTimeout(deed, ms === 2500 ? 0 : ms, ...more);
}"""
"""The desk fetches its tools after so many milliseconds of rest: here it rests at once."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the machine's Chromium, and keep it from calling anybody."""
    path = os.environ.get("CHROMIUM") or browsers.on_path((browsers.SHELL, *browsers.WINDOWED))
    if not path:
        pytest.fail("no Chromium: `make test` installs one; or set CHROMIUM to its path")
    return {"executable_path": path, "args": QUIET}


@pytest.fixture(scope="session")
def collected_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files as a site sends them: bundled, and under names with their hash.

    `make test` has collected them before it starts the workers.
    """
    if os.environ.get("ECGREVIEW_COLLECTED") == "1":
        return Path(os.environ["STATIC_ROOT"])
    folder = tmp_path_factory.mktemp("collected")
    with override_settings(STATIC_ROOT=folder, STORAGES=HASHED, DEMO=True):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


@pytest.fixture(scope="module", autouse=True)
def sent_static_files(collected_files: Path, uncollected_static_files: None) -> Iterator[None]:
    """Send the browser what readers get: a page of a hundred files takes twice as long."""
    # Among the sources too: there the live server looks for what it sends.
    where = {"STATIC_ROOT": collected_files, "STATICFILES_DIRS": [collected_files]}
    with override_settings(STORAGES=HASHED, **where):
        yield


@pytest.fixture
def one_by_one(sent_static_files: None, no_collected_files: Path) -> Iterator[None]:
    """Send the modules one by one, as a site does that was installed without esbuild."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    where = {"STATIC_ROOT": no_collected_files, "STATICFILES_DIRS": SOURCES}
    with override_settings(STORAGES={**HASHED, "staticfiles": plain}, **where):
        yield


@pytest.fixture(autouse=True)
def role_groups(transactional_db: None) -> None:
    """Restore the groups that the emptying of the tables before this test took away."""
    roles.sync()


class Witness:
    """What no page may do: break the content policy, fail, or speak to another machine."""

    def __init__(self, own_host: str) -> None:
        self.own_host = own_host
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()

    def expect(self, *pieces: str) -> None:
        """Let pass what contains one of ``pieces``: Chromium logs each refusal of the server."""
        self.expected += pieces

    def watch(self, page: Page) -> None:
        """Listen to whatever ``page`` says and asks for."""
        page.on("pageerror", lambda error: self._note(page, str(error)))
        page.on("console", lambda message: self._note_console(page, message))
        page.on("request", self._note_strangers)

    def _note(self, page: Page, complaint: str) -> None:
        if not any(piece in complaint for piece in self.expected):
            self.complaints.append(f"{page.url}: {complaint}")

    def _note_console(self, page: Page, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._note(page, message.text)

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


class Requests:
    """How many requests the live server is at work on."""

    def __init__(self) -> None:
        self.n = 0
        self.changed = threading.Condition()

    def start(self, **_: object) -> None:
        """Count one more."""
        self.add(1)

    def finish(self, **_: object) -> None:
        """Count one less."""
        self.add(-1)

    def add(self, number: int) -> None:
        """Change the count and tell who waits for it."""
        with self.changed:
            self.n += number
            self.changed.notify_all()


@pytest.fixture
def requests_in_work(live_server: LiveServer) -> Iterator[None]:
    """Let the server finish what a closed window asked for, before the tables are emptied."""
    requests = Requests()
    signals.request_started.connect(requests.start)
    signals.request_finished.connect(requests.finish)
    yield
    with requests.changed:
        assert requests.changed.wait_for(lambda: requests.n <= 0, timeout=20)
    signals.request_started.disconnect(requests.start)
    signals.request_finished.disconnect(requests.finish)


@pytest.fixture
def sign_in_as(
    browser: Browser, live_server: LiveServer, witness: Witness, requests_in_work: None
) -> Iterator[SignIn]:
    """Open a window of one's own for somebody signed in, on their first page or another."""
    contexts: list[BrowserContext] = []

    def open_window(user: User, path: str = "/", *, at_rest: bool = False, **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **settings})
        contexts.append(context)
        context.add_cookies([{"name": SESSION, "value": session_of(user), "url": live_server.url}])
        if at_rest:
            context.add_init_script(AT_REST)
        page = context.new_page()
        witness.watch(page)
        page.goto(live_server.url + path)
        return page

    yield open_window
    for context in contexts:
        context.close()


def session_of(user: User) -> str:
    """Return the key of a new session of ``user``, made without the pages that lead to one."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    key = client.session.session_key
    assert key
    return key


REAL_RECORDS = "ptbxl/records500/00000"
"""Recordings of PTB-XL: twelve leads, ten seconds at 500 Hz."""


@pytest.fixture
def real_exams(shared_data: Path, tmp_path: Path, now: datetime) -> list[Exam]:
    """Three real exams, imported as a coordinator would import them."""
    for file in sorted((shared_data / REAL_RECORDS).iterdir())[:6]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    run = recordings.import_path(path=tmp_path, dataset_name="PTB-XL", started_by=None, now=now)
    return list(run.dataset.exams.order_by("source_key"))
