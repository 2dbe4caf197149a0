"""Choices of people for forms."""

from __future__ import annotations

from django.db.models import QuerySet

from annotations.models import Role, User


def people_with_role(*roles: Role) -> QuerySet[User]:
    """Return the active people who have at least one of ``roles``, sorted by name."""
    named = User.objects.filter(is_active=True, groups__name__in=[role.value for role in roles])
    return named.distinct().order_by("first_name", "last_name", "username")
