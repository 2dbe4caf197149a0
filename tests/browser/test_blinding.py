"""What Ana can reach while the batch is open holds nothing of what Bruno did in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import APIResponse, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Assignment, Batch, Exam, Reading, User
from annotations.services.agreement import refresh
from annotations.services.reading import drafts
from tests.app.conftest import MakeBatch, Submit
from tests.browser.conftest import SignIn

RARE = "wandering_atrial_pacemaker"
COMMENT = "quokka seen in lead V9"
DRAFTED = "numbat seen in lead V8"
CATALOGUES = ("/static/", "/taxonomy/", "/api/classes/", "/api/taxonomies/", "/api/schema/")
"""They name every class, whoever asks."""
EMBEDDED = re.compile(r'<script id="classes".*?</script>', re.DOTALL)
LINK = re.compile(r'(?:href|action)="(/[^"#]*)"|"(?:href|url)": ?"(/[^"]+)"')
API = [
    "/api/me/",
    "/api/assignments/",
    "/api/assignments/?state=open",
    "/api/readings/",
    "/api/exams/",
    "/api/datasets/",
    "/api/studies/",
]


@dataclass(frozen=True, slots=True)
class Brunos:
    """What Bruno did: one reading signed, one drafted."""

    batch: Batch
    read: Assignment
    drafted: Assignment
    reading: Reading

    @property
    def marks(self) -> list[str]:
        """Return the words that would give him away."""
        return [RARE, COMMENT, DRAFTED, "bruno", "Bruno", str(self.reading.idempotency_key)]


@pytest.fixture
def brunos(
    ana: User,
    bruno: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    submit: Submit,
    now: datetime,
) -> Brunos:
    """Bruno is ahead of Ana in a batch that both read."""
    batch = make_batch([make_exam(), make_exam()], [ana, bruno])
    read, drafted = batch.assignments.filter(reader=bruno).in_reading_order()
    reading = submit(read, RARE, comment=COMMENT, quality="poor")
    content = {
        "findings": [{"class": RARE, "certainty": "definite"}],
        "quality": "good",
        "comment": DRAFTED,
    }
    drafts.save(assignment_id=drafted.pk, reader=bruno, based_on=0, content=content, now=now)
    while refresh.refresh_next(now=now):
        pass
    return Brunos(batch, read, drafted, reading)


def crawl(page: Page, base: str, starts: list[str]) -> dict[str, APIResponse]:
    """Get whatever can be reached from ``starts`` by links, with the session of ``page``."""
    waiting, answers = list(starts), {}
    while waiting:
        path = waiting.pop()
        if path in answers or path.startswith(("/static/", "/sign-out/")):
            continue
        answers[path] = answer = page.request.get(base + path, max_redirects=0)
        waiting += [one or other for one, other in LINK.findall(text_of(answer))]
    return answers


def text_of(answer: APIResponse) -> str:
    """Return the body as text; what is not text, such as a signal, byte by byte."""
    return answer.body().decode("latin-1")


def betrayals(path: str, text: str, marks: list[str]) -> list[str]:
    """Return which marks of Bruno ``text`` shows."""
    if path.startswith(CATALOGUES):
        marks = [mark for mark in marks if mark != RARE]
    text = EMBEDDED.sub("", text)
    return [f"{path}: {mark}" for mark in marks if mark in text]


def test_nothing_a_reader_can_reach_betrays_another_reader(
    sign_in_as: SignIn, live_server: LiveServer, ana: User, brunos: Brunos
) -> None:
    answers = crawl(sign_in_as(ana), live_server.url, ["/", "/worklist/", *API])
    assert len([path for path in answers if path.startswith("/read/")]) == 2
    assert len([path for path in answers if "/tracings/" in path]) == 2
    found = [
        betrayal
        for path, answer in answers.items()
        for betrayal in betrayals(path, text_of(answer), brunos.marks)
    ]
    assert found == []


def test_nothing_sent_to_a_reader_at_work_betrays_another_reader(
    sign_in_as: SignIn, live_server: LiveServer, ana: User, brunos: Brunos
) -> None:
    page = sign_in_as(ana)
    bodies: list[tuple[str, str]] = []

    def keep(request: Request) -> None:
        response = request.response()
        if response and request.resource_type in {"document", "fetch"}:
            bodies.append((urlsplit(request.url).path, response.body().decode("latin-1")))

    page.on("requestfinished", keep)
    page.get_by_role("link", name="Start reading").click()
    for place in ("1 of 2", "2 of 2"):
        expect(page.locator("[data-part=place]")).to_have_text(place)
        page.keyboard.press("n")
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You have finished your queue.")).to_be_visible()
    expect(page.locator("[data-part=finished-sending]")).to_be_hidden()
    page.get_by_role("link", name="Back to the worklist").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.wait_for_load_state("networkidle")  # the last answers are told when they have ended

    assert len(bodies) >= 6
    found = [mark for path, text in bodies for mark in betrayals(path, text, brunos.marks)]
    assert found == []


def test_another_readers_work_is_not_found_by_its_address(
    sign_in_as: SignIn, live_server: LiveServer, ana: User, brunos: Brunos
) -> None:
    page = sign_in_as(ana)
    foreign = [
        f"/read/{brunos.read.pk}/",
        f"/api/assignments/{brunos.read.pk}/",
        f"/api/assignments/{brunos.read.pk}/suggestions/",
        f"/api/assignments/{brunos.drafted.pk}/",
        f"/api/readings/{brunos.reading.idempotency_key}/",
    ]
    missing = [re.sub(r"\d+|[0-9a-f-]{36}", "999999", path) for path in foreign[:4]]
    answers = {path: page.request.get(live_server.url + path) for path in foreign + missing}
    assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(answers, 404)
    for one, other in zip(foreign[1:4], missing[1:4], strict=True):
        assert answers[one].json() == answers[other].json()


def test_results_are_closed_to_a_reader(
    sign_in_as: SignIn, live_server: LiveServer, ana: User, brunos: Brunos
) -> None:
    batch, study = brunos.batch.pk, brunos.batch.study.slug
    pages = [
        f"/batches/{batch}/",
        f"/batches/{batch}/agreement/",
        f"/studies/{study}/",
        f"/studies/{study}/consensus/",
        f"/studies/{study}/export/",
        f"/batches/{batch}/progress/",
    ]
    page = sign_in_as(ana)
    for path in [*pages, *(f"/api{path}" for path in pages)]:
        answer = page.request.get(live_server.url + path)
        assert answer.status in {403, 404}, path
        assert betrayals(path, text_of(answer), brunos.marks) == []
