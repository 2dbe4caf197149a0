"""How allauth signs people in here: no sign-up, no account enumeration, encrypted secrets."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import row_security
from annotations.models import User
from annotations.services import audit

WRONG = _("Wrong user name or password. After five failed attempts you must wait five minutes.")
WAIT = _("Too many attempts. Wait five minutes, then try again.")
WRONG_CODE = _("This code is wrong or was already used. Enter the next code.")

# Our messages for allauth's events, by the name of the template that allauth would render.
MESSAGES: Mapping[str, Promise] = {
    "account/messages/password_changed.txt": _("Your password was changed."),
    "account/messages/password_set.txt": _("Your password was set."),
    "mfa/messages/totp_activated.txt": _("The authenticator app is set up."),
    "mfa/messages/totp_deactivated.txt": _("The authenticator app was removed."),
    "mfa/messages/webauthn_added.txt": _("The passkey was added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey was removed."),
    "usersessions/messages/sessions_logged_out.txt": _("All your other sessions have ended."),
}


# The audit actions for allauth's events, by the name of the message template.
EVENTS: Mapping[str, audit.Action] = {
    "mfa/messages/totp_activated.txt": audit.Action.MFA_ADDED,
    "mfa/messages/totp_deactivated.txt": audit.Action.MFA_REMOVED,
    "mfa/messages/webauthn_added.txt": audit.Action.MFA_ADDED,
    "mfa/messages/webauthn_removed.txt": audit.Action.MFA_REMOVED,
    "mfa/messages/recovery_codes_generated.txt": audit.Action.MFA_RECOVERY_CODES_MADE,
    "usersessions/messages/sessions_logged_out.txt": audit.Action.SESSIONS_ENDED,
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Replaces allauth's messages and redirects, and records events in the audit trail."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": WRONG,
        "too_many_login_attempts": WAIT,
        "incorrect_password": _("Wrong password. Try again."),
        "enter_current_password": _("Wrong password. Try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: nobody signs up on their own.

        Accounts are created by invitation or by a command.
        """
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the user with these credentials; None if they are wrong or access has ended."""
        user: User | None = super().authenticate(request, **credentials)
        if user is None or user.is_active:
            return user
        self.authentication_failed(request, **credentials)
        return None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt; if it exceeds the limit, record a lockout."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            _record(audit.Action.LOCKED_OUT, target=_named(credentials))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record the failure without storing what was typed."""
        _record(audit.Action.SIGN_IN_FAILED, target=_named(credentials))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        _record(audit.Action.SIGNED_IN, actor=user, target=user)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response

    def set_password(self, user: User, password: str) -> None:
        """Store a password that the user chose themselves, and record the change."""
        super().set_password(user, password)
        _record(audit.Action.PEOPLE_PASSWORD_CHANGED, actor=user, target=user)

    @row_security.as_owner()
    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Return the ways in which ``user`` can confirm their identity again.

        allauth's middleware calls this after the view, when ``account_view`` no longer acts as the
        owner of the tables.
        """
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return methods

    def is_ajax(self, request: HttpRequest) -> bool:
        """Whether to answer with JSON: only for our own script, which signs in with a passkey."""
        is_json = request.headers.get("Accept") == "application/json"
        return is_json and request.path == reverse("mfa_login_webauthn")

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Redirect a person whose access ended while they were signing in."""
        return redirect("sign-in")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Record the event, and show our message instead of allauth's, if we have one."""
        event = EVENTS.get(message_template or "")
        if event and isinstance(request.user, User):
            _record(event, actor=request.user, target=request.user)
        words = message or MESSAGES.get(message_template or "")
        if words:
            messages.add_message(request, level, str(words))

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send no e-mail; pages show what happened."""

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return a key per user name and network address, so nobody can lock out a colleague.

        Case is ignored in user names, as it is at sign-in.
        """
        name = str(credentials.get("username", "")).casefold()
        return f"{self.get_client_ip(request)}|{name}"


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors. Their secrets are encrypted with a key derived from ``SECRET_KEY``."""

    error_messages = {**DefaultMFAAdapter.error_messages, "incorrect_code": WRONG_CODE}

    def get_totp_label(self, user: User) -> str:
        """Return the account name shown in the authenticator app."""
        return str(user.username)

    def encrypt(self, text: str) -> str:
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt with the current key, or with an older one in ``SECRET_KEY_FALLBACKS``."""
        return _seal().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: User, type: Any) -> str:  # noqa: A002 - allauth's
        """Return the default name of a passkey."""
        return gettext("Passkey")


def _named(credentials: Mapping[str, Any]) -> User | None:
    return User.objects.filter(username__iexact=str(credentials.get("username", ""))).first()


@transaction.atomic
def _record(action: audit.Action, *, target: User | None, actor: User | None = None) -> None:
    audit.record(actor=actor, action=action, target=target, now=timezone.now())


def _seal() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_fernet_key(key)) for key in keys])


def _fernet_key(secret: str) -> bytes:
    """Derive a key that is used only for second factors: 32 bytes, as Fernet requires."""
    digest = hashlib.sha256(b"annotations.second-factor:" + secret.encode()).digest()
    return base64.urlsafe_b64encode(digest)
