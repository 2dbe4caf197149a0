"""A refusal into its answer, as application/problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import OperationalError
from django.http import JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from annotations import desk_payloads
from annotations.api.problems import (
    SILENT,
    TIMED_OUT,
    TYPE_BASE,
    UNAVAILABLE,
    Problem,
    problem_of,
)
from annotations.services.reading import drafts
from ecgreview import protocol

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = {UNAVAILABLE: 5, TIMED_OUT: 60}
"""A statement that took too long will do so again at once."""


def handle(error: Exception, _context: dict[str, Any]) -> Response | None:
    """Return the answer to ``error``, or None for a defect of ours (HTTP 500)."""
    problem = problem_of(error)
    if problem is None:
        return None
    set_rollback()
    answer = Response(
        _body(problem, error),
        status=problem.status,
        headers=_headers(problem, error),
        content_type=CONTENT_TYPE,
    )
    answer["Cache-Control"] = "no-store"
    return answer


def unavailable(error: OperationalError) -> JsonResponse:
    """Return the answer to ``error`` where no view could give it: the same as ``handle`` does."""
    problem = problem_of(error) or UNAVAILABLE
    answer = JsonResponse(
        _body(problem, error),
        status=problem.status,
        headers=_headers(problem, error),
        content_type=CONTENT_TYPE,
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _body(problem: Problem, error: Exception) -> dict[str, Any]:
    errors = _errors(problem, error)
    body: dict[str, Any] = {
        "type": TYPE_BASE + problem.slug,
        "title": problem.title,
        "status": problem.status,
        "detail": _detail(problem, error, errors),
        "field": problem.field or next(iter(errors), None),
        "hint": problem.hint,
        "errors": errors,
    }
    if isinstance(error, drafts.StaleDraft):
        body["draft"] = desk_payloads.draft_payload(error.draft) if error.draft else None
    return body


def _errors(problem: Problem, error: Exception) -> dict[str, list[str]]:
    """Return what is wrong with each field."""
    if isinstance(error, exceptions.ValidationError):
        return dict(_messages(error.detail))
    if isinstance(error, protocol.InvalidProtocol):
        return {found.key or "body": [f"{found.reason}. {found.hint}"] for found in error.problems}
    if problem.field and problem.status == status.HTTP_400_BAD_REQUEST:
        return {problem.field: [_sentence(problem, error)]}
    return {}


def _detail(problem: Problem, error: Exception, errors: dict[str, list[str]]) -> str:
    if problem in SILENT:
        return problem.title
    if isinstance(error, exceptions.ValidationError):
        return "; ".join(f"{field}: {messages[0]}" for field, messages in errors.items())
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return _sentence(problem, error)


def _sentence(problem: Problem, error: Exception) -> str:
    """Return the title, and what the service names: its ValueErrors quote what was sent."""
    return f"{problem.title} ({error})" if isinstance(error, ValueError) else problem.title


def _messages(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Flatten DRF's nested messages: ``findings.0.class`` -> what is wrong with it."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            plain = name == "non_field_errors"
            yield from _messages(inner, path if plain else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list) and any(isinstance(one, dict | list) for one in detail):
        for index, inner in enumerate(detail):
            yield from _messages(inner, f"{path}.{index}".lstrip("."))
    else:
        messages = detail if isinstance(detail, list) else [detail]
        yield path or "body", [str(message) for message in messages]


def _headers(problem: Problem, error: Exception) -> dict[str, str]:
    headers = {}
    if problem.status == status.HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Token"
    if seconds := RETRY_AFTER_S.get(problem):
        headers["Retry-After"] = str(seconds)
    elif wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers
