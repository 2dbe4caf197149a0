"""The filter form for the dispute queue, shared by pages and API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import Batch, CaseKind, Dataset, Study
from annotations.services.consensus.disputes import Order, Selection

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FIELDS = ("kind", "class", "batch", "dataset", "sent", "order", "share")

KINDS: Mapping[str, _StrPromise] = {
    CaseKind.DISPUTE: _("In dispute"),
    CaseKind.MODEL: _("Model against readers"),
    CaseKind.REFERENCE: _("Overruled without a record"),
    CaseKind.CONTRADICTION: _("Contradictions"),
    CaseKind.SAMPLE: _("Random slice"),
}
"""Short names of the reasons, for tabs and badges."""

ORDERS: Mapping[str, _StrPromise] = {
    Order.ERRORS: _("Expected errors"),
    Order.CLASSES: _("Number of disputed classes"),
}

Choice: TypeAlias = tuple[str, object]

YES, NO = "yes", "no"

DEFAULT_SHARE = Selection().share


class DisputeFilterForm(forms.Form):
    """Filters and order of the dispute queue. Every field is optional."""

    kind = forms.ChoiceField(label=_("Reason"), required=False)
    batch = forms.TypedChoiceField(label=_("Batch"), required=False, coerce=int, empty_value=None)
    dataset = forms.TypedChoiceField(
        label=_("Data set"), required=False, coerce=int, empty_value=None
    )
    sent = forms.ChoiceField(label=_("Adjudication"), required=False)
    order = forms.ChoiceField(label=_("Order by"), required=False, choices=[*ORDERS.items()])
    share = forms.FloatField(
        label=_("Size of the random slice"),
        required=False,
        min_value=0,
        max_value=1,
        help_text=_("From 0 to 1. With 0.05, 5 in 100 exams with unanimous readers are drawn."),
        widget=forms.NumberInput(attrs={"step": "0.01"}),
    )

    def __init__(self, data: Mapping[str, object], *, study: Study) -> None:
        super().__init__({name: data.get(name, "") for name in FIELDS})
        of_class = forms.ChoiceField(label=_("Class"), required=False)
        self.fields["class"] = of_class
        any_choice = ("", gettext("Any"))
        classes = study.taxonomy.classes.order_by("position")
        of_class.choices = [
            any_choice,
            *((item.code, f"{item.abbreviation} · {item.local_name}") for item in classes),
        ]
        _set(self, "kind", [any_choice, *KINDS.items()])
        _set(
            self,
            "sent",
            [any_choice, (NO, gettext("Not assigned yet")), (YES, gettext("Assigned"))],
        )
        batches = study.batches.closed().of_data().order_by("-closed_at")
        for name, rows in (("batch", batches), ("dataset", Dataset.objects.order_by("name"))):
            _set(self, name, _read_once(any_choice, rows))

    def clean(self) -> dict[str, Any]:
        """Refuse a class of the random slice, which is drawn without looking at classes."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("kind") == CaseKind.SAMPLE and cleaned.get("class"):
            self.add_error(
                "class",
                _("The random slice cannot be filtered by class. Clear one of the two filters."),
            )
        return cleaned

    def selection(self) -> Selection:
        """Return the filter; the form must be valid."""
        cleaned = self.cleaned_data
        share = cleaned["share"]
        return Selection(
            kind=CaseKind(cleaned["kind"]) if cleaned["kind"] else None,
            code=cleaned["class"],
            batch=cleaned["batch"],
            dataset=cleaned["dataset"],
            is_sent={YES: True, NO: False}.get(cleaned["sent"]),
            share=DEFAULT_SHARE if share is None else share,
            order=Order(cleaned["order"] or Order.ERRORS),
        )


def _read_once(
    any_choice: Choice, rows: QuerySet[Batch] | QuerySet[Dataset]
) -> Callable[[], list[Choice]]:
    """Return the choices as a function that Django calls when it needs them.

    A ``ModelChoiceField`` would query the rows to check the input and again to list them.
    """
    return cache(lambda: [any_choice, *((str(row.pk), str(row)) for row in rows)])


def _set(form: forms.Form, name: str, choices: list[Choice] | Callable[[], list[Choice]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices
