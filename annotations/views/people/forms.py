"""The form for inviting a person."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from annotations.models import ReaderLevel, Role
from annotations.services.people import members

BLINDED = _(
    "You read in a study that is not locked, so you can invite only readers. A "
    "coordinator who does not read can invite people who see results."
)


class InviteForm(forms.Form):
    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        required=False,
        validators=[UnicodeUsernameValidator()],
        help_text=_("Used to sign in. Leave empty to use the e-mail address."),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=150,
        required=False,
        help_text=_("For the invitation link, and for password links later."),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(role.value, role.label) for role in members.INVITABLE],
        initial=Role.READER.value,
        widget=forms.RadioSelect,
        help_text=_("The server administrator creates coordinators."),
    )
    level = forms.TypedChoiceField(
        label=_("Reader level"),
        choices=ReaderLevel.choices,
        coerce=lambda value: ReaderLevel(int(value)),
        initial=ReaderLevel.CARDIOLOGIST,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: QueryDict | None = None, *, is_blinded: bool) -> None:
        """Initialize the form.

        Args:
            data: the submitted data, or None.
            is_blinded: the inviter still reads, so offer only the reader role and require an e-mail
                address.
        """
        super().__init__(data)
        if is_blinded:
            role, email = self.fields["role"], self.fields["email"]
            cast("forms.ChoiceField", role).choices = [(Role.READER.value, Role.READER.label)]
            role.help_text = BLINDED
            email.required = True
            email.help_text = _("The link is sent to this address. It is not shown to you.")

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])

    def clean(self) -> dict[str, Any]:
        """Require a user name or an e-mail address."""
        cleaned: dict[str, Any] = super().clean() or {}
        is_nameless = not cleaned.get("username") and not cleaned.get("email")
        if is_nameless and not {"username", "email"} & set(self.errors):
            self.add_error("username", _("Enter a user name or an e-mail address."))
        return cleaned
