"""The table of access, held against the site."""

from __future__ import annotations

import json

import pytest
from django.contrib import admin
from django.db import transaction

from .table import ADDRESSES, ROLES
from .world import METHODS, parameters

CELLS = [(name, *pair) for name, methods in ADDRESSES.items() for pair in methods.items()]


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
        f"{method} {name}": ask(world, role, name, method, cell) for name, method, cell in CELLS
    }
    expected = {f"{method} {name}": cell.statuses[role] for name, method, cell in CELLS}
    assert found == expected


@pytest.mark.django_db
def test_no_address_has_a_method_that_is_not_in_the_table(world):
    found = {
        f"{method} {name}": ask(world, _somebody_let_in(name), name, method)
        for name in ADDRESSES
        for method in METHODS
        if method not in ADDRESSES[name]
    }
    assert found == dict.fromkeys(found, 405)


def _somebody_let_in(name):
    """Davi, or Otto where Davi is turned away whatever the method."""
    refusals = {cell.statuses["davi"] for cell in ADDRESSES[name].values()}
    return "otto" if refusals == {403} else "davi"


@pytest.mark.django_db
def test_the_admin_is_for_staff(world):
    for role in ROLES:
        response = world.client(role).get("/admin/")
        assert (response.status_code, response.url[:13]) == (302, "/admin/login/")


def test_the_admin_shows_nothing_that_is_blind():
    shown = {model.__name__ for model in admin.site._registry}
    blind = {"Reading", "Finding", "Draft", "Suggestion", "SuggestionRun", "AgreementReport"}
    assert not shown & (blind | {"Consensus", "ConsensusLabel", "Assignment"})
