"""``manage.py createsuperuser``: Django's own, but written into the audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction
from django.utils import timezone

from annotations.models import User
from annotations.services.people import accounts


class Command(createsuperuser.Command):
    """Make a superuser, and say so in the trail: ``verify_audit`` names accounts of no event."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Let Django make the account, and record it in the same transaction."""
        before = set(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
        with transaction.atomic():
            super().handle(*args, **options)
            for user in User.objects.filter(is_superuser=True).exclude(pk__in=before):
                accounts.record_standing(user=user, now=timezone.now())
