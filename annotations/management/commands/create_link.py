"""``manage.py create_link NAME --base-url ADDRESS``: a sign-in link that works once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.models import User
from annotations.services.people import accounts


class Command(BaseCommand):
    help = "Print a link that signs a person in once, within a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--base-url", default="", help="address of the site; default: SITE_URL")

    def handle(self, *, username: str, base_url: str, **options: Any) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {username}.")
        link = accounts.make_link(
            user=user, base_url=base_url or settings.SITE_URL, now=timezone.now()
        )
        self.stdout.write(link)
