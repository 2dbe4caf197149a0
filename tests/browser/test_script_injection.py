"""Script injection: names and comments stay text on every page, for every role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import unquote

import pytest
from django.urls import resolve
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Assignment, Batch, Dataset, Exam, Role, Study, Taxonomy, User
from annotations.services.agreement import refresh
from annotations.services.assignment import batches
from annotations.services.consensus import labels
from annotations.services.people import members
from annotations.services.studies import lifecycle
from ecgreview.protocol import Protocol
from tests.app.conftest import Submit
from tests.browser.conftest import PageMonitor, SignIn
from tests.sizes import size

PAYLOADS = (
    "<script>boom()</script>",
    '"><img src=x onerror=boom()>',
    "'><svg onload=boom()>",
    "</script><script>boom()</script>",
    "</textarea><body onload=boom()>",
    "<iframe srcdoc='<script>parent.boom()</script>'>",
    "javascript:boom()//",
    "{{ 7*7 }}${boom()}{% boom %}",
    '" autofocus onfocus=boom() x="',
    "<!--<a href=javascript:boom()>--><b>",
)
"""Ten ways to turn a text into markup, an attribute, a link or a template expression."""

FILE_ENDINGS = ("/audit/export/", "/file/", ".csv", ".yaml")
"""Path endings of downloads, which a page cannot open."""

VISITORS = size(
    [("Vera", Role.COORDINATOR), ("Tina", Role.AUDITOR)],
    [("Vera", Role.COORDINATOR), ("Ugo", Role.RESEARCHER), ("Tina", Role.AUDITOR)],
)
"""People who open all pages. A researcher sees a part of the coordinator's pages."""

WATCH_SCRIPTS = """() => {
  window.booms = [];
  window.boom = () => window.booms.push(location.pathname);
  document.addEventListener("securitypolicyviolation", (event) =>
    window.booms.push(`${location.pathname}: ${event.violatedDirective} ${event.blockedURI}`));
}"""


def payload_texts(limit: int) -> list[str]:
    """Join ``PAYLOADS``, in order, into texts of at most ``limit`` characters."""
    filled = [""]
    for text in PAYLOADS:
        if len(filled[-1]) + len(text) > limit:
            filled.append("")
        filled[-1] += text
    return filled


@pytest.fixture
def owner_of_payloads(
    taxonomy: Taxonomy,
    dataset: Dataset,
    make_exam: Callable[..., Exam],
    submit: Submit,
    now: datetime,
) -> User:
    """The owner of studies with an open and a closed batch each. All names are payloads."""
    roles = list(Role)
    owner, *readers = [
        members.create(
            username=f"p{place}", first_name=payload, last_name=payload[::-1], roles=roles
        )
        for place, payload in enumerate(payload_texts(150))
    ]
    Dataset.objects.filter(pk=dataset.pk).update(name=payload_texts(100)[0])
    for payload in payload_texts(110):
        protocol = Protocol(name=payload, taxonomy=str(taxonomy))
        created = lifecycle.create(protocol=protocol, created_by=owner, now=now)
        study = lifecycle.open_study(study_id=created.pk, actor=owner, now=now)
        for name in (f"{payload} 1", f"{payload} 2"):
            batch = batches.create(
                study=study,
                name=name,
                exams=[make_exam()],
                readers=[owner, *readers],
                created_by=owner,
                now=now,
            )
            submit(batch.assignments.get(reader=readers[0]), comment="".join(PAYLOADS))
        close_first(study, owner, now)
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    return owner


def close_first(study: Study, owner: User, now: datetime) -> None:
    """Close the older batch of ``study``."""
    first = Batch.objects.filter(study=study).earliest("pk")
    batches.close(batch_id=first.pk, closed_by=owner, now=now)


