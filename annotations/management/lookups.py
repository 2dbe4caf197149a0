"""What the arguments of a command name; whoever mistyped is told what there is."""

from __future__ import annotations

from django.core.management.base import CommandError

from annotations.models import Study


def study(slug: str) -> Study:
    """Return the study of this slug, with its classes.

    Raises:
        CommandError: there is none; names those there are.
    """
    found = Study.objects.select_related("taxonomy").filter(slug=slug).first()
    if found is None:
        known = ", ".join(Study.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no study {slug!r}. There are: {known or 'none'}.")
    return found
