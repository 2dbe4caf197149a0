"""Look up studies and people by the names given to a command."""

from __future__ import annotations

from django.core.management.base import CommandError

from annotations.models import Study, User
from annotations.services.studies import lifecycle


def study(name: str) -> Study:
    """Return the study with this name or slug, with its taxonomy loaded.

    Raises:
        CommandError: there is no such study. The message lists the existing ones.
    """
    studies = Study.objects.select_related("taxonomy")
    row = studies.filter(slug=name).first() or studies.filter(slug=lifecycle.slug_for(name)).first()
    if row is None:
        slugs = ", ".join(Study.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no study {name!r}. Available: {slugs or 'none'}.")
    return row


def people(usernames: list[str]) -> list[User]:
    """Return the users with these user names, in order, without repetitions.

    Raises:
        CommandError: one of the users does not exist.
    """
    users = {user.username: user for user in User.objects.filter(username__in=usernames)}
    if unknown := sorted(set(usernames) - users.keys()):
        raise CommandError(f"There is no user {', '.join(unknown)}.")
    return [users[username] for username in dict.fromkeys(usernames)]
