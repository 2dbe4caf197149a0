"""Django's admin, read-only: it shows people, roles, data sets and imports.

Every change must go through a service, which enforces the rules. Readings, drafts and what is
computed from them are not shown at all, because the admin does not enforce blinding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import admin as account_admin  # noqa: F401 - see below
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa import admin as mfa_admin  # noqa: F401 - see below
from allauth.mfa.models import Authenticator
from allauth.usersessions import admin as sessions_admin  # noqa: F401 - see below
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth import admin as auth_admin  # noqa: F401 - see below
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from knox import admin as knox_admin  # noqa: F401 - see below
from knox.models import get_token_model

from annotations import row_security
from annotations.models import Dataset, ImportRun, User

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # ModelAdmin is generic only for the type checker
    ModelAdmin = admin.ModelAdmin


class ReadOnly(ModelAdmin):
    """Shows what the user may view. Nothing can be changed."""

    actions = None

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Allow only the listed filters: others would let somebody guess a hash piece by piece."""
        return lookup.partition("__")[0] in self.list_display and super().lookup_allowed(
            lookup, value, request
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnly):
    """People, without their password hashes."""

    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    fields = (*list_display, "groups", "is_staff", "is_superuser", "date_joined")
    search_fields = ("username", "first_name", "last_name")
    ordering = ("username",)


@admin.register(Dataset)
class DatasetAdmin(ReadOnly):
    list_display = ("name", "licence", "is_synthetic", "created_at")
    ordering = ("name",)


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnly):
    list_display = ("dataset", "started_at", "n_imported", "n_known", "n_refused")
    ordering = ("-started_at",)


# Django imports this module before the admin modules of the apps listed after this one, which would
# then register their models. Importing those modules above makes them register first, so that the
# models can be removed here: an authenticator holds a secret, a session shows where somebody was,
# and a token created here would be missing from the audit trail.
admin.site.unregister([Group, EmailAddress, Authenticator, UserSession, get_token_model()])

# Use the site's sign-in page, which limits attempts and asks for a second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# As the owner of the tables: request roles may not access sessions or passwords.
admin.site.logout = row_security.as_owner()(admin.site.logout)  # type: ignore[method-assign]
admin.site.password_change = row_security.as_owner()(  # type: ignore[method-assign]
    admin.site.password_change
)


@admin.register(Group)
class GroupAdmin(ReadOnly):
    """Roles, as ``annotations.services.people.roles`` creates them."""

    list_display = ("name",)
    fields = ("name", "permissions")
    ordering = ("name",)