def pages_for(page: Page, base: str, max_per_view: int) -> Iterator[str]:
    """Follow links, open each page at most once and yield its path.

    Opens at most ``max_per_view`` pages of each view, and neither downloads nor the API.
    """
    waiting, seen_paths = ["/"], {"/sign-out/", "/language/"}
    n_by_view: Counter[str] = Counter()
    while waiting:
        path = waiting.pop()
        if (
            path in seen_paths
            or path.startswith(("/static/", "/api/"))
            or path.endswith(FILE_ENDINGS)
        ):
            continue
        seen_paths.add(path)
        view = view_of(path)
        n_by_view[view] += 1
        if n_by_view[view] > max_per_view:
            continue
        page.goto(base + path)
        yield path
        links = page.locator("a[href]").evaluate_all("links => links.map(link => link.href)")
        waiting += [re.sub("[?#].*", "", link.removeprefix(base)) for link in links]
        assert all(link.startswith((base, "http")) for link in links)


def view_of(path: str) -> str:
    """Return the name of the view that answers at ``path``."""
    return resolve(unquote(path)).view_name


def script_runs(page: Page) -> list[str]:
    """Return the page's path for each script that ran, and a line for each policy violation."""
    return page.evaluate("window.booms")  # type: ignore[no-any-return]


def test_the_watch_detects_a_script_that_tries_to_run(
    sign_in_as: SignIn, live_server: LiveServer, eva: User, page_monitor: PageMonitor
) -> None:
    page_monitor.expect("Content Security Policy")
    page = sign_in_as(eva)
    page.add_init_script(f"({WATCH_SCRIPTS})()")
    page.goto(live_server.url)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b onclick=boom()>x</b>')")
    page.get_by_text("x", exact=True).click()
    page.wait_for_function("booms.length === 1")


def test_payloads_stay_text_on_all_pages_and_at_the_desk(
    sign_in_as: SignIn,
    live_server: LiveServer,
    make_user: Callable[..., User],
    owner_of_payloads: User,
    page_monitor: PageMonitor,
) -> None:
    for name, role in VISITORS:
        page = sign_in_as(make_user(name, role))
        page.add_init_script(f"({WATCH_SCRIPTS})()")
        visited, n_shown = [], 0
        max_per_view = size(2 if role == Role.COORDINATOR else 1, 1000)
        for path in pages_for(page, live_server.url, max_per_view):
            visited.append(path)
            assert script_runs(page) == []
            n_shown += page.get_by_text("boom()").count()
        assert n_shown > len(visited), "the payloads were not shown"
        assert {path.split("/")[1] for path in visited} >= {"studies", "batches", "taxonomy"}

    page = sign_in_as(owner_of_payloads)
    page.add_init_script(f"({WATCH_SCRIPTS})()")
    page.goto(f"{live_server.url}/worklist/")
    assert script_runs(page) == []
    assignment = Assignment.objects.visible_to(owner_of_payloads).unread().in_reading_order()[0]
    page.goto(f"{live_server.url}/read/{assignment.pk}/")
    expect(page.locator("[data-part=batch]")).to_contain_text("boom()")
    page.get_by_label("Comment").fill("".join(PAYLOADS))
    expect(page.locator("[data-part=draft-state]")).to_have_text("Saved")
    page.reload()
    expect(page.get_by_label("Comment")).to_have_value("".join(PAYLOADS))
    assert script_runs(page) == []


def test_payloads_stay_text_in_a_form_with_errors(
    sign_in_as: SignIn,
    live_server: LiveServer,
    davi: User,
    taxonomy: object,
    page_monitor: PageMonitor,
) -> None:
    page_monitor.expect("the server responded with a status of 400")
    page = sign_in_as(davi)
    page.add_init_script(f"({WATCH_SCRIPTS})()")
    page.goto(f"{live_server.url}/studies/new/")
    name = page.get_by_label("Name")
    name.evaluate("box => box.removeAttribute('maxlength')")
    name.fill("".join(PAYLOADS))
    page.get_by_role("button", name="Create study").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(name).to_have_value("".join(PAYLOADS))
    assert script_runs(page) == []
