"""Forms for sign-in and the user's own account: allauth's forms with our texts."""

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

PASSWORD_RULE = _("At least 12 characters. Four unrelated words make a good password.")
NEW_PASSWORD = _("New password")
REPEAT_PASSWORD = _("Repeat new password")
CURRENT_PASSWORD = _("Current password")
CODE = _("Code")
PASSKEY_NAME = _("Passkey name")

LABELS = {
    "login": _("User name"),
    "password": _("Password"),
    "oldpassword": CURRENT_PASSWORD,
    "password1": NEW_PASSWORD,
    "password2": REPEAT_PASSWORD,
    "code": CODE,
    "name": PASSKEY_NAME,
    "email": _("E-mail address"),
    "passwordless": _("Sign in with this passkey only"),
}
HELP_TEXTS = {
    "password1": PASSWORD_RULE,
    "name": _("A name you will recognize, for example: my phone."),
    "passwordless": _(
        "Your device asks for your fingerprint, face or PIN. You need no user name or password."
    ),
}


class WithOurTexts:
    """Mixin that sets our labels and help texts, and removes placeholders."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = LABELS.get(name, field.label)
            field.help_text = HELP_TEXTS.get(name, "")


class SignInForm(WithOurTexts, account.LoginForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(WithOurTexts, account.ChangePasswordForm):  # type: ignore[misc]
    """A new password, for people who know the current one."""


class SetPasswordForm(WithOurTexts, account.SetPasswordForm):  # type: ignore[misc]
    """A first password, for people who have only signed in by link."""


class ForgottenPasswordForm(WithOurTexts, account.ResetPasswordForm):  # type: ignore[misc]
    """Asks for the e-mail address to which a reset link is sent."""

    def clean_email(self) -> str:
        """Return the address in lower case. The worker, not this form, looks up its accounts."""
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Queue the e-mail. Timing and response are the same for unknown addresses."""
        address = str(self.cleaned_data["email"])
        queue.forgotten_password(address, now=timezone.now())
        tasks.nudge(tasks.mail_accounts)
        return address


class NewPasswordForm(WithOurTexts, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, for people with a reset link."""


class ConfirmPasswordForm(WithOurTexts, account.ReauthenticateForm):  # type: ignore[misc]
    """Asks for the password again before a sensitive change."""


class CodeForm(WithOurTexts, codes.AuthenticateForm):  # type: ignore[misc]
    """A code from the authenticator app, or a recovery code."""


class ConfirmCodeForm(WithOurTexts, codes.ReauthenticateForm):  # type: ignore[misc]
    """Asks for a code again before a sensitive change."""


class FirstCodeForm(WithOurTexts, totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code from an authenticator app, which proves that the app has the secret."""


class AddPasskeyForm(WithOurTexts, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """The device's response, and a name for the passkey."""


class RenamePasskeyForm(WithOurTexts, webauthn.EditWebAuthnForm):  # type: ignore[misc]
    pass


class InvitationForm(forms.Form):
    """The first password of an invited person."""

    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=PASSWORD_RULE,
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
        """Check that the two passwords are equal."""
        cleaned: dict[str, Any] = super().clean() or {}
        first = cleaned.get("password1")
        if first and first != cleaned.get("password2"):
            self.add_error(
                "password2", _("The two passwords differ. Enter the same password twice.")
            )
        return cleaned
