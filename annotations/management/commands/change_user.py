"""``manage.py change_user NAME --role reader``: change a person's roles or end their access."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.models import Role, User
from annotations.sentences.refusals import message
from annotations.services.people import accounts, members


class Command(BaseCommand):
    help = "Replace a person's roles, or end or restore their access. Their readings stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        roles = parser.add_mutually_exclusive_group()
        roles.add_argument("--role", choices=Role.values, action="append")
        roles.add_argument("--no-role", action="store_true", help="remove all roles")
        access = parser.add_mutually_exclusive_group()
        access.add_argument(
            "--deactivate", action="store_true", help="end access and delete tokens"
        )
        access.add_argument("--activate", action="store_true")

    def handle(self, *, username: str, **options: Any) -> None:
        names = [] if options["no_role"] else options["role"]
        is_active = True if options["activate"] else False if options["deactivate"] else None
        if names is None and is_active is None:
            raise CommandError("Nothing to change: give --role, --no-role or --deactivate.")
        try:
            user = accounts.change(
                username=username,
                roles=None if names is None else [Role(name) for name in names],
                is_active=is_active,
                now=timezone.now(),
            )
        except User.DoesNotExist as nobody:
            raise CommandError(f"There is no user {username}.") from nobody
        except members.NotAPerson as refusal:
            raise CommandError(message(refusal)) from refusal
        roles = ", ".join(user.groups.order_by("name").values_list("name", flat=True))
        state = "active" if user.is_active else "deactivated"
        self.stdout.write(f"{username} is {state} ({roles or 'no role'}).")
