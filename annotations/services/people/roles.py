"""What each role may do, as permissions of a group of the same name."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission

from annotations.models import Role, User

PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.READER: (),
    Role.ADJUDICATOR: (),
    Role.COORDINATOR: (
        "view_dataset",
        "view_exam",
        "view_importrun",
        "view_study",
        "add_study",
        "view_batch",
        "add_batch",
        "close_batch",
        "view_agreementreport",
        "view_consensus",
        "view_closed_readings",
        "export_study",
        "invite_user",
        "break_glass",
    ),
    Role.RESEARCHER: (
        "view_dataset",
        "view_exam",
        "view_study",
        "view_batch",
        "view_agreementreport",
        "view_consensus",
        "view_closed_readings",
        "export_study",
    ),
    Role.AUDITOR: (
        "view_dataset",
        "view_exam",
        "view_importrun",
        "view_study",
        "view_batch",
        "view_agreementreport",
        "view_consensus",
        "view_closed_readings",
        "view_auditevent",
    ),
}
"""Readers and adjudicators need none: being assigned an exam is what lets them read it."""


def sync() -> None:
    """Make each role's group hold exactly the permissions named above."""
    for role, codenames in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=role.value)
        group.permissions.set(_permissions(codenames))


def give(user: User, roles: Iterable[Role]) -> None:
    """Put ``user`` into the groups of ``roles``, and no other; a group that is lost is remade."""
    names = {role.value for role in roles}
    groups = Group.objects.filter(name__in=names)
    if groups.count() < len(names):
        sync()
    user.groups.set(groups.all())


def _permissions(codenames: Iterable[str]) -> list[Permission]:
    wanted = set(codenames)
    found = list(
        Permission.objects.filter(content_type__app_label="annotations", codename__in=wanted)
    )
    if missing := wanted - {permission.codename for permission in found}:
        raise UnknownPermission(", ".join(sorted(missing)))
    return found


class UnknownPermission(LookupError):
    """A role names a permission that no model declares."""
