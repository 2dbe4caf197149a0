"""What is asked of the site, for each role: every address of the table of access that has a GET."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from annotations.models import AuditLink, Exam, Reading, User
from bench.scale.database import World
from tests.app.access.table import ADDRESSES
from tests.app.access.world import parameters

SKIPPED = frozenset({"api-schema", "api-docs", "api-nowhere", "readyz", "livez"})
"""They look at no rows of the study, or only at whether the services are there."""

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
    """Yield the name and the address of everything ``user`` may ask for or be refused."""
    known = _known(world, user)
    for name, methods in ADDRESSES.items():
        if "GET" not in methods or name in SKIPPED:
            continue
        for arguments in _variants(name, known):
            needed = {key: arguments[key] for key in parameters()[name]}
            address = reverse(name, kwargs=needed)
            yield name, address
            for query in QUERIES.get(name, ()):
                yield name, address + query.format(**arguments)
    if user.is_staff:
        yield from (("admin", address) for address in ADMIN)


def _known(world: World, user: User) -> dict[str, Any]:
    """Return an argument for every parameter: of what the person has, or else somebody has."""
    mine = Reading.objects.filter(reader=user).order_by("-pk").first()
    reading = mine or Reading.objects.filter(assignment__batch=world.closed).earliest("pk")
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


def _variants(name: str, known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the arguments for each kind of thing that the number in an address may name."""
    if "assignment" in name or name in {"desk", "api-draft", "api-revision", "api-viewing"} | {
        "api-prior-tracing"
    }:
        yield {**known, "pk": known["assignment"]}
    elif name.startswith(("person", "study-read", "study-reassign")):
        yield {**known, "pk": known["reader"]}
    elif name == "dataset":
        yield {**known, "pk": known["dataset"]}
    elif "pk" in parameters()[name]:
        yield from ({**known, "pk": pk} for pk in known["batches"])
    else:
        yield known
