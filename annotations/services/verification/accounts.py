"""Verify that accounts have exactly the recorded rights, and roles their built-in permissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db.models import F

from annotations.models import AuditEvent, ReaderKind, Role, User
from annotations.services.audit import Action
from annotations.services.people.roles import PERMISSIONS
from annotations.services.verification.readings import state
from ecgreview.hash_chain import Fault, Kind

# Whether a person has access after each action.
ACCESS: Mapping[str, bool] = {
    Action.PEOPLE_CREATED: True,
    Action.PEOPLE_INVITED: False,
    Action.PEOPLE_INVITATION_WITHDRAWN: False,
    Action.PEOPLE_ACCEPTED: True,
    Action.PEOPLE_DEACTIVATED: False,
    Action.PEOPLE_ACTIVATED: True,
}


@dataclass(slots=True)
class AccountState:
    """The rights and kind of an account according to its events. Before the first: no rights."""

    roles: frozenset[str] = frozenset()
    is_active: bool | None = None
    is_staff: bool = False
    is_superuser: bool = False
    kind: str = ReaderKind.PERSON

    def follow(self, event: AuditEvent) -> None:
        """Update the rights and kind from the next event about the account."""
        after = state(event)
        self.is_active = after.get("is_active", ACCESS.get(event.action, self.is_active))
        self.is_staff = bool(after.get("is_staff", self.is_staff))
        self.is_superuser = bool(after.get("is_superuser", self.is_superuser))
        self.kind = after.get("kind", self.kind)
        if "roles" in after:
            self.roles = frozenset(after["roles"])
        elif "role" in after:
            self.roles = frozenset([after["role"]])


def account_fault() -> Fault | None:
    """Return a fault for the first account whose rights or kind differ from its events, or None.

    An account without events must have no rights. So an account that was added directly to the
    database is found if it has any rights.
    """
    recorded = _recorded()
    people = User.objects.prefetch_related("groups", "user_permissions").order_by("pk")
    for user in people.iterator(chunk_size=500):
        expected = recorded.get(user.pk, AccountState())
        actual = AccountState(
            frozenset(group.name for group in user.groups.all()),
            user.is_active if expected.is_active is not None else None,
            user.is_staff,
            user.is_superuser,
            user.kind,
        )
        if actual != expected or user.user_permissions.all():
            return Fault(Kind.ACCOUNT_ALTERED, other=user.pk, name=user.username)
    return None


def role_fault() -> Fault | None:
    """Return a fault for the first group whose permissions are not those of its role, or None."""
    for group in Group.objects.prefetch_related("permissions").order_by("name"):
        is_role = group.name in Role.values
        expected = set(PERMISSIONS[Role(group.name)]) if is_role else set()
        if {permission.codename for permission in group.permissions.all()} != expected:
            return Fault(Kind.ROLE_ALTERED, other=group.pk, name=group.name)
    return None


def _recorded() -> dict[int, AccountState]:
    actions = [*ACCESS, Action.PEOPLE_CHANGED, Action.AUDIT_RECORDED]
    events = AuditEvent.objects.filter(action__in=actions, object_type="user")
    states: dict[int, AccountState] = {}
    for event in events.order_by(F("link__seq").asc(nulls_last=True)).iterator():
        if event.object_id.isdecimal():
            states.setdefault(int(event.object_id), AccountState()).follow(event)
    return states
