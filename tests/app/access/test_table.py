"""The table of access, held against the site."""

from __future__ import annotations

import json
import logging

import pytest
from django.conf import settings
from django.contrib import admin, auth
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.template.backends.django import Template

from annotations.models import AuditEvent
from tests.app.access.table import ADDRESSES, METHOD_COMES_FIRST, ROLES
from tests.app.access.world import METHODS, parameters


@pytest.fixture(autouse=True)
def quiet():
    """Refusals by the thousand are what is wanted here: none needs a line in a log."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


CELLS = {
    f"{method} {name}": cell
    for name, methods in ADDRESSES.items()
    for method, cell in methods.items()
}


@pytest.fixture
def quick(monkeypatch, world):
    """Leave pages empty, and look people up once: what a status is does not depend on either."""

    def get_user(request):
        name = owners.get(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        return world.people[name] if name else AnonymousUser()

    people = [name for name in ROLES if name != "anonymous"]
    owners = {world.session_of(world.people[name]): name for name in people}
    monkeypatch.setattr(Template, "render", lambda *_args, **_more: "")
    monkeypatch.setattr(auth, "get_user", get_user)


class Undone(Exception):
    """Takes back what a request did, before the next role tries the same."""


def ask(world, role, name, method, cell=None):
    """Return the status that ``role`` gets."""
    body = None
    if cell is not None and cell.body is not None:
        body = json.loads(json.dumps(cell.body).replace("{code}", world.assignment.exam.code))
    address = world.address(name) + (cell.query if cell else "")
    client = world.client(role)
    headers = dict(cell.headers) if cell else {}
    try:
        with transaction.atomic():
            response = client.generic(
                method,
                address,
                data="" if body is None else json.dumps(body),
                content_type="application/json",
                headers=headers,
            )
            raise Undone
    except Undone:
        return response.status_code


def declared():
    return {name for name in parameters() if not name.startswith("admin:")}


def test_every_address_is_in_the_table():
    assert declared() == set(ADDRESSES)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_role_meets_what_the_table_says(world, role):
    found = {
        f"{method} {name}": ask(world, role, name, method, cell)
        for name, methods in ADDRESSES.items()
        for method, cell in methods.items()
    }
    assert found == {place: cell.statuses[role] for place, cell in CELLS.items()}


SOME_ROLES = [
    role if role in {"anonymous", "ana", "root"} else pytest.param(role, marks=pytest.mark.drill)
    for role in ROLES
]
"""What goes by the method, once for each kind of answer; the drill asks as everybody."""


@pytest.mark.django_db
@pytest.mark.parametrize("role", SOME_ROLES)
def test_head_is_answered_as_get_is(world, quick, role):
    found = {
        name: ask(world, role, name, "HEAD", methods["GET"])
        for name, methods in ADDRESSES.items()
        if "GET" in methods
    }
    assert found == {name: ADDRESSES[name]["GET"].statuses[role] for name in found}


@pytest.mark.django_db
@pytest.mark.parametrize("role", SOME_ROLES)
def test_other_methods_are_refused_as_those_of_the_table_are(world, quick, role):
    found = {
        f"{method} {name}": ask(world, role, name, method)
        for name, methods in ADDRESSES.items()
        for method in METHODS
        if method not in methods and not (method == "HEAD" and "GET" in methods)
    }
    assert found == {place: without_method(place.partition(" ")[2], role) for place in found}


def without_method(name, role):
    """Return the status of a method that an address lacks: 405 for whoever is let in at all."""
    if name in METHOD_COMES_FIRST:
        return 405
    # Caio has the permissions: he is turned away only where he would see results.
    asker = "davi" if role == "caio" else role
    statuses = {cell.statuses[asker] for cell in ADDRESSES[name].values()}
    refusals = {302, 401, 403} if role == "anonymous" else {403}
    return statuses.pop() if len(statuses) == 1 and statuses <= refusals else 405


@pytest.mark.django_db
def test_an_address_with_nul_is_not_found(world):
    client = world.client("root")
    for name, known in parameters().items():
        given = world.address(name) if known and not name.startswith("admin:") else ""
        for value in {str(one) for one in world.arguments(name).values()} if given else ():
            address = given.replace(f"/{value}/", "/%00/")
            if address != given:
                assert client.get(address).status_code == 404, address


@pytest.mark.django_db
def test_the_admin_is_for_staff(world):
    let_in = {role for role in ROLES if world.client(role).get("/admin/").status_code == 200}
    assert let_in == {"root"}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["audit-export", "api-audit-export"])
def test_head_of_an_export_tells_the_trail_of_none(world, name):
    before = AuditEvent.objects.count()
    response = world.client("root").head(world.address(name))
    assert (response.status_code, response.content) == (200, b"")
    assert int(response["Content-Length"]) > 0
    assert AuditEvent.objects.count() == before


def test_the_admin_shows_nothing_that_is_blind():
    shown = {model.__name__ for model in admin.site._registry}
    blind = {"Reading", "Finding", "Draft", "Suggestion", "SuggestionRun", "AgreementReport"}
    assert not shown & (blind | {"Consensus", "ConsensusLabel", "Assignment"})
