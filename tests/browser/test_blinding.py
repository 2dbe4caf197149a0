"""Blinding in the browser: while the batch is open, Ana receives nothing of Bruno's work."""

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
CLASS_CATALOGS = ("/static/", "/taxonomy/", "/api/classes/", "/api/taxonomies/", "/api/schema/")
"""Paths whose responses list every class, and so also the one that Bruno marked."""

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
class BrunosWork:
    """Bruno's work: a submitted reading and a draft."""

    batch: Batch
    read: Assignment
    drafted: Assignment
    reading: Reading

    @property
    def identifying_texts(self) -> list[str]:
        """Texts that occur only in Bruno's work."""
        return [RARE, COMMENT, DRAFTED, "bruno", "Bruno", str(self.reading.idempotency_key)]


@pytest.fixture
def brunos_work(
    ana: User,
    bruno: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    submit: Submit,
    now: datetime,
) -> BrunosWork:
    """A batch of Ana and Bruno in which only Bruno has started."""
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
    return BrunosWork(batch, read, drafted, reading)


def crawl(page: Page, base: str, starts: list[str]) -> dict[str, APIResponse]:
    """Follow links from ``starts`` with the session of ``page``; return all responses by path."""
    waiting, answers = list(starts), {}
    while waiting:
        path = waiting.pop()
        if path in answers or path.startswith(("/static/", "/sign-out/")):
            continue
        answers[path] = answer = page.request.get(base + path, max_redirects=0)
        waiting += [href or url for href, url in LINK.findall(text_of(answer))]
    return answers


def text_of(answer: APIResponse) -> str:
    """Return the body decoded as Latin-1, which also works for binary bodies such as signals."""
    return answer.body().decode("latin-1")


def leaks_in(path: str, text: str, identifying_texts: list[str]) -> list[str]:
    """Return "path: text" for each of Bruno's texts that occurs in ``text``."""
    if path.startswith(CLASS_CATALOGS):
        identifying_texts = [secret for secret in identifying_texts if secret != RARE]
    text = EMBEDDED.sub("", text)
    return [f"{path}: {secret}" for secret in identifying_texts if secret in text]


def test_linked_pages_contain_nothing_of_another_reader(
    sign_in_as: SignIn, live_server: LiveServer, ana: User, brunos_work: BrunosWork
) -> None:
    answers = crawl(sign_in_as(ana), live_server.url, ["/", "/worklist/", *API])
    assert len([path for path in answers if path.startswith("/read/")]) == 2
    assert len([path for path in answers if "/tracings/" in path]) == 2
    leaks = [
        leak
        for path, answer in answers.items()
        for leak in leaks_in(path, text_of(answer), brunos_work.identifying_texts)
    ]
    assert leaks == []


def test_responses_while_reading_contain_nothing_of_another_reader(
    sign_in_as: SignIn, live_server: LiveServer, ana: User, brunos_work: BrunosWork
) -> None:
    page = sign_in_as(ana)
    bodies: list[tuple[str, str]] = []

    def save_body(request: Request) -> None:
        response = request.response()
        if response and request.resource_type in {"document", "fetch"}:
            bodies.append((urlsplit(request.url).path, response.body().decode("latin-1")))

    page.on("requestfinished", save_body)
    page.get_by_role("link", name="Start reading").click()
    for place in ("1 of 2", "2 of 2"):
        expect(page.locator("[data-part=place]")).to_have_text(place)
        page.keyboard.press("n")
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You have finished your queue.")).to_be_visible()
    expect(page.locator("[data-part=finished-sending]")).to_be_hidden()
    page.get_by_role("link", name="Back to the worklist").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.wait_for_load_state("networkidle")  # wait for the last responses

    assert len(bodies) >= 6
    leaks = [
        secret
        for path, text in bodies
        for secret in leaks_in(path, text, brunos_work.identifying_texts)
    ]
    assert leaks == []


def test_addresses_of_another_readers_work_answer_404(
    sign_in_as: SignIn, live_server: LiveServer, ana: User, brunos_work: BrunosWork
) -> None:
    page = sign_in_as(ana)
    brunos_paths = [
        f"/read/{brunos_work.read.pk}/",
        f"/api/assignments/{brunos_work.read.pk}/",
        f"/api/assignments/{brunos_work.read.pk}/suggestions/",
        f"/api/assignments/{brunos_work.drafted.pk}/",
        f"/api/readings/{brunos_work.reading.idempotency_key}/",
    ]
    missing_paths = [re.sub(r"\d+|[0-9a-f-]{36}", "999999", path) for path in brunos_paths[:4]]
    answers = {
        path: page.request.get(live_server.url + path) for path in brunos_paths + missing_paths
    }
    assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(answers, 404)
    for own_path, other in zip(brunos_paths[1:4], missing_paths[1:4], strict=True):
        assert answers[own_path].json() == answers[other].json()


def test_readers_cannot_open_results(
    sign_in_as: SignIn, live_server: LiveServer, ana: User, brunos_work: BrunosWork
) -> None:
    batch, study = brunos_work.batch.pk, brunos_work.batch.study.slug
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
        assert leaks_in(path, text_of(answer), brunos_work.identifying_texts) == []
