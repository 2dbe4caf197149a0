"""Whatever people write into a name or a comment stays text on every page, for every role."""

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
from tests.browser.conftest import SignIn, Witness
from tests.sizes import size

POISON = (
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
"""Ten ways out of the places where a text may stand."""

FILES = ("/audit/export/", "/file/", ".csv", ".yaml")
"""Ends of the addresses that give files and no pages."""

WATCH = """() => {
  window.booms = [];
  window.boom = () => window.booms.push(location.pathname);
  document.addEventListener("securitypolicyviolation", (event) =>
    window.booms.push(`${location.pathname}: ${event.violatedDirective} ${event.blockedURI}`));
}"""


def doses(limit: int) -> list[str]:
    """Return all of ``POISON``, as few texts of at most ``limit`` characters as it takes."""
    filled = [""]
    for text in POISON:
        if len(filled[-1]) + len(text) > limit:
            filled.append("")
        filled[-1] += text
    return filled


@pytest.fixture
def poisoned(
    taxonomy: Taxonomy,
    dataset: Dataset,
    make_exam: Callable[..., Exam],
    submit: Submit,
    now: datetime,
) -> User:
    """A closed and an open batch per dose, every name of which is poison; returns who made them."""
    roles = list(Role)
    owner, *readers = [
        members.create(username=f"p{place}", first_name=dose, last_name=dose[::-1], roles=roles)
        for place, dose in enumerate(doses(150))
    ]
    Dataset.objects.filter(pk=dataset.pk).update(name=doses(100)[0])
    for dose in doses(110):
        wanted = Protocol(name=dose, taxonomy=str(taxonomy))
        made = lifecycle.create(protocol=wanted, created_by=owner, now=now)
        study = lifecycle.open_study(study_id=made.pk, actor=owner, now=now)
        for name in (f"{dose} 1", f"{dose} 2"):
            batch = batches.create(
                study=study,
                name=name,
                exams=[make_exam()],
                readers=[owner, *readers],
                created_by=owner,
                now=now,
            )
            submit(batch.assignments.get(reader=readers[0]), comment="".join(POISON))
        close_first(study, owner, now)
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    return owner


def close_first(study: Study, owner: User, now: datetime) -> None:
    """Close one of the two batches of ``study``."""
    first = Batch.objects.filter(study=study).earliest("pk")
    batches.close(batch_id=first.pk, closed_by=owner, now=now)


def pages_for(page: Page, base: str, of_each_view: int) -> Iterator[str]:
    """Open every page that links lead to, each once, and give its path.

    Of each view at most so many: the drill opens those of all studies and batches.
    """
    waiting, seen = ["/"], {"/sign-out/", "/language/"}
    of_view: Counter[str] = Counter()
    while waiting:
        path = waiting.pop()
        if path in seen or path.startswith(("/static/", "/api/")) or path.endswith(FILES):
            continue
        seen.add(path)
        view = view_of(path)
        of_view[view] += 1
        if of_view[view] > of_each_view:
            continue
        page.goto(base + path)
        yield path
        links = page.locator("a[href]").evaluate_all("links => links.map(link => link.href)")
        waiting += [re.sub("[?#].*", "", link.removeprefix(base)) for link in links]
        assert all(link.startswith((base, "http")) for link in links)


def view_of(path: str) -> str:
    """Return the name of the view that answers at ``path``."""
    return resolve(unquote(path)).view_name


def booms(page: Page) -> list[str]:
    """Return what ran on the page, or what its content policy had to stop."""
    return page.evaluate("window.booms")  # type: ignore[no-any-return]


def test_the_watch_sees_a_script_that_tries_to_run(
    sign_in_as: SignIn, live_server: LiveServer, eva: User, witness: Witness
) -> None:
    witness.expect("Content Security Policy")
    page = sign_in_as(eva)
    page.context.add_init_script(f"({WATCH})()")
    page.goto(live_server.url)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b onclick=boom()>x</b>')")
    page.get_by_text("x", exact=True).click()
    page.wait_for_function("booms.length === 1")


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.RESEARCHER, Role.AUDITOR])
def test_poison_in_names_stays_text(
    sign_in_as: SignIn,
    live_server: LiveServer,
    make_user: Callable[..., User],
    poisoned: User,
    role: Role,
    witness: Witness,
) -> None:
    page = sign_in_as(make_user("Vera", role))
    page.context.add_init_script(f"({WATCH})()")
    visited, shown = [], 0
    of_each_view = size(3 if role == Role.COORDINATOR else 1, 1000)
    for path in pages_for(page, live_server.url, of_each_view):
        visited.append(path)
        assert booms(page) == []
        shown += page.get_by_text("boom()").count()
    assert shown > len(visited), "the poison was not even shown"
    assert {path.split("/")[1] for path in visited} >= {"studies", "batches", "taxonomy"}


def test_poison_stays_text_at_the_desk(
    sign_in_as: SignIn, live_server: LiveServer, poisoned: User, witness: Witness
) -> None:
    page = sign_in_as(poisoned)
    page.context.add_init_script(f"({WATCH})()")
    page.goto(f"{live_server.url}/worklist/")
    assert booms(page) == []
    assignment = Assignment.objects.visible_to(poisoned).unread().in_reading_order()[0]
    page.goto(f"{live_server.url}/read/{assignment.pk}/")
    expect(page.locator("[data-part=batch]")).to_contain_text("boom()")
    page.get_by_label("Comment").fill("".join(POISON))
    expect(page.locator("[data-part=draft-state]")).to_have_text("Saved")
    page.reload()
    expect(page.get_by_label("Comment")).to_have_value("".join(POISON))
    assert booms(page) == []


def test_poison_stays_text_in_a_form_that_is_shown_again(
    sign_in_as: SignIn, live_server: LiveServer, davi: User, taxonomy: object, witness: Witness
) -> None:
    witness.expect("the server responded with a status of 400")
    page = sign_in_as(davi)
    page.context.add_init_script(f"({WATCH})()")
    page.goto(f"{live_server.url}/studies/new/")
    name = page.get_by_label("Name")
    name.evaluate("box => box.removeAttribute('maxlength')")
    name.fill("".join(POISON))
    page.get_by_role("button", name="Create study").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(name).to_have_value("".join(POISON))
    assert booms(page) == []
