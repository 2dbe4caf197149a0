"""Public pages: the front page and the taxonomy."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from annotations.models import Assignment, DiagnosticClass, DiagnosticGroup, Taxonomy, User

# Display names of the vocabularies that classes are mapped to, by their key in the data.
VOCABULARIES = {
    "snomed_ct": "SNOMED CT",
    "scp": "SCP-ECG",
    "aha": "AHA",
    "code15": "CODE-15%",
    "cpsc2018": "CPSC 2018",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A group of classes with its heading."""

    group: DiagnosticGroup
    classes: list[DiagnosticClass]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Introduce the site to anonymous visitors; redirect users to their worklist or the studies."""
    user = request.user
    if isinstance(user, User):
        return redirect(_next_place(user))
    return render(request, "home.html")


@require_safe
def taxonomy(request: HttpRequest) -> HttpResponse:
    """List the classes by group, with definitions, codes and sources."""
    newest = Taxonomy.objects.all().newest_first().first()
    sections = _sections(newest) if newest else []
    context = {
        "taxonomy": newest,
        "sections": sections,
        "n_classes": sum(len(section.classes) for section in sections),
        "vocabularies": VOCABULARIES,
    }
    return render(request, "taxonomy.html", context)


def _next_place(user: User) -> str:
    if Assignment.objects.visible_to(user).unread().exists():
        return "worklist"
    return "studies" if user.has_perm("annotations.view_study") else "worklist"


def _sections(newest: Taxonomy) -> list[Section]:
    groups = newest.groups.order_by("position")
    classes = newest.classes.order_by("position").prefetch_related("relations__target")
    by_group: dict[int, list[DiagnosticClass]] = {}
    for item in classes:
        by_group.setdefault(item.group_id, []).append(item)
    return [Section(group, by_group.get(group.pk, [])) for group in groups]
