"""Every address returns the status in the access table, for each method and role."""

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
from tests.sizes import size


@pytest.fixture(autouse=True)
def no_error_log():
    """Turn off the log: the tests provoke thousands of refusals."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


CELLS = {
    f"{method} {name}": cell
    for name, methods in ADDRESSES.items()
    for method, cell in methods.items()
}


@pytest.fixture
def no_templates(monkeypatch):
    """Skip template rendering for speed; statuses do not depend on it."""
    monkeypatch.setattr(Template, "render", lambda *_args, **_more: "")


@pytest.fixture
def empty_pages(monkeypatch, world, no_templates):
    """Skip template rendering and user queries for speed; statuses depend on neither."""

    def get_user(request):
        name = owners.get(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        return world.people[name] if name else AnonymousUser()

    people = [name for name in ROLES if name != "anonymous"]
    owners = {world.session_of(world.people[name]): name for name in people}
    monkeypatch.setattr(auth, "get_user", get_user)


class RollBack(Exception):
    """Raised to roll back a request, so that the next role finds the same data."""


def request_status(world, role, name, method, cell=None):
    """Send a request as ``role``, roll back its changes, and return the status."""
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
            raise RollBack
    except RollBack:
        return response.status_code


def declared():
    return {name for name in parameters() if not name.startswith("admin:")}


def test_every_address_is_in_the_table():
    assert declared() == set(ADDRESSES)


WITHOUT_PAGES = size({"bruno", "rosa", "otto", "caio", "root"}, set[str]())
"""Roles that get the same pages as Clara or Davi. `make test` skips the templates for them."""


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_the_statuses_of_the_table(world, request, role):
    if role in WITHOUT_PAGES:
        request.getfixturevalue("no_templates")
    statuses = {
        f"{method} {name}": request_status(world, role, name, method, cell)
        for name, methods in ADDRESSES.items()
        for method, cell in methods.items()
    }
    assert statuses == {place: cell.statuses[role] for place, cell in CELLS.items()}


SOME_ROLES = [
    role if role in {"anonymous", "ana", "root"} else pytest.param(role, marks=pytest.mark.drill)
    for role in ROLES
]
"""All roles. Those that repeat the responses of another role run only with the marker ``drill``."""


@pytest.mark.django_db
@pytest.mark.parametrize("role", SOME_ROLES)
def test_head_has_the_status_of_get(world, empty_pages, role):
    statuses = {
        name: request_status(world, role, name, "HEAD", methods["GET"])
        for name, methods in ADDRESSES.items()
        if "GET" in methods
    }
    assert statuses == {name: ADDRESSES[name]["GET"].statuses[role] for name in statuses}


@pytest.mark.django_db
@pytest.mark.parametrize("role", SOME_ROLES)
def test_methods_that_are_not_in_the_table_are_refused(world, empty_pages, role):
    statuses = {
        f"{method} {name}": request_status(world, role, name, method)
        for name, methods in ADDRESSES.items()
        for method in METHODS
        if method not in methods and not (method == "HEAD" and "GET" in methods)
    }
    assert statuses == {
        place: status_without_method(place.partition(" ")[2], role) for place in statuses
    }


def status_without_method(name, role):
    """Expected status of a method that an address does not have.

    It is 405 for roles that are allowed to use at least one method of the address.
    """
    if name in METHOD_COMES_FIRST:
        return 405
    # Caio has Davi's permissions; only the blinding rules refuse him, and they come later.
    permission_role = "davi" if role == "caio" else role
    statuses = {cell.statuses[permission_role] for cell in ADDRESSES[name].values()}
    refusals = {302, 401, 403} if role == "anonymous" else {401, 403}
    return statuses.pop() if len(statuses) == 1 and statuses <= refusals else 405


@pytest.mark.django_db
def test_an_address_with_a_nul_byte_is_not_found(world):
    client = world.client("root")
    for name, params in parameters().items():
        if not params or name.startswith("admin:"):
            continue
        address = world.address(name)
        for value in {str(value) for value in world.arguments(name).values()}:
            with_nul = address.replace(f"/{value}/", "/%00/")
            if with_nul != address:
                assert client.get(with_nul).status_code == 404, with_nul


@pytest.mark.django_db
def test_only_staff_may_open_the_admin(world):
    allowed = {role for role in ROLES if world.client(role).get("/admin/").status_code == 200}
    assert allowed == {"root"}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["audit-export", "api-audit-export"])
def test_head_of_an_export_writes_no_audit_event(world, name):
    before = AuditEvent.objects.count()
    response = world.client("root").head(world.address(name))
    assert (response.status_code, response.content) == (200, b"")
    assert int(response["Content-Length"]) > 0
    assert AuditEvent.objects.count() == before


def test_the_admin_registers_no_blinded_model():
    registered = {model.__name__ for model in admin.site._registry}
    blind = {"Reading", "Finding", "Draft", "Suggestion", "SuggestionRun", "AgreementReport"}
    assert not registered & (blind | {"Consensus", "ConsensusLabel", "Assignment"})
