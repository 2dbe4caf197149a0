"""``manage.py create_token NAME``: an API token for a person's program."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.models import TokenScope, User
from annotations.sentences.refusals import message
from annotations.services.people import accounts, tokens


class Command(BaseCommand):
    help = "Print an API token for a person. It is shown only once and expires in 90 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="name of the token on the account page")
        parser.add_argument(
            "--scope",
            choices=TokenScope.values,
            default=TokenScope.FULL.value,
            help="read: GET only; label: also submit readings; full: everything the person can do",
        )

    def handle(self, *, username: str, name: str, scope: str, **options: Any) -> None:
        """Print only the token to stdout, so that scripts can use it; the rest goes to stderr."""
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {username}.")
        try:
            secret, expires_at = accounts.make_token(
                user=user, name=name[:60], scope=TokenScope(scope), now=timezone.now()
            )
        except tokens.TooManyTokens as refusal:
            raise CommandError(message(refusal)) from refusal
        self.stderr.write(f"Send it as 'Authorization: Token …'; it expires {expires_at:%Y-%m-%d}.")
        self.stdout.write(secret)
