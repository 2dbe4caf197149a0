"""``manage.py createsuperuser``: Django's command, recorded in the audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction
from django.utils import timezone

from annotations.models import User
from annotations.services.people import accounts


class Command(createsuperuser.Command):
    """Create a superuser with an audit event: ``verify_audit`` reports accounts without one."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the account and its audit event in one transaction."""
        before = set(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
        with transaction.atomic():
            super().handle(*args, **options)
            for user in User.objects.filter(is_superuser=True).exclude(pk__in=before):
                accounts.record_creation(user=user, now=timezone.now())
