"""A small clinic in which every address leads somewhere."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient, ForceAuthClientHandler

from annotations.models import Assignment, Batch, Reading, User

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class World:
    """An open batch that Ana and Bruno read, a closed one, and everybody else.

    Attributes:
        assignment: Ana's, untouched, in the open batch.
        reading: Bruno's, of the same exam in the same batch.
        sessions: of whoever has signed in, by their key.
        handler: the middleware, loaded once for all browsers.
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
        """Return where the address called ``name`` leads in this world."""
        return reverse(name, kwargs=self.arguments(name))

    def arguments(self, name: str) -> dict[str, Any]:
        assignment, batch = self.assignment, self.batch
        known: dict[str, Any] = {
            "code": assignment.exam.code,
            "position": 1,
            "rest": "no/such/place",
            "slug": batch.study.slug,
            "key": uuid.UUID(str(self.reading.idempotency_key)),
            "uidb36": "1",
            "seq": 1,
            "place": 1,
        }
        of_assignment = {"api-assignment", "api-draft", "api-deferral", "api-reading-create"}
        of_assignment |= {"api-revision", "api-confirmation", "api-viewing", "api-prior-tracing"}
        if name in of_assignment | {"api-assignment-suggestions", "api-assignment-tracing", "desk"}:
            known["pk"] = assignment.pk
        elif name.startswith("person"):
            known["pk"] = self.people["eva"].pk
        elif name in {"study-reader", "study-reassign"}:
            known["pk"] = self.people["ana"].pk
        elif name == "dataset":
            known["pk"] = assignment.exam.dataset_id
        else:
            known["pk"] = batch.pk
        return {key: known[key] for key in parameters()[name]}

    def client(self, role: str) -> APIClient:
        """Return a browser in which somebody of this role is signed in."""
        client = APIClient()
        client.handler = self.handler
        if role != "anonymous":
            client.cookies[settings.SESSION_COOKIE_NAME] = self.session_of(self.people[role])
        return client

    def session_of(self, user: User) -> str:
        """Return the key of the session of ``user``, who signs in only once."""
        if user.pk not in self.sessions:
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            self.sessions[user.pk] = client.session.session_key or ""
        return self.sessions[user.pk]


def parameters() -> dict[str, list[str]]:
    """Return the name of every address of the site, and what it takes."""
    return dict(_walk(get_resolver(), [], []))


def _walk(
    resolver: URLResolver, spaces: list[str], outer: list[str]
) -> list[tuple[str, list[str]]]:
    found = []
    for entry in resolver.url_patterns:
        inner = [*outer, *entry.pattern.converters]
        if isinstance(entry, URLPattern):
            name = ":".join([*spaces, str(entry.name or entry.pattern)])
            found.append((name, inner))
        else:
            space = [entry.namespace] if entry.namespace else []
            found += _walk(entry, [*spaces, *space], inner)
    return found
