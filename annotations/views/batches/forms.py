"""Forms for batches. They validate the input; services check the rules of the study."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from annotations.models import Batch, Dataset, Exam, Role, Study, User
from annotations.services.consensus import extra_readers
from annotations.services.consensus.extra_readers import MAX_READERS_PER_EXAM
from annotations.views.form_fields import exam_codes, exam_count, set_choices
from annotations.views.people.choices import people_with_role
from annotations.widgets import DateInput

# A larger number is probably a typo: even CODE-II-test has only 8,475 exams in total.
MAX_EXAMS = 10_000


class BatchForm(forms.Form):
    """The exams and readers of a new batch.

    After ``is_valid``, ``cleaned_data["exams"]`` has the exams: those with the entered codes, or
    the first exams of the data set.
    """

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("For example: Batch 1, or the month.")
    )
    dataset = forms.ModelChoiceField(
        label=_("Data set"),
        queryset=Dataset.objects.none(),
        required=False,
        empty_label=_("Choose …"),
    )
    n_exams = exam_count(
        maximum=MAX_EXAMS,
        help_text=_("The first exams in import order. Leave empty for all."),
    )
    leave_out_used = forms.BooleanField(
        label=_("Exclude exams that are already in a batch of this study"),
        required=False,
        initial=True,
    )
    codes = exam_codes(
        label=_("Or choose exams by code"),
        required=False,
        help_text=_(
            "Exam codes, separated by spaces or line breaks. They replace the choice above."
        ),
    )
    readers = forms.ModelMultipleChoiceField(
        label=_("Readers"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each reader reads every exam, in a different order."),
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study
        set_choices(self, "dataset", Dataset.objects.all().with_tracings().order_by("name"))
        set_choices(self, "readers", people_with_role(Role.READER, Role.ADJUDICATOR))

    def clean(self) -> dict[str, Any]:
        """Look up the exams, and report unknown codes."""
        cleaned: dict[str, Any] = super().clean() or {}
        if codes := codes_in(cleaned.get("codes", "")):
            cleaned["exams"] = self._exams_by_code(codes)
        elif cleaned.get("dataset"):
            cleaned["exams"] = self._exams_of_dataset(cleaned)
        elif "dataset" not in self.errors:
            self.add_error("dataset", _("Choose a data set, or enter exam codes below."))
        return cleaned

    def _exams_by_code(self, codes: list[str]) -> list[Exam]:
        exams = {exam.code: exam for exam in Exam.objects.filter(code__in=codes)}
        if unknown := [code for code in codes if code not in exams]:
            message = ngettext(
                "Exam %(codes)s does not exist. Check the code.",
                "Exams %(codes)s do not exist. Check the codes.",
                len(unknown),
            )
            self.add_error("codes", message % {"codes": ", ".join(unknown[:10])})
        return [exams[code] for code in codes if code in exams]

    def _exams_of_dataset(self, cleaned: dict[str, Any]) -> list[Exam]:
        exams = Exam.objects.filter(dataset=cleaned["dataset"]).originals().order_by("pk")
        if cleaned.get("leave_out_used"):
            used = Exam.objects.filter(assignments__batch__study=self.study)
            exams = exams.exclude(pk__in=used.values("pk"))
        chosen = list(exams[: cleaned.get("n_exams") or MAX_EXAMS])
        if not chosen:
            self.add_error(
                "dataset",
                gettext("This data set has no exams left for this study. Choose another one."),
            )
        return chosen


class AdjudicationForm(forms.Form):
    """The adjudicators of disputed exams."""

    readers = forms.ModelMultipleChoiceField(
        label=_("Adjudicators"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one adjudicator.")},
    )
    is_committee = forms.BooleanField(
        label=_("Adjudicate as a committee"),
        required=False,
        help_text=_(
            "Each member votes, the committee discusses the exam, and each member votes again."
        ),
    )
    has_audit_form = forms.BooleanField(
        label=_("Include the audit form"),
        required=False,
        help_text=_(
            "Where the votes of two readers are shown: which report is right, and would the "
            "difference change the patient’s management?"
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "readers", people_with_role(Role.ADJUDICATOR))


class ExtraReadersForm(forms.Form):
    """The extra readers of disputed exams."""

    readers = forms.ModelMultipleChoiceField(
        label=_("Extra readers"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The exams are divided evenly among them."),
        error_messages={"required": _("Choose at least one reader.")},
    )
    readers_per_exam = forms.IntegerField(
        label=_("Extra readers per exam"), min_value=1, max_value=MAX_READERS_PER_EXAM, initial=1
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "readers", people_with_role(Role.READER, Role.ADJUDICATOR))

    def offer(self, study: Study, exam_ids: Collection[int]) -> None:
        """Offer only people who may get at least one of these exams."""
        people = people_with_role(Role.READER, Role.ADJUDICATOR)
        able = extra_readers.able(study, people, exam_ids)
        set_choices(self, "readers", people.filter(pk__in=able))


class SessionForm(forms.Form):
    """Who attends a session of the committee of a batch."""

    attendees = forms.ModelMultipleChoiceField(
        label=_("Who is present?"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least two members.")},
    )

    def __init__(self, *args: Any, batch: Batch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "attendees", User.objects.filter(seats__batch=batch).order_by("pk"))


class DueForm(forms.Form):
    due_on = forms.DateField(label=_("Due date"), required=False, widget=DateInput)


def codes_in(text: str) -> list[str]:
    """Return the distinct exam codes in ``text``, in order of appearance."""
    return list(dict.fromkeys(re.findall(r"[^\s,;]+", text.upper())))
