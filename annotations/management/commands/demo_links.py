"""``manage.py demo_links``: sign-in links for the people of the demo."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.models import User
from annotations.services.demo import seed
from annotations.services.people import accounts

USUAL_ADDRESS = "http://127.0.0.1:8000"


class Command(BaseCommand):
    help = "Print one-time sign-in links for the people of the demo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default=USUAL_ADDRESS, help="address of the site")

    def handle(self, *, base_url: str, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not a demo. For one person use: manage.py create_link")
        people = {user.username: user for user in User.objects.filter(username__in=seed.PEOPLE)}
        if not people:
            raise CommandError("The demo has no people yet: run manage.py prepare_demo")
        # Without the option, the new links would lead to the default port.
        again = "" if base_url == USUAL_ADDRESS else f" --base-url {base_url}"
        self.stdout.write(
            f"Sign in (each link works once; manage.py demo_links{again} prints new ones):"
        )
        for username, part in seed.PEOPLE.items():
            if user := people.get(username):
                link = accounts.make_link(user=user, base_url=base_url, now=timezone.now())
                self.stdout.write(f"  {user.first_name:<6} {part.describes:<32} {link}")
