"""Test data, and the address of every page and endpoint; nearly all lead to an existing row."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient, ForceAuthClientHandler

from annotations.models import Assignment, Batch, Reading, User

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class World:
    """An open batch of Ana and Bruno, a closed batch, and at least one user per role.

    Attributes:
        assignment: Ana's first assignment in the open batch; she has not started it.
        reading: Bruno's reading of the same exam in the same batch.
        sessions: session keys of the users who have signed in, by user id.
        handler: the middleware stack, loaded once for all clients.
    """

    people: dict[str, User]
    batch: Batch
    assignment: Assignment
    reading: Reading
    sessions: dict[int, str] = field(default_factory=dict)
    handler: ForceAuthClientHandler = field(
        default_factory=lambda: ForceAuthClientHandler(enforce_csrf_checks=False)
    )

    def address(self, name: str) -> str:
        return reverse(name, kwargs=self.arguments(name))

    def arguments(self, name: str) -> dict[str, Any]:
        assignment, batch = self.assignment, self.batch
        values: dict[str, Any] = {
            "code": assignment.exam.code,
            "position": 1,
            "rest": "no/such/place",
            "slug": batch.study.slug,
            "key": uuid.UUID(str(self.reading.idempotency_key)),
            "attempt": uuid.UUID(int=7),
            "uidb36": "1",
            "seq": 1,
            "place": 1,
        }
        of_assignment = {
            "api-assignment",
            "api-adjudication",
            "api-draft",
            "api-deferral",
            "api-reading-create",
        }
        of_assignment |= {"api-revision", "api-confirmation", "api-viewing", "api-prior-tracing"}
        if name in of_assignment | {"api-assignment-suggestions", "api-assignment-tracing", "desk"}:
            values["pk"] = assignment.pk
        elif name.startswith("person"):
            values["pk"] = self.people["eva"].pk
        elif name in {"study-reader", "study-reassign"}:
            values["pk"] = self.people["ana"].pk
        elif name == "dataset":
            values["pk"] = assignment.exam.dataset_id
        else:
            values["pk"] = batch.pk
        return {key: values[key] for key in parameters()[name]}

    def client(self, role: str) -> APIClient:
        client = APIClient()
        client.handler = self.handler
        if role != "anonymous":
            client.cookies[settings.SESSION_COOKIE_NAME] = self.session_of(self.people[role])
        return client

    def session_of(self, user: User) -> str:
        """Return the session key of ``user``, signing in only the first time."""
        if user.pk not in self.sessions:
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            self.sessions[user.pk] = client.session.session_key or ""
        return self.sessions[user.pk]


@cache
def parameters() -> dict[str, list[str]]:
    """Return every URL name of the site with its parameters."""
    return dict(_walk(get_resolver(), [], []))


def _walk(
    resolver: URLResolver, spaces: list[str], outer: list[str]
) -> list[tuple[str, list[str]]]:
    patterns = []
    for entry in resolver.url_patterns:
        inner = [*outer, *entry.pattern.converters]
        if isinstance(entry, URLPattern):
            name = ":".join([*spaces, str(entry.name or entry.pattern)])
            patterns.append((name, inner))
        else:
            space = [entry.namespace] if entry.namespace else []
            patterns += _walk(entry, [*spaces, *space], inner)
    return patterns
