"""``manage.py create_user NAME --role reader``: an account without a password."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.models import Role
from annotations.sentences.refusals import message
from annotations.services.people import accounts, members


class Command(BaseCommand):
    help = "Create a person with roles. No password is set: they sign in with a one-time link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--role", choices=Role.values, action="append", default=[])
        parser.add_argument("--base-url", help="address of the site, to print a sign-in link")

    def handle(
        self,
        *,
        username: str,
        first_name: str,
        last_name: str,
        role: list[str],
        base_url: str | None,
        **options: Any,
    ) -> None:
        try:
            user = accounts.create(
                username=username,
                first_name=first_name,
                last_name=last_name,
                roles=[Role(name) for name in role],
                now=timezone.now(),
            )
        except members.UserNameTaken as refusal:
            raise CommandError(message(refusal)) from refusal
        self.stdout.write(f"Created {username} ({', '.join(role) or 'no role'}).")
        if base_url:
            self.stdout.write(accounts.make_link(user=user, base_url=base_url, now=timezone.now()))
