"""The documentation page of the API, generated from the schema and the table of refusals.

It is rendered on the server: the usual viewers load a megabyte of scripts and inline styles, which
the content security policy blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from annotations.api import openapi
from annotations.api.problems import PROBLEMS
from annotations.sentences.refusals import SENTENCES

Json = Mapping[str, Any]

PLACEHOLDER = re.compile(r"%\(\w+\)s")


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter of a request, or a field of a body."""

    name: str
    type: str
    is_required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status code and the fields of its body."""

    status: str
    type: str
    fields: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One HTTP method of one address."""

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

    @property
    def steps(self) -> list[str]:
        """The parts of the address; narrow screens may break the line between them."""
        return self.path.strip("/").split("/")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal and its texts, with an ellipsis for each placeholder."""

    code: str
    status: int
    title: str
    hint: str


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    context = {"subjects": subjects(), "refusals": refusals()}
    return render(request, "api/docs.html", context)


@cache
def subjects() -> list[tuple[str, list[Operation]]]:
    """Return the operations, grouped by the first part of their address."""
    operations = list(_operations(openapi.document()))
    groups = groupby(operations, attrgetter("subject"))
    return [(subject, list(group)) for subject, group in groups]


@cache
def refusals() -> list[Refusal]:
    """Return the refusals sorted by code, in English like the rest of the page."""
    with translation.override("en"):
        return [_refusal(code) for code in sorted(PROBLEMS)]


def _refusal(code: str) -> Refusal:
    title, hint = SENTENCES[code]
    return Refusal(code, PROBLEMS[code].status, str(title), PLACEHOLDER.sub("…", str(hint)))


def _operations(document: Json) -> Iterator[Operation]:
    components = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield Operation(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                description=operation.get("description", ""),
                is_public="security" not in operation or {} in operation["security"],
                parameters=tuple(
                    _parameter(parameter, components)
                    for parameter in operation.get("parameters", ())
                ),
                body=_fields(body.get("schema", {}), components),
                answers=tuple(
                    _answer(status, response, components)
                    for status, response in operation["responses"].items()
                ),
            )


def _parameter(parameter: Json, components: Json) -> Value:
    note = " ".join(filter(None, (f"({parameter['in']})", parameter.get("description", ""))))
    is_required = parameter.get("required", False)
    return Value(parameter["name"], _type(parameter["schema"], components), is_required, note)


def _answer(status: str, response: Json, components: Json) -> Answer:
    schemas = [content["schema"] for content in response.get("content", {}).values()]
    if not schemas:
        return Answer(status, "", ())
    kind = "a list of" if "items" in schemas[0] else ""
    fields = _fields(schemas[0], components)
    return Answer(status, kind if fields else _type(schemas[0], components), fields)


def _fields(schema: Json, components: Json) -> tuple[Value, ...]:
    inner = _resolved(schema.get("items", schema), components)
    required = inner.get("required", ())
    return tuple(
        Value(
            name,
            _type(field, components),
            name in required,
            field.get("description", "").partition("\n")[0],
        )
        for name, field in inner.get("properties", {}).items()
    )


def _resolved(schema: Json, components: Json) -> Json:
    if "$ref" not in schema:
        return schema
    component: Json = components[schema["$ref"].rpartition("/")[2]]
    return component


def _type(schema: Json, components: Json) -> str:
    """Summarize a schema: ``string``, ``list of {class, certainty}``, ``F or M``."""
    inner = _resolved(schema, components)
    for key in ("oneOf", "anyOf", "allOf"):
        if key in inner:
            types = (_type(alternative, components) for alternative in inner[key])
            return " or ".join(dict.fromkeys(types))
    if "enum" in inner:
        return " or ".join(str(value) or "(empty)" for value in inner["enum"])
    if inner.get("type") == "array":
        return f"list of {_type(inner['items'], components)}"
    if "properties" in inner:
        return f"{{{', '.join(inner['properties'])}}}"
    types = inner.get("type", "anything")
    return " or ".join(types) if isinstance(types, list) else str(inner.get("format") or types)
