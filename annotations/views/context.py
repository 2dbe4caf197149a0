"""Template variables for every page."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, partial

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from annotations.models import Assignment, Notice, Role, User
from annotations.services.notices import mail_server

THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    label: str
    is_current: bool


def site(request: HttpRequest) -> dict[str, object]:
    """Return the variables that ``base.html`` needs.

    Those that query the database are callables, so they run only if a template uses them.
    """
    theme = request.COOKIES.get("theme", "")
    groups = cache(partial(_groups, request))
    return {
        "is_demo": settings.DEMO,
        "has_mail_server": mail_server.is_configured(),
        "theme": theme if theme in THEMES else "",
        "places": partial(_places, request, groups),
        "roles": partial(_roles, groups),
        "n_notices": partial(_n_notices, request),
    }


def _groups(request: HttpRequest) -> list[str]:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return []
    return list(user.groups.order_by("name").values_list("name", flat=True))


def _places(request: HttpRequest, groups: Callable[[], list[str]]) -> list[Place]:
    """Return the navigation entries that the user may open."""
    user = getattr(request, "user", None)
    offered = [("taxonomy", _("Classes"), True)]
    if isinstance(user, User):
        offered = [
            ("worklist", _("Worklist"), _reads(user, groups())),
            ("studies", _("Studies"), user.has_perm("annotations.view_study")),
            ("datasets", _("Data sets"), user.has_perm("annotations.view_dataset")),
            ("audit", _("Audit"), user.has_perm("annotations.view_auditevent")),
            ("people", _("People"), user.has_perm("annotations.invite_user")),
            *offered,
        ]
    return [
        Place(url=reverse(name), label=label, is_current=_is_within(request, reverse(name)))
        for name, label, is_offered in offered
        if is_offered
    ]


def _reads(user: User, groups: Collection[str]) -> bool:
    """Whether ``user`` is a reader by role, or has assignments."""
    is_reader = Role.READER in groups or Role.ADJUDICATOR in groups
    return is_reader or Assignment.objects.visible_to(user).exists()


def _is_within(request: HttpRequest, url: str) -> bool:
    """Whether the current page is at or below ``url``. Batch pages count as study pages."""
    path = request.path
    if path.startswith((reverse("studies"), "/batches/")):
        return url == reverse("studies")
    return path.startswith(url)


def _n_notices(request: HttpRequest) -> int:
    user = getattr(request, "user", None)
    return Notice.objects.visible_to(user).unseen().count() if isinstance(user, User) else 0


def _roles(groups: Callable[[], list[str]]) -> list[str]:
    labels = {role.value: str(role.label) for role in Role}
    return [labels.get(name, name) for name in groups()]
