"""Many submissions through a cut network, a server that is killed and a browser that is killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from playwright.sync_api import BrowserContext, BrowserType, Error, Page, expect

from annotations.models import Assignment, Exam, Reading, User
from annotations.services.people import sign_in
from tests.app.conftest import MakeBatch
from tests.browser.test_desk import SUBMIT, labels, press
from tests.sizes import size

ROOT = Path(__file__).resolve().parents[2]
N_EXAMS = size(16, 50)
# At which exam the network is cut and comes back, the server is killed and comes back, and is
# killed once more, and at which one the browser is killed.
CUT, WHOLE, KILLED, STARTED, GONE, NO_BROWSER = size((3, 5, 7, 9, 11, 12), (12, 14, 24, 26, 36, 37))
KINDS = [("n", "normal_ecg"), ("6", "atrial_fibrillation"), ("5", "left_bundle_branch_block")]
"""What is typed for one exam after the other, and what it means."""

WAITING = re.compile(r"[2-9] to send")

PATIENCE_S = 90
"""A server on a busy machine takes its time to start; nothing waits longer than it must."""

PATIENCE_MS = 1000 * PATIENCE_S


class Server:
    """The product in a process of its own, on the database of the tests."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = ["manage.py", "runserver", "--noreload", str(self.port)]
        environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "DEBUG": "1",
            "ECGREVIEW_DEMO": "1",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        until = time.monotonic() + PATIENCE_S
        while not self.answers():
            assert time.monotonic() < until, self.log.read_text(encoding="utf-8")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Tell whether it is there."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End it as a power cut would, in the middle of whatever it does."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def database_url() -> str:
    """Return the address of the database that this test fills."""
    known = connection.settings_dict
    password = quote(str(known["PASSWORD"]), safe="")
    place = f"{known['HOST'] or '127.0.0.1'}:{known['PORT'] or 5432}"
    return f"postgresql://{known['USER']}:{password}@{place}/{known['NAME']}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that runs, and ends with the test."""
    one = Server(tmp_path / "server.log")
    try:
        one.start()
        yield one
    finally:
        one.kill()


class Window:
    """Ana's browser, with what it keeps on disk."""

    def __init__(self, browser_type: BrowserType, profile: Path, options: dict[str, Any]) -> None:
        self.browser_type = browser_type
        self.profile = profile
        self.options = options
        self.open()

    def open(self) -> None:
        """Start the browser on its profile."""
        self.context: BrowserContext = self.browser_type.launch_persistent_context(
            str(self.profile), viewport={"width": 1440, "height": 900}, **self.options
        )
        self.page: Page = self.context.pages[0]

    def kill(self) -> None:
        """End all processes of the browser at once; nothing is written to disk any more."""
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        with suppress(Error):
            self.context.close()

    def _processes(self) -> list[int]:
        """Return the processes that were started with this profile, the browser itself first."""
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and str(self.profile) in (folder / "cmdline").read_text():
                    found.append(int(folder.name))
        return sorted(found)


@pytest.fixture
def window(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[Window]:
    """A browser that can be killed and started again."""
    one = Window(browser_type, tmp_path / "profile", browser_type_launch_args)
    yield one
    one.context.close()


@pytest.fixture
def queue(ana: User, make_batch: MakeBatch, make_exam: Callable[..., Exam]) -> list[Assignment]:
    """Many exams for Ana, in her order."""
    batch = make_batch([make_exam() for _ in range(N_EXAMS)], [ana])
    return list(batch.assignments.in_reading_order())


def read(page: Page, assignment: Assignment, place: int) -> None:
    """Wait for the exam and submit what is typed for one in this place."""
    expect(page.locator("[data-part=code]")).to_have_text(assignment.code, timeout=PATIENCE_MS)
    expect(page.locator("[data-part=place]")).to_have_text(
        f"{place + 1} of {N_EXAMS}", timeout=PATIENCE_MS
    )
    expect(page.locator("[data-part=submit]")).to_be_enabled(timeout=PATIENCE_MS)
    press(page, KINDS[place % len(KINDS)][0], SUBMIT)


def wait_until_drawn(page: Page, following: Assignment) -> None:
    """Wait until the next exam lies ready: going on needs no network then."""
    viewer = page.locator("ecg-viewer")
    expect(viewer).to_have_attribute("data-ready", str(following.pk), timeout=PATIENCE_MS)


def go_on(page: Page, server: Server, reader: User, assignment: Assignment) -> None:
    """Open the exam; a browser killed in its first half minute has not kept its session."""
    address = f"{server.url}/read/{assignment.pk}/"
    page.goto(address)
    if "/sign-in/" in page.url:
        reader.refresh_from_db()  # a link is good until the next time that somebody signs in
        page.goto(sign_in.link(reader, server.url))
        page.get_by_role("button", name="Sign in as").click()
        page.wait_for_url(lambda reached: "/link/" not in reached)
        page.goto(address)


def test_many_submissions_arrive_once_each_whatever_breaks(
    server: Server, window: Window, ana: User, queue: list[Assignment]
) -> None:
    window.page.goto(sign_in.link(ana, server.url))
    window.page.get_by_role("button", name="Sign in as").click()
    window.page.wait_for_url(lambda reached: "/link/" not in reached)
    window.page.goto(f"{server.url}/read/{queue[0].pk}/")

    for place, assignment in enumerate(queue):
        if place == CUT:
            wait_until_drawn(window.page, queue[place + 1])
            window.context.set_offline(True)
        elif place == WHOLE:
            window.context.set_offline(False)
        elif place == KILLED:  # and comes back while the reader goes on
            wait_until_drawn(window.page, queue[place + 1])
            server.kill()
        elif place == STARTED:
            server.start()
        elif place == GONE:  # and then the browser is killed
            wait_until_drawn(window.page, queue[place + 1])
            server.kill()
        read(window.page, assignment, place)
        if place == NO_BROWSER:
            expect(window.page.locator("[data-part=outbox]")).to_contain_text(WAITING)
            window.kill()
            server.start()
            window.open()
            go_on(window.page, server, ana, queue[place + 1])

    expect(window.page.get_by_text("You have finished your queue. Thank you.")).to_be_visible()
    expect(window.page.get_by_text("still being sent")).to_be_hidden(timeout=PATIENCE_MS)
    found = [(reading.assignment_id, labels(reading)) for reading in Reading.objects.all()]
    expected = [(one.pk, {KINDS[place % 3][1]}) for place, one in enumerate(queue)]
    assert sorted(found, key=str) == sorted(expected, key=str)
