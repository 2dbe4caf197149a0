"""Forms for the readers, exams and batches of a study. They validate only the input itself."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import Dataset, Handout, Role, Study, StudyReaderStatus, User
from annotations.services.assignment.plans import MAX_BATCHES
from annotations.services.studies.exam_pool import MAX_POOL, DrawRequest
from annotations.services.studies.strata import StratumSource
from annotations.views.form_fields import REASON_MISSING, exam_codes, exam_count, set_choices
from annotations.views.people.choices import people_with_role
from annotations.widgets import DateInput


class AddReadersForm(forms.Form):
    readers = forms.ModelMultipleChoiceField(
        label=_("People"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one person.")},
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = people_with_role(Role.READER, Role.ADJUDICATOR)
        set_choices(self, "readers", people.exclude(study_readers__study=study))


class DrawForm(forms.Form):
    """A random draw of exams from a data set."""

    dataset = forms.ModelChoiceField(
        label=_("Data set"), queryset=Dataset.objects.none(), empty_label=_("Choose …")
    )
    n_exams = exam_count(maximum=MAX_POOL, help_text=_("Drawn at random. Leave empty for all."))
    per_patient = forms.IntegerField(
        label=_("Maximum exams per patient"),
        required=False,
        min_value=1,
        max_value=1000,
        help_text=_("Leave empty for no limit."),
    )
    stratify_by = forms.ChoiceField(
        label=_("Strata from"), choices=StratumSource.choices, initial=StratumSource.NONE
    )
    quota = forms.ChoiceField(
        label=_("Exams per stratum"),
        choices=[
            ("proportional", _("In proportion to the data set")),
            ("equal", _("The same number from each stratum")),
            ("listed", _("The numbers listed below")),
        ],
        initial="proportional",
    )
    listed = forms.CharField(
        label=_("Number of exams per stratum"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One stratum per line, for example: atrial_fibrillation 200"),
    )

    def __init__(self, *args: Any, may_see_strata: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "dataset", Dataset.objects.all().with_tracings().order_by("name"))
        if not may_see_strata:
            for name in ("stratify_by", "quota", "listed"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Require the numbers that the selected quota needs."""
        cleaned: dict[str, Any] = super().clean() or {}
        is_stratified = cleaned.get("stratify_by", StratumSource.NONE) != StratumSource.NONE
        if is_stratified and cleaned.get("quota") == "listed":
            cleaned["listed"] = self._parse_listed(cleaned.get("listed", ""))
        elif (is_stratified or cleaned.get("per_patient")) and not cleaned.get("n_exams"):
            self.add_error("n_exams", _("Enter the number of exams."))
        return cleaned

    def draw_request(self) -> DrawRequest:
        cleaned = self.cleaned_data
        stratify_by = cleaned.get("stratify_by", StratumSource.NONE)
        is_listed = stratify_by != StratumSource.NONE and cleaned["quota"] == "listed"
        is_equal = stratify_by != StratumSource.NONE and cleaned["quota"] == "equal"
        return DrawRequest(
            dataset=cleaned["dataset"],
            n_exams=None if is_listed else cleaned["n_exams"],
            stratify_by=stratify_by,
            quota=cleaned["listed"] if is_listed else "equal" if is_equal else "proportional",
            per_patient=cleaned["per_patient"],
        )

    def _parse_listed(self, text: str) -> dict[str, int]:
        numbers: dict[str, int] = {}
        for line in filter(None, (line.strip() for line in text.splitlines())):
            match = re.fullmatch(r"(.{1,60}?)[\s:=,;]+(\d{1,6})", line)
            if match is None or match[1] in numbers:
                message = gettext(
                    "Enter one stratum and its number per line, and each stratum only once. Check "
                    "this line: %(line)s"
                )
                self.add_error("listed", message % {"line": line[:80]})
                return {}
            numbers[match[1]] = int(match[2])
        if not numbers:
            self.add_error("listed", gettext("List at least one stratum with a number."))
        return numbers


class CodesForm(forms.Form):
    """Exams to add, by code."""

    codes = exam_codes(label=_("Exam codes"), help_text=_("Separated by spaces or line breaks."))


class AnchorsForm(forms.Form):
    """The number of exams that all readers read."""

    n_anchors = forms.IntegerField(
        label=_("Exams that all readers read (anchors)"),
        min_value=0,
        max_value=1000,
        help_text=_(
            "Drawn at random from the unassigned exams. Anchors connect readers who "
            "share few exams."
        ),
    )


class PlanForm(forms.Form):
    """Settings of the batches to plan from the remaining exams.

    People from whom results are hidden cannot choose to fill gaps, because an exam that lacks a
    reader may reveal who abstained.
    """

    name = forms.CharField(
        label=_("Name"),
        max_length=110,
        help_text=_("If there are several batches, they are numbered."),
    )
    n_exams = exam_count(maximum=MAX_POOL, help_text=_("Leave empty for all remaining exams."))
    n_batches = forms.IntegerField(
        label=_("Number of batches"), min_value=1, max_value=MAX_BATCHES, initial=1
    )
    due_on = forms.DateField(label=_("Due date"), required=False, widget=DateInput)
    handout = forms.ChoiceField(
        label=_("How do readers get exams?"),
        choices=Handout.choices,
        initial=Handout.NAMED,
        widget=forms.RadioSelect,
        help_text=_(
            "Own lists are balanced in advance. A pool lets readers with more time "
            "read more. It is one batch, without hidden repeats."
        ),
    )
    lease_minutes = forms.IntegerField(
        label=_("Minutes without activity before an exam returns to the pool"),
        min_value=5,
        max_value=30_000,
        initial=120,
    )
    fill_up = forms.BooleanField(
        label=_(
            "Also reassign exams that lost a reader, and assign anchors to readers who joined later"
        ),
        required=False,
        initial=True,
    )

    def __init__(self, *args: Any, may_see_gaps: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_see_gaps:
            del self.fields["fill_up"]


class ReasonForm(forms.Form):
    """The reason for an action, for the audit trail."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": REASON_MISSING},
    )


class ReassignForm(forms.Form):
    """The recipients of a reader's waiting exams."""

    to = forms.ModelMultipleChoiceField(
        label=_("Reassign to"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one person.")},
    )
    limit = forms.IntegerField(
        label=_("Maximum number"),
        required=False,
        min_value=1,
        help_text=_(
            "Leave empty for all waiting exams. They are taken from the end of the reader's list."
        ),
    )
    with_begun = forms.BooleanField(
        label=_("Include exams that the reader has started (drafts are kept but shown to nobody)"),
        required=False,
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        error_messages={"required": REASON_MISSING},
    )

    def __init__(self, *args: Any, study: Study, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = User.objects.filter(
            is_active=True,
            study_readers__study=study,
            study_readers__status=StudyReaderStatus.ACTIVE,
        ).exclude(pk=reader.pk)
        set_choices(self, "to", others.order_by("first_name", "last_name", "username"))
