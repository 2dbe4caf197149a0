"""The form with which a data release is requested."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import Release
from annotations.services.releases.choices import Choices
from annotations.views.studies import release_text
from ecgreview.release import folds, licences
from ecgreview.release.embargo import Embargo
from ecgreview.release.formats import registry

MAX_AUTHOR: int = Release._meta.get_field("authors").base_field.max_length or 0


class ReleaseForm(forms.Form):
    """What to release: formats, license, authors, signals and folds."""

    licence = forms.ChoiceField(
        label=_("License of the release"),
        help_text=_("It applies to the labels, and to the signals if they are included."),
    )
    formats = forms.MultipleChoiceField(
        label=_("Formats"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Formats marked with * need the signals."),
    )
    has_signals = forms.BooleanField(
        label=_("Include the signals"),
        required=False,
        help_text=_("Possible if the license of every data set allows it."),
    )
    n_folds = forms.IntegerField(
        label=_("Folds"),
        min_value=0,
        max_value=folds.MAX_FOLDS,
        initial=folds.DEFAULT_FOLDS,
        help_text=_("All exams of a patient are in the same fold. 0 means no folds."),
    )
    embargo = forms.ChoiceField(
        label=_("Embargoed labels"),
        choices=release_text.embargo_choices,
        required=False,
        help_text=_(
            "The exams are included, but their labels and readings are not. Teams can have "
            "predictions for these exams scored."
        ),
    )
    authors = forms.CharField(
        label=_("Authors"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Names in order of citation, one per line."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entries = registry.possible(has_signals=True)
        formats, licence = self.fields["formats"], self.fields["licence"]
        formats.choices = [  # type: ignore[attr-defined]
            (entry.name, release_text.format_name(entry)) for entry in entries
        ]
        formats.initial = [entry.name for entry in entries if not entry.needs_signals]
        licence.choices = [  # type: ignore[attr-defined]
            ("", _("Choose …")),
            *((item.identifier, release_text.licence(item)) for item in licences.LICENCES),
        ]

    def clean_authors(self) -> list[str]:
        """Return the names.

        Raises:
            ValidationError: a name is too long.
        """
        names = [line.strip() for line in self.cleaned_data["authors"].splitlines()]
        if any(len(name) > MAX_AUTHOR for name in names):
            raise forms.ValidationError(
                _("A name has at most %(limit)s characters."), params={"limit": MAX_AUTHOR}
            )
        return [name for name in names if name]

    def choices(self) -> Choices:
        """Return what was chosen; the form must be valid."""
        values = self.cleaned_data
        return Choices(
            licence=values["licence"],
            formats=values["formats"],
            authors=values["authors"],
            has_signals=values["has_signals"],
            n_folds=values["n_folds"],
            embargo=Embargo(values["embargo"] or Embargo.NONE),
        )
