"""Error responses, as application/problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import OperationalError
from django.http import JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from annotations import desk_payloads
from annotations.api import problems
from annotations.api.problems import PROBLEMS, TYPE_BASE, Problem
from annotations.sentences import predictions, protocols
from annotations.sentences import refusals as sentences
from annotations.sentences.refusals import Explanation
from annotations.services.reading import drafts
from ecgreview import protocol
from ecgreview.scoring.predictions import UnreadablePredictions

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = {"unavailable": 5, "timed-out": 60}
"""Seconds after which to retry. Right after a timeout, the query would probably time out again."""


def handle(error: Exception, _context: dict[str, Any]) -> Response | None:
    """Return the response to ``error``; None if it is unexpected (HTTP 500)."""
    explanation = problems.explain(error)
    if explanation is None:
        return None
    problem = PROBLEMS[explanation.code]
    response = Response(
        _body(problem, explanation, error),
        status=problem.status,
        headers=_headers(problem, explanation, error),
        content_type=CONTENT_TYPE,
    )
    response["Cache-Control"] = "no-store"
    # Roll back last, because building the texts may query the database for names.
    set_rollback()
    return response


def unavailable(error: OperationalError) -> JsonResponse:
    """Return the same response as ``handle``, for errors outside views."""
    explanation = problems.explain(error) or sentences.of_code("unavailable")
    problem = PROBLEMS[explanation.code]
    response = JsonResponse(
        _body(problem, explanation, error),
        status=problem.status,
        headers=_headers(problem, explanation, error),
        content_type=CONTENT_TYPE,
    )
    response["Cache-Control"] = "no-store"
    return response


def _body(problem: Problem, explanation: Explanation, error: Exception) -> dict[str, Any]:
    errors = _errors(problem, explanation, error)
    is_invalid = isinstance(error, exceptions.ValidationError)
    body: dict[str, Any] = {
        "type": TYPE_BASE + explanation.code,
        "title": explanation.title,
        "status": problem.status,
        "detail": _first_of_each(errors) if is_invalid else str(explanation),
        "field": problem.field or next(iter(errors), None),
        "hint": explanation.hint,
        "errors": errors,
    }
    if isinstance(error, drafts.StaleDraft):
        body["draft"] = desk_payloads.draft_payload(error.draft) if error.draft else None
    return body


def _errors(problem: Problem, explanation: Explanation, error: Exception) -> dict[str, list[str]]:
    if isinstance(error, exceptions.ValidationError):
        return dict(_messages(error.detail))
    if isinstance(error, UnreadablePredictions):
        return {"body": [predictions.sentence(mistake) for mistake in error.problems]}
    if isinstance(error, protocol.InvalidProtocol):
        return {invalid.key or "body": [protocols.sentence(invalid)] for invalid in error.problems}
    if problem.field and problem.status == status.HTTP_400_BAD_REQUEST:
        return {problem.field: [str(explanation)]}
    return {}


def _first_of_each(errors: dict[str, list[str]]) -> str:
    return "; ".join(f"{field}: {messages[0]}" for field, messages in errors.items())


def _messages(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Flatten DRF's nested messages to paths such as ``findings.0.class``."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            is_general = name == "non_field_errors"
            yield from _messages(inner, path if is_general else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for index, inner in enumerate(detail):
            yield from _messages(inner, f"{path}.{index}".lstrip("."))
    else:
        messages = detail if isinstance(detail, list) else [detail]
        yield path or "body", [str(message) for message in messages]


def _headers(problem: Problem, explanation: Explanation, error: Exception) -> dict[str, str]:
    headers = {}
    if problem.status == status.HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = problem.challenge
    if seconds := RETRY_AFTER_S.get(explanation.code):
        headers["Retry-After"] = str(seconds)
    elif wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers
