"""Fixtures for browser tests: Chromium, signed-in pages, and checks that run on every page."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from playwright.sync_api import TimeoutError as BrowserTimeout
from pytest_django.live_server_helper import LiveServer

from annotations.models import Exam, User
from annotations.services.imports import recordings
from scripts import browser as browsers

# The app tests' fixtures for people and data.
from tests.app.conftest import (
    ana,
    assign,
    bruno,
    clara,
    close,
    dataset,
    davi,
    eva,
    few_replicates,
    make_batch,
    make_exam,
    make_study,
    make_user,
    no_collected_files,
    now,
    numbers,
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
    "few_replicates",
    "make_batch",
    "make_exam",
    "make_study",
    "make_user",
    "no_collected_files",
    "now",
    "numbers",
    "otto",
    "own_cache",
    "rosa",
    "study",
    "submit",
    "taxonomy",
    "uncollected_static_files",
]

expect.set_options(timeout=15_000)
"""Three times Playwright's default, for busy machines."""

CHROMIUM_ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",  # pages of a context share compiled scripts
]

SESSION = site.SESSION_COOKIE_NAME
HASHED_STORAGES = dict(site.STORAGES)
SOURCES = list(site.STATICFILES_DIRS)

CLOSE_TIMEOUT_MS = 30_000

WINDOW = {"width": 1440, "height": 900}

NewContext = Callable[..., BrowserContext]
"""Returns a browser context; the arguments are those of Playwright's ``new_context``."""

SignIn = Callable[..., Page]
"""Opens a page signed in as a user. Other arguments go to Playwright's ``new_context``."""

RUN_IDLE_TIMERS_AT_ONCE = """{
  const { setTimeout } = window;
  window.setTimeout = (callback, ms, ...more) =>
    setTimeout(callback, ms === 2500 ? 0 : ms, ...more);
}"""
"""The desk loads its tools after 2500 ms without input. This removes the delay."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the installed Chromium without its own network requests."""
    path = os.environ.get("CHROMIUM") or browsers.on_path((browsers.SHELL, *browsers.WINDOWED))
    if not path:
        pytest.fail("no Chromium: `make test` installs one; or set CHROMIUM to its path")
    return {"executable_path": path, "args": CHROMIUM_ARGS}


@pytest.fixture(scope="session")
def collected_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of static files as served in production: bundled, with hashed names.

    ``make test`` collects the files once, before it starts the pytest workers.
    """
    if os.environ.get("ECGREVIEW_COLLECTED") == "1":
        return Path(os.environ["STATIC_ROOT"])
    folder = tmp_path_factory.mktemp("collected")
    with override_settings(STATIC_ROOT=folder, STORAGES=HASHED_STORAGES, DEMO=True):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


@pytest.fixture(scope="module", autouse=True)
def served_static_files(collected_files: Path, uncollected_static_files: None) -> Iterator[None]:
    """Serve bundled files, as in production. Loading a hundred modules would take twice as long."""
    # Also set as a source folder, because the live server looks for files there.
    where = {"STATIC_ROOT": collected_files, "STATICFILES_DIRS": [collected_files]}
    with override_settings(STORAGES=HASHED_STORAGES, **where):
        yield


@pytest.fixture
def separate_modules(served_static_files: None, no_collected_files: Path) -> Iterator[None]:
    """Serve the modules separately, like a site that was installed without esbuild."""
    backend = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    where = {"STATIC_ROOT": no_collected_files, "STATICFILES_DIRS": SOURCES}
    with override_settings(STORAGES={**HASHED_STORAGES, "staticfiles": backend}, **where):
        yield


@pytest.fixture(autouse=True)
def committed_rows(transactional_db: None) -> None:
    """Commit the rows of each test, because the server reads them on a connection of its own."""


class PageMonitor:
    """Collects console errors, script errors and requests to other hosts."""

    def __init__(self, own_host: str) -> None:
        self.own_host = own_host
        self.problems: list[str] = []
        self.expected: tuple[str, ...] = ()

    def expect(self, *texts: str) -> None:
        """Ignore problems that contain one of ``texts``, such as a logged 4xx response."""
        self.expected += texts

    def watch(self, page: Page) -> None:
        """Listen for errors and requests of ``page``."""
        page.on("pageerror", lambda error: self._note(page, str(error)))
        page.on("console", lambda message: self._note_console(page, message))
        page.on("request", self._note_foreign_request)

    def _note(self, page: Page, problem: str) -> None:
        if not any(text in problem for text in self.expected):
            self.problems.append(f"{page.url}: {problem}")

    def _note_console(self, page: Page, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._note(page, message.text)

    def _note_foreign_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != self.own_host:
            self.problems.append(f"request to another host: {request.url}")


@pytest.fixture
def page_monitor(live_server: LiveServer) -> Iterator[PageMonitor]:
    """Fail the test if any watched page had a problem."""
    monitor = PageMonitor(urlsplit(live_server.url).netloc)
    yield monitor
    assert monitor.problems == []


class Requests:
    """Counts the requests that the live server is processing."""

    def __init__(self) -> None:
        self.n = 0
        self.changed = threading.Condition()

    def start(self, **_: object) -> None:
        self.add(1)

    def finish(self, **_: object) -> None:
        self.add(-1)

    def add(self, number: int) -> None:
        with self.changed:
            self.n += number
            self.changed.notify_all()


@pytest.fixture
def finished_requests(live_server: LiveServer) -> Iterator[None]:
    """After the test, wait for requests of closed windows before the tables are emptied."""
    requests = Requests()
    signals.request_started.connect(requests.start)
    signals.request_finished.connect(requests.finish)
    yield
    with requests.changed:
        assert requests.changed.wait_for(lambda: requests.n <= 0, timeout=20)
    signals.request_started.disconnect(requests.start)
    signals.request_finished.disconnect(requests.finish)


class SharedContexts:
    """Browser contexts that keep their HTTP cache and process from test to test, nothing else.

    Otherwise each test would load, parse and compile the scripts of the desk again.
    """

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address
        self.free: dict[str, list[BrowserContext]] = {}
        self.devtools = browser.new_browser_cdp_session()

    @contextmanager
    def lend(self) -> Iterator[NewContext]:
        """Yield a function that lends contexts with given settings; take them back at the end."""
        lent: list[tuple[str, BrowserContext]] = []

        def new_context(**settings: Any) -> BrowserContext:
            key = json.dumps(settings, sort_keys=True)
            free = self.free.setdefault(key, [])
            context = free.pop() if free else self.create(settings)
            lent.append((key, context))
            return context

        yield new_context
        for key, context in lent:
            try:
                self.clear(context)
            except BrowserTimeout:
                continue  # Chromium did not close a page: the next test gets a new context
            self.free[key].append(context)

    def create(self, settings: dict[str, Any]) -> BrowserContext:
        """Create a context with a page that keeps the process of this site alive."""
        context = self.browser.new_context(**{"viewport": WINDOW, **settings})
        context.new_page().goto(f"{self.address}/livez")
        return context

    def clear(self, context: BrowserContext) -> None:
        """Close the pages of a test and delete what they have stored."""
        first, *opened = context.pages
        for page in opened:
            self.close(page)
        context.set_offline(False)
        context.clear_cookies()
        devtools = context.new_cdp_session(first)
        storage = {"origin": self.address, "storageTypes": "all"}
        devtools.send("Storage.clearDataForOrigin", storage)
        devtools.detach()

    def close(self, page: Page) -> None:
        """Close a page, with a time limit: ``page.close`` has none and has hung in tests."""
        devtools = page.context.new_cdp_session(page)
        target = devtools.send("Target.getTargetInfo")["targetInfo"]["targetId"]
        with page.expect_event("close", timeout=CLOSE_TIMEOUT_MS):
            self.devtools.send("Target.closeTarget", {"targetId": target})


@pytest.fixture(scope="session")
def shared_contexts(browser: Browser, live_server: LiveServer) -> SharedContexts:
    return SharedContexts(browser, live_server.url)


@pytest.fixture
def new_context(shared_contexts: SharedContexts, finished_requests: None) -> Iterator[NewContext]:
    """Returns an empty browser context, which no other test uses at the same time."""
    with shared_contexts.lend() as lend:
        yield lend


@pytest.fixture
def sign_in_as(
    new_context: NewContext, live_server: LiveServer, page_monitor: PageMonitor
) -> SignIn:
    """Open a page in a browser context of its own, signed in as a user."""

    def open_window(
        user: User, path: str = "/", *, runs_idle_timers_at_once: bool = False, **settings: Any
    ) -> Page:
        context = new_context(**settings)
        context.add_cookies(
            [{"name": SESSION, "value": new_session_key(user), "url": live_server.url}]
        )
        page = context.new_page()
        if runs_idle_timers_at_once:
            page.add_init_script(RUN_IDLE_TIMERS_AT_ONCE)
        page_monitor.watch(page)
        page.goto(live_server.url + path)
        return page

    return open_window


def new_session_key(user: User) -> str:
    """Return the key of a new session of ``user``, created without the sign-in pages."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    key = client.session.session_key
    assert key
    return key


REAL_RECORDS = "ptbxl/records500/00000"
"""A folder of PTB-XL recordings: twelve leads, ten seconds at 500 Hz."""


@pytest.fixture
def real_exams(shared_data: Path, tmp_path: Path, now: datetime) -> list[Exam]:
    """Three real ECGs, loaded through the import service."""
    for file in sorted((shared_data / REAL_RECORDS).iterdir())[:6]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    run = recordings.import_path(path=tmp_path, dataset_name="PTB-XL", started_by=None, now=now)
    return list(run.dataset.exams.order_by("source_key"))
