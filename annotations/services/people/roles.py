"""The permissions of each role, held by a group of the same name."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission

from annotations.models import Role, User

# Readers and adjudicators need no permission: an assignment lets them read its exam.
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


def sync() -> None:
    """Make each role's group hold exactly the permissions named above."""
    for role, codenames in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=role.value)
        group.permissions.set(_permissions(codenames))


def give(user: User, roles: Iterable[Role]) -> None:
    """Replace the roles of ``user`` with ``roles``, creating any group that is missing."""
    names = {role.value for role in roles}
    groups = Group.objects.filter(name__in=names)
    if groups.count() < len(names):
        sync()
    user.groups.set(groups.all())


def _permissions(codenames: Iterable[str]) -> list[Permission]:
    required = set(codenames)
    permissions = list(
        Permission.objects.filter(content_type__app_label="annotations", codename__in=required)
    )
    if missing := required - {permission.codename for permission in permissions}:
        raise UnknownPermission(", ".join(sorted(missing)))
    return permissions


class UnknownPermission(LookupError):
    """A role lists a permission that no model declares."""
