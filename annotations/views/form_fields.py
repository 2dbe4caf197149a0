"""Form fields that study and batch forms share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

REASON_MISSING = _("Enter a reason. It is recorded in the audit trail.")


def exam_count(*, maximum: int, help_text: _StrPromise) -> forms.IntegerField:
    """Return a field for a number of exams; empty means all."""
    return forms.IntegerField(
        label=_("How many exams"),
        required=False,
        min_value=1,
        max_value=maximum,
        help_text=help_text,
    )


def exam_codes(
    *, label: _StrPromise, help_text: _StrPromise, required: bool = True
) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=help_text,
    )


def set_choices(form: forms.Form, name: str, choices: QuerySet[Any]) -> None:
    """Set the choices of a model field when the form is created.

    The class of the form cannot do this, because it must not query the database on import.

    Raises:
        TypeError: the field is not a ``ModelChoiceField``.
    """
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(name)
    field.queryset = choices
