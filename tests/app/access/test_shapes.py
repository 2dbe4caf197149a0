"""Every answer has the shape that the schema tells, and no field beside."""

from __future__ import annotations

import re

import pytest
from openapi_schema_validator import OAS31Validator

from annotations.api import openapi
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from tests.app.access.table import API

UNTOLD = {"api-docs", "api-nowhere"}
"""A page, and what is no address of the API: the schema does not tell of them."""

GETS = sorted({name for name, methods in API.items() if "GET" in methods} - UNTOLD)


def schema_of(address):
    """Return the schema of what a GET of ``address`` answers, None when it is no JSON."""
    for template, methods in openapi.document()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, address) and "get" in methods:
            content = methods["get"]["responses"]["200"].get("content", {})
            return content.get("application/json", {}).get("schema")
    raise LookupError(address)


def strict(schema):
    """Return the schema with unknown fields forbidden."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: strict(value) for key, value in schema.items()}
    closed = "properties" in inner and isinstance(schema.get("type"), str)
    return {**inner, "additionalProperties": False} if closed else inner


def objections(schema, payload):
    whole = strict({"components": openapi.document()["components"], **schema})
    errors = OAS31Validator(whole).iter_errors(payload)
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["bruno", "davi"])
def test_what_is_answered_is_what_the_schema_tells(world, role, now):
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    found = {}
    for name in GETS:
        address = world.address(name)
        response, schema = world.client(role).get(address), schema_of(address)
        if response.status_code == 200 and schema is not None:
            found[name] = objections(schema, response.json())
    assert found == {name: [] for name in found}


@pytest.mark.django_db
def test_an_assignment_has_the_shape_that_the_schema_tells(world):
    address = world.address("api-assignment")
    payload = world.client("ana").get(address).json()
    assert objections(schema_of(address), payload) == []


@pytest.mark.django_db
def test_a_refusal_has_the_shape_that_the_docs_tell(world):
    payload = world.client("eva").get("/api/studies/").json()
    schema = {"$ref": "#/components/schemas/StaleDraftShape"}
    assert objections(schema, {**payload, "draft": None}) == []
