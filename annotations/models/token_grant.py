"""The name and scope of an API token, in addition to what knox stores."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from knox.settings import knox_settings


class TokenScope(models.TextChoices):
    """How much of its owner's permissions a token has. Each scope includes the previous ones."""

    READ = "read", _("Read only")
    LABEL = "label", _("Read, and submit readings")
    FULL = "full", _("Full access")

    def includes(self, needed: TokenScope) -> bool:
        """Return whether a token of this scope may do what requires ``needed``."""
        order = list(TokenScope)
        return order.index(self) >= order.index(needed)


class TokenGrant(models.Model):
    """Extends knox's token, which holds the hash and the expiry. It is deleted with the token.

    A token without a grant was created before scopes existed and may do everything.
    """

    # The database deletes the row, so the role that deletes expired tokens needs no rights on it.
    token = models.OneToOneField(
        knox_settings.TOKEN_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="grant",
        db_constraint=False,
    )
    name = models.CharField(max_length=60, blank=True)
    scope = models.CharField(max_length=10, choices=TokenScope)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="token_grant_scope_is_known", condition=Q(scope__in=TokenScope.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'token'} ({self.scope})"
