"""The page that explains the API to people, made of the schema and the table of refusals.

Rendered on the server: the usual viewers need a megabyte of script and styles that the content
security policy forbids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.api import openapi
from annotations.api.problems import PROBLEMS, Problem

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter, or a field of a body."""

    name: str
    type: str
    is_required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the fields that come with it."""

    status: str
    type: str
    fields: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an address."""

    id: str
    method: str
    path: str
    description: str
    is_public: bool
    parameters: tuple[Value, ...]
    body: tuple[Value, ...]
    answers: tuple[Answer, ...]

    @property
    def subject(self) -> str:
        """The first part of the address."""
        return self.path.split("/")[2]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show every address, what it takes and gives, and every refusal."""
    context = {"subjects": subjects(), "problems": problems()}
    return render(request, "api/docs.html", context)


@cache
def subjects() -> list[tuple[str, list[Operation]]]:
    """Return the operations by the first part of their address."""
    found = list(_operations(openapi.document()))
    return [(subject, list(group)) for subject, group in groupby(found, lambda one: one.subject)]


def problems() -> list[Problem]:
    """Return the refusals, one for each slug."""
    by_slug = {problem.slug: problem for problem in PROBLEMS.values()}
    return [by_slug[slug] for slug in sorted(by_slug)]


def _operations(document: Json) -> Iterator[Operation]:
    components = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            body = said.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield Operation(
                id=said["operationId"],
                method=method.upper(),
                path=path,
                description=said.get("description", ""),
                is_public="security" not in said or {} in said["security"],
                parameters=tuple(_parameter(one) for one in said.get("parameters", ())),
                body=_fields(body.get("schema", {}), components),
                answers=tuple(
                    _answer(status, one, components) for status, one in said["responses"].items()
                ),
            )


def _parameter(said: Json) -> Value:
    note = " ".join(filter(None, (f"({said['in']})", said.get("description", ""))))
    return Value(said["name"], _type(said["schema"]), said.get("required", False), note)


def _answer(status: str, said: Json, components: Json) -> Answer:
    schemas = [content["schema"] for content in said.get("content", {}).values()]
    if not schemas:
        return Answer(status, "", ())
    return Answer(status, _type(schemas[0]), _fields(schemas[0], components))


def _fields(schema: Json, components: Json) -> tuple[Value, ...]:
    inner = _resolved(schema.get("items", schema), components)
    required = inner.get("required", ())
    return tuple(
        Value(name, _type(one), name in required, one.get("description", "").partition("\n")[0])
        for name, one in inner.get("properties", {}).items()
    )


def _resolved(schema: Json, components: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = components[_last(schema["$ref"])]
    return found


def _type(schema: Json) -> str:
    """Return a few words for a schema: ``string``, ``list of Finding``, ``a or b``."""
    if "$ref" in schema:
        return _last(schema["$ref"])
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[key]))
    if "enum" in schema:
        return " | ".join(str(value) or "(empty)" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    types = schema.get("type", "anything")
    return " or ".join(types) if isinstance(types, list) else str(schema.get("format") or types)


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]
