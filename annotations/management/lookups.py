"""What the arguments of a command name; whoever mistyped is told what there is."""

from __future__ import annotations

from django.core.management.base import CommandError

from annotations.models import Study, User
from annotations.services.studies import lifecycle


def study(name: str) -> Study:
    """Return the study of this name or slug, with its classes.

    Raises:
        CommandError: there is none; names those there are.
    """
    studies = Study.objects.select_related("taxonomy")
    row = studies.filter(slug=name).first() or studies.filter(slug=lifecycle.slug_for(name)).first()
    if row is None:
        slugs = ", ".join(Study.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no study {name!r}. Available: {slugs or 'none'}.")
    return row


def people(usernames: list[str]) -> list[User]:
    """Return the people of these user names.

    Raises:
        CommandError: somebody is not there.
    """
    users = {user.username: user for user in User.objects.filter(username__in=usernames)}
    if unknown := sorted(set(usernames) - users.keys()):
        raise CommandError(f"There is no user {', '.join(unknown)}.")
    return [users[username] for username in dict.fromkeys(usernames)]
