"""Responses of the API to GET, and refusals, match the OpenAPI schema and have no extra field."""

from __future__ import annotations

import re

import pytest
from openapi_schema_validator import OAS31Validator

from annotations.api import openapi
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from tests.app.access.table import API

WITHOUT_SCHEMA = {"api-docs", "api-nowhere"}
"""A page, and the catch-all for unknown API addresses."""

GETS = sorted({name for name, methods in API.items() if "GET" in methods} - WITHOUT_SCHEMA)


def schema_of(address):
    """Return the schema of the response to a GET, or None if the response isn't JSON."""
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


def schema_errors(schema, payload):
    full_schema = strict({"components": openapi.document()["components"], **schema})
    errors = OAS31Validator(full_schema).iter_errors(payload)
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["bruno", "davi"])
def test_responses_match_the_schema(world, role, now):
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    errors_by_name = {}
    for name in GETS:
        address = world.address(name)
        response, schema = world.client(role).get(address), schema_of(address)
        if response.status_code == 200 and schema is not None:
            errors_by_name[name] = schema_errors(schema, response.json())
    assert errors_by_name == {name: [] for name in errors_by_name}


@pytest.mark.django_db
def test_an_assignment_matches_the_schema(world):
    address = world.address("api-assignment")
    payload = world.client("ana").get(address).json()
    assert schema_errors(schema_of(address), payload) == []


@pytest.mark.django_db
def test_a_refusal_matches_the_schema(world):
    payload = world.client("eva").get("/api/studies/").json()
    schema = {"$ref": "#/components/schemas/StaleDraftShape"}
    assert schema_errors(schema, {**payload, "draft": None}) == []
