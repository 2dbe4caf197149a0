"""Readings are submitted while the network is cut and the server and browser are killed."""

from __future__ import annotations

import os
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
N_EXAMS = size(10, 50)
# The index of the exam at which each failure starts or ends.
OFFLINE, ONLINE, SERVER_KILLED, SERVER_STARTED, SERVER_KILLED_AGAIN, BROWSER_KILLED = size(
    (1, 3, 4, 6, 7, 8), (12, 14, 24, 26, 36, 37)
)
ANSWERS = [("n", "normal_ecg"), ("6", "atrial_fibrillation"), ("5", "left_bundle_branch_block")]
"""(Key, class code) of a reading. The exams cycle through them."""

WAITING = f"{BROWSER_KILLED - SERVER_KILLED_AGAIN + 1} to send"

MAX_WAIT_S = 90
"""A busy machine starts the server slowly. The tests continue as soon as it is ready."""

MAX_WAIT_MS = 1000 * MAX_WAIT_S


class Server:
    """The site in its own process, using the test database."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
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
        deadline = time.monotonic() + MAX_WAIT_S
        while not self.answers():
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Kill the server without warning, like a power cut."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def database_url() -> str:
    settings = connection.settings_dict
    password = quote(str(settings["PASSWORD"]), safe="")
    place = f"{settings['HOST'] or '127.0.0.1'}:{settings['PORT'] or 5432}"
    return f"postgresql://{settings['USER']}:{password}@{place}/{settings['NAME']}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running server that is killed after the test."""
    instance = Server(tmp_path / "server.log")
    try:
        instance.start()
        yield instance
    finally:
        instance.kill()


class BrowserProcess:
    """Ana's browser with a persistent profile, so her session and local storage survive a crash."""

    def __init__(self, browser_type: BrowserType, profile: Path, options: dict[str, Any]) -> None:
        self.browser_type = browser_type
        self.profile = profile
        self.options = options
        self.open()

    def open(self) -> None:
        """Start the browser with its profile."""
        self.context: BrowserContext = self.browser_type.launch_persistent_context(
            str(self.profile), viewport={"width": 1440, "height": 900}, **self.options
        )
        self.page: Page = self.context.pages[0]

    def kill(self) -> None:
        """Kill all browser processes, so that nothing more is written to disk."""
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        with suppress(Error):
            self.context.close()

    def _processes(self) -> list[int]:
        """Return the IDs of the processes with this profile, the main one first."""
        process_ids = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and str(self.profile) in (folder / "cmdline").read_text():
                    process_ids.append(int(folder.name))
        return sorted(process_ids)


@pytest.fixture
def browser_process(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[BrowserProcess]:
    """A browser that can be killed and restarted."""
    instance = BrowserProcess(browser_type, tmp_path / "profile", browser_type_launch_args)
    yield instance
    instance.context.close()


@pytest.fixture
def queue(ana: User, make_batch: MakeBatch, make_exam: Callable[..., Exam]) -> list[Assignment]:
    """Ana's assignments in reading order."""
    batch = make_batch([make_exam() for _ in range(N_EXAMS)], [ana])
    return list(batch.assignments.in_reading_order())


def read(page: Page, assignment: Assignment, place: int) -> None:
    """Wait until the exam at index ``place`` is open, then submit its answer."""
    expect(page.locator("[data-part=code]")).to_have_text(assignment.code, timeout=MAX_WAIT_MS)
    expect(page.locator("[data-part=place]")).to_have_text(
        f"{place + 1} of {N_EXAMS}", timeout=MAX_WAIT_MS
    )
    expect(page.locator("[data-part=submit]")).to_be_enabled(timeout=MAX_WAIT_MS)
    press(page, ANSWERS[place % len(ANSWERS)][0], SUBMIT)


def wait_until_drawn(page: Page, following: Assignment) -> None:
    """Wait until the next exam is preloaded, so that opening it needs no network."""
    viewer = page.locator("ecg-viewer")
    expect(viewer).to_have_attribute("data-ready", str(following.pk), timeout=MAX_WAIT_MS)


def wait_until_sent(page: Page) -> None:
    """Wait until the server has all submissions, so that WAITING counts only later ones."""
    page.wait_for_function(
        "() => !Object.keys(localStorage).some((name) => name.includes('/outbox/'))",
        timeout=MAX_WAIT_MS,
    )


def continue_at(page: Page, server: Server, reader: User, assignment: Assignment) -> None:
    """Open the exam; sign in again if the killed browser had not yet stored its session cookie."""
    address = f"{server.url}/read/{assignment.pk}/"
    page.goto(address)
    if "/sign-in/" in page.url:
        reader.refresh_from_db()  # sign-in links depend on the time of the last sign-in
        page.goto(sign_in.link(reader, server.url))
        page.get_by_role("button", name="Sign in as").click()
        page.wait_for_url(lambda reached: "/link/" not in reached)
        page.goto(address)


def test_each_submission_arrives_once_despite_all_failures(
    server: Server, browser_process: BrowserProcess, ana: User, queue: list[Assignment]
) -> None:
    browser_process.page.goto(sign_in.link(ana, server.url))
    browser_process.page.get_by_role("button", name="Sign in as").click()
    browser_process.page.wait_for_url(lambda reached: "/link/" not in reached)
    browser_process.page.goto(f"{server.url}/read/{queue[0].pk}/")

    for place, assignment in enumerate(queue):
        if place == OFFLINE:
            wait_until_drawn(browser_process.page, queue[place + 1])
            browser_process.context.set_offline(True)
        elif place == ONLINE:
            browser_process.context.set_offline(False)
        elif place == SERVER_KILLED:  # the reader continues until it is restarted
            wait_until_drawn(browser_process.page, queue[place + 1])
            server.kill()
        elif place == SERVER_STARTED:
            server.start()
        elif place == SERVER_KILLED_AGAIN:  # stays down until the browser has been killed
            wait_until_drawn(browser_process.page, queue[place + 1])
            wait_until_sent(browser_process.page)
            server.kill()
        read(browser_process.page, assignment, place)
        if place == BROWSER_KILLED:
            expect(browser_process.page.locator("[data-part=outbox]")).to_contain_text(WAITING)
            browser_process.kill()
            server.start()
            browser_process.open()
            continue_at(browser_process.page, server, ana, queue[place + 1])

    expect(
        browser_process.page.get_by_text("You have finished your queue. Thank you.")
    ).to_be_visible()
    expect(browser_process.page.get_by_text("still being sent")).to_be_hidden(timeout=MAX_WAIT_MS)
    stored = [(reading.assignment_id, labels(reading)) for reading in Reading.objects.all()]
    expected = [(row.pk, {ANSWERS[place % 3][1]}) for place, row in enumerate(queue)]
    assert sorted(stored, key=str) == sorted(expected, key=str)
