"""``manage.py change_user NAME --role reader``: other roles, or no access any more."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from annotations.models import Role, User
from annotations.services import audit, people


class Command(BaseCommand):
    """Change what a person may do."""

    help = "Replace a person's roles, or end or restore their access. Their readings stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("username")
        given = parser.add_mutually_exclusive_group()
        given.add_argument("--role", choices=Role.values, action="append")
        given.add_argument("--no-role", action="store_true", help="take all roles away")
        access = parser.add_mutually_exclusive_group()
        access.add_argument("--deactivate", action="store_true", help="no sign-in, tokens deleted")
        access.add_argument("--activate", action="store_true")

    def handle(self, *, username: str, **options: Any) -> None:
        """Change the person and say how they stand now."""
        names = [] if options["no_role"] else options["role"]
        is_active = True if options["activate"] else False if options["deactivate"] else None
        if names is None and is_active is None:
            raise CommandError("Nothing to change: give --role, --no-role or --deactivate.")
        try:
            user = _change(
                username=username,
                wanted=None if names is None else [Role(name) for name in names],
                is_active=is_active,
            )
        except User.DoesNotExist as nobody:
            raise CommandError(f"Nobody is called {username}.") from nobody
        held = ", ".join(user.groups.order_by("name").values_list("name", flat=True))
        state = "active" if user.is_active else "deactivated"
        self.stdout.write(f"{username} is {state} ({held or 'no role'}).")


@transaction.atomic
def _change(*, username: str, wanted: list[Role] | None, is_active: bool | None) -> User:
    user = people.change(username=username, wanted=wanted, is_active=is_active)
    if wanted is not None:
        _record(user, audit.Action.PEOPLE_CHANGED, {"roles": sorted(role.value for role in wanted)})
    if is_active is not None:
        actions = audit.Action
        _record(user, actions.PEOPLE_ACTIVATED if is_active else actions.PEOPLE_DEACTIVATED)
    return user


def _record(user: User, action: audit.Action, after: dict[str, object] | None = None) -> None:
    audit.record(
        actor=None,
        action=action,
        target=user,
        after=after,
        reason="on the command line",
        now=timezone.now(),
    )
