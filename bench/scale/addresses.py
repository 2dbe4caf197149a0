"""The addresses to measure for each role: those in the access table that accept GET.

``SKIPPED`` is left out. ``ADMIN`` is added for users who may open the admin site.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from annotations.models import AuditLink, Exam, Reading, User
from bench.scale.database import World
from tests.app.access.table import ADDRESSES
from tests.app.access.world import parameters

# Addresses that read no rows of the study, or only check the services.
SKIPPED = frozenset({"api-schema", "api-docs", "api-nowhere", "readyz", "livez"})

QUERIES: dict[str, tuple[str, ...]] = {
    "study-consensus": ("?outcome=disputed", "?outcome=incomplete", "?page=last"),
    "batch": ("?page=2",),
    "dataset": ("?page=last",),
    "audit": ("?action=reading", "?study={slug}", "?person=reader0", "?text=slip"),
    "audit-export": ("?study={slug}&since=2100-01-01",),
    "study-agreement-file": (
        "?table=classes",
        "?table=pairs&format=json",
        "?table=counts",
        "?table=reports",
    ),
    "batch-agreement-file": ("?table=classes",),
    "study-agreement-report": ("?format=md", "?format=html"),
    "study-agreement-exams": ("?class={class}", "?class={class}&cell=disagree"),
    "api-readings": ("?limit=50", "?limit=200"),
    "api-exams": ("?limit=200",),
    "api-study-consensus": ("?limit=200",),
    "api-audit": ("?limit=200", "?action=reading", "?person=reader0"),
    "api-assignments": ("?state=open&limit=1", "?limit=50"),
}
ADMIN = (
    *("/admin/", "/admin/annotations/user/", "/admin/annotations/dataset/"),
    "/admin/annotations/importrun/",
)


def of(world: World, user: User) -> Iterator[tuple[str, str]]:
    """Yield the name and address of each request to make as ``user``, including refused ones."""
    arguments_ = _arguments(world, user)
    for name, methods in ADDRESSES.items():
        if "GET" not in methods or name in SKIPPED:
            continue
        for arguments in _variants(name, arguments_):
            needed = {key: arguments[key] for key in parameters()[name]}
            address = reverse(name, kwargs=needed)
            yield name, address
            for query in QUERIES.get(name, ()):
                yield name, address + query.format(**arguments)
    if user.is_staff:
        yield from (("admin", address) for address in ADMIN)


def _arguments(world: World, user: User) -> dict[str, Any]:
    """Return an argument for every URL parameter; the reading is the user's own if possible."""
    own = Reading.objects.filter(reader=user).order_by("-pk").first()
    reading = own or Reading.objects.filter(assignment__batch=world.closed).earliest("pk")
    exam = Exam.objects.filter(assignments__batch=world.closed).order_by("pk")[0]
    return {
        "slug": world.study.slug,
        "code": exam.code,
        "class": "atrial_fibrillation",
        "position": 1,
        "rest": "no",
        "key": reading.idempotency_key,
        "uidb36": "1",
        "seq": AuditLink.objects.latest("seq").seq,
        "place": 1,
        "reader": world.people["reader0"].pk,
        "assignment": reading.assignment_id,
        "dataset": exam.dataset_id,
        "batches": (world.closed.pk, world.opened.pk),
    }


def _variants(name: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the arguments for each type of object that ``pk`` may refer to."""
    if "assignment" in name or name in {"desk", "api-draft", "api-revision", "api-viewing"} | {
        "api-prior-tracing"
    }:
        yield {**arguments, "pk": arguments["assignment"]}
    elif name.startswith(("person", "study-read", "study-reassign")):
        yield {**arguments, "pk": arguments["reader"]}
    elif name == "dataset":
        yield {**arguments, "pk": arguments["dataset"]}
    elif "pk" in parameters()[name]:
        yield from ({**arguments, "pk": pk} for pk in arguments["batches"])
    else:
        yield arguments
