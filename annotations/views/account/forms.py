"""The forms of sign-in and of one's own account: allauth's, with our texts."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as codes
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth import password_validation
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotations import tasks
from annotations.models import User
from annotations.services.mail import queue

RULE = _("At least 12 characters. Four unrelated words make a good password.")
NEW = _("New password")
AGAIN = _("Repeat new password")
CURRENT = _("Current password")
CODE = _("Code")
PASSKEY_NAME = _("Name of the passkey")

LABELS = {
    "login": _("User name"),
    "password": _("Password"),
    "oldpassword": CURRENT,
    "password1": NEW,
    "password2": AGAIN,
    "code": CODE,
    "name": PASSKEY_NAME,
    "email": _("E-mail address"),
    "passwordless": _("Sign in with this passkey only"),
}
HELP = {
    "password1": RULE,
    "name": _("A name you will recognize, for example: my phone."),
    "passwordless": _(
        "Your device asks for your fingerprint, face or PIN. You need no user name or password."
    ),
}


class Plain:
    """Sets our labels and help texts, and removes placeholders."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = LABELS.get(name, field.label)
            field.help_text = HELP.get(name, "")


class SignInForm(Plain, account.LoginForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(Plain, account.ChangePasswordForm):  # type: ignore[misc]
    """A new password, for people who know the present one."""


class SetPasswordForm(Plain, account.SetPasswordForm):  # type: ignore[misc]
    """A first password, for people who signed in by link so far."""


class ForgottenPasswordForm(Plain, account.ResetPasswordForm):  # type: ignore[misc]
    """The address to send the link to."""

    def clean_email(self) -> str:
        """Return the address; the worker looks up its accounts."""
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Queue the mail. Timing and answer are the same for an unknown address."""
        address = str(self.cleaned_data["email"])
        queue.forgotten_password(address, now=timezone.now())
        tasks.nudge(tasks.mail_accounts)
        return address


class NewPasswordForm(Plain, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, for people with the link."""


class ConfirmPasswordForm(Plain, account.ReauthenticateForm):  # type: ignore[misc]
    """The password again, before a sensitive change."""


class CodeForm(Plain, codes.AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or a recovery code."""


class ConfirmCodeForm(Plain, codes.ReauthenticateForm):  # type: ignore[misc]
    """A code, before a sensitive change."""


class FirstCodeForm(Plain, totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app, which proves that it has the secret."""


class AddPasskeyForm(Plain, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """The answer of the device, and a name for the passkey."""


class RenamePasskeyForm(Plain, webauthn.EditWebAuthnForm):  # type: ignore[misc]
    pass


class InvitationForm(forms.Form):
    """The first password of an invited person."""

    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=RULE,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Repeat password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password1(self) -> str:
        """Check the password against the rules of the site."""
        password: str = self.cleaned_data["password1"]
        password_validation.validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        """Compare the two passwords."""
        cleaned: dict[str, Any] = super().clean() or {}
        first = cleaned.get("password1")
        if first and first != cleaned.get("password2"):
            self.add_error(
                "password2", _("The two passwords differ. Enter the same password twice.")
            )
        return cleaned
