"""The forms of the coordinator's pages: they check shape; what is true, the services check."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from annotations.models import (
    ClinicalInformation,
    Dataset,
    Exam,
    Role,
    Study,
    SuggestionPolicy,
    User,
)
from annotations.services.audit import Action
from annotations.services.audit.browse import EventFilter
from ecgreview.consensus import DEFAULT_RULE

MAX_EXAMS = 10_000
"""More in one batch is a slip of the keyboard: CODE-II-test has 8,475 exams."""

RULES = {
    "majority_per_class": _(
        "Majority, class by class: present with more than half of the votes, absent with fewer. "
        "A class with exactly half (1 of 2, 2 of 4) is in dispute: it goes to adjudication and "
        "stays undecided until then."
    ),
    "agreement_then_majority": _(
        "Agreement, then at least two votes: if all readers gave exactly the same classes, those; "
        "otherwise the classes that at least two readers gave, and undecided when there is none. "
        "With two readers who share a class, a class that only one of them gave is dropped and "
        "counts as absent. For reproducing CODE-II-test."
    ),
}
"""What each rule of ``ecgreview.consensus`` does, in words for the form."""


QUICK_POLICIES = (SuggestionPolicy.NONE, SuggestionPolicy.AFTER_COMMIT)
QUICK_INFORMATION = (ClinicalInformation.NONE, ClinicalInformation.AGE_AND_SEX)
"""What a study that is made in one step can have; setting one up step by step offers all."""


class StudyForm(forms.Form):
    """What a new study is called and under which rules it is read."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("Readers see it on their worklist. Do not put a diagnosis into it."),
    )
    suggestion_policy = forms.ChoiceField(
        label=_("When may readers see what the criteria model suggests?"),
        choices=[(one.value, one.label) for one in QUICK_POLICIES],
        initial=SuggestionPolicy.AFTER_COMMIT,
        widget=forms.RadioSelect,
        help_text=_("Never before their own reading: seen first, a wrong suggestion misleads."),
    )
    clinical_information = forms.ChoiceField(
        label=_("What are readers told about the patient?"),
        choices=[(one.value, one.label) for one in QUICK_INFORMATION],
        initial=ClinicalInformation.AGE_AND_SEX,
        widget=forms.RadioSelect,
    )
    consensus_rule = forms.ChoiceField(
        label=_("How do readings become labels?"),
        choices=list(RULES.items()),
        initial=DEFAULT_RULE,
        widget=forms.RadioSelect,
    )
    open_now = forms.BooleanField(
        label=_("Open it at once: its rules are frozen, and exams can be read"),
        required=False,
        initial=True,
    )

    def settings(self) -> dict[str, Any]:
        """Return the settings of the protocol that were entered."""
        return {key: value for key, value in self.cleaned_data.items() if key != "open_now"}


class BatchForm(forms.Form):
    """Which exams a new batch has, and who reads them.

    After ``is_valid`` the exams are in ``cleaned_data["exams"]``, chosen either by their codes or
    as the first so many of a data set.
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
    n_exams = forms.IntegerField(
        label=_("How many exams"),
        required=False,
        min_value=1,
        max_value=MAX_EXAMS,
        help_text=_("The first so many, in the order of import. Empty: all of them."),
    )
    leave_out_used = forms.BooleanField(
        label=_("Leave out exams that already are in a batch of this study"),
        required=False,
        initial=True,
    )
    codes = forms.CharField(
        label=_("Or: exactly these exams"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("Exam codes, separated by spaces or lines. They go before the choice above."),
    )
    readers = forms.ModelMultipleChoiceField(
        label=_("Readers"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each of them reads each exam, in an order of their own."),
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study
        self._choices("dataset").queryset = Dataset.objects.all().with_tracings().order_by("name")
        self._choices("readers").queryset = people_who(Role.READER, Role.ADJUDICATOR)

    def clean(self) -> dict[str, Any]:
        """Find the exams, and say of each code that is unknown which it is."""
        cleaned: dict[str, Any] = super().clean() or {}
        if codes := codes_in(cleaned.get("codes", "")):
            cleaned["exams"] = self._exams_by_code(codes)
        elif cleaned.get("dataset"):
            cleaned["exams"] = self._exams_of_dataset(cleaned)
        elif "dataset" not in self.errors:
            self.add_error("dataset", _("Choose a data set, or write exam codes below."))
        return cleaned

    def _exams_by_code(self, codes: list[str]) -> list[Exam]:
        found = {exam.code: exam for exam in Exam.objects.filter(code__in=codes)}
        if unknown := [code for code in codes if code not in found]:
            message = ngettext(
                "There is no exam %(codes)s.", "There are no exams %(codes)s.", len(unknown)
            )
            self.add_error("codes", message % {"codes": ", ".join(unknown[:10])})
        return [found[code] for code in codes if code in found]

    def _exams_of_dataset(self, cleaned: dict[str, Any]) -> list[Exam]:
        exams = Exam.objects.filter(dataset=cleaned["dataset"]).originals().order_by("pk")
        if cleaned.get("leave_out_used"):
            used = Exam.objects.filter(assignments__batch__study=self.study)
            exams = exams.exclude(pk__in=used.values("pk"))
        chosen = list(exams[: cleaned.get("n_exams") or MAX_EXAMS])
        if not chosen:
            self.add_error("dataset", gettext("This data set has no exam left for this study."))
        return chosen

    def _choices(self, name: str) -> forms.ModelChoiceField[Any]:
        field = self.fields[name]
        if not isinstance(field, forms.ModelChoiceField):
            raise TypeError(name)
        return field


class AdjudicationForm(forms.Form):
    """Who reads what the readers disagree about."""

    readers = forms.ModelMultipleChoiceField(
        label=_("Adjudicators"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one adjudicator.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["readers"]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = people_who(Role.ADJUDICATOR)


def people_who(*roles: Role) -> QuerySet[User]:
    """Return the active people with one of ``roles``, by name."""
    named = User.objects.filter(is_active=True, groups__name__in=[role.value for role in roles])
    return named.distinct().order_by("first_name", "last_name", "username")


def codes_in(text: str) -> list[str]:
    """Return the exam codes in ``text``, each once, in their order."""
    return list(dict.fromkeys(re.findall(r"[^\s,;]+", text.upper())))


class DateInput(forms.DateInput):
    """The browser's own calendar, which wants ISO 8601."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


AUDIT_GROUPS = {
    "people": _("People"),
    "session": _("Sign-in"),
    "study": _("Studies"),
    "reader": _("Readers"),
    "batch": _("Batches"),
    "assignment": _("Assignments"),
    "reading": _("Readings"),
    "suggestion": _("Suggestions"),
    "results": _("Results"),
    "agreement": _("Agreement"),
    "consensus": _("Consensus"),
    "export": _("Exports"),
    "taxonomy": _("Classes"),
    "exams": _("Exams"),
    "audit": _("Audit trail"),
}
"""What comes before the dot of an action."""


def audit_actions() -> list[tuple[str, str]]:
    """Return every action under its group, which can itself be chosen."""
    choices = [("", gettext("Any"))]
    for group, label in AUDIT_GROUPS.items():
        within = [action for action in Action if action.value.startswith(f"{group}.")]
        if len(within) > 1:
            choices.append((group, gettext("%(group)s: all") % {"group": label}))
        choices += [(action.value, f"{label}: {action.label}") for action in within]
    return choices


class AuditFilterForm(forms.Form):
    """Which events of the audit trail are looked for; every field may be left empty."""

    study = forms.SlugField(label=_("Study"), required=False, max_length=60)
    person = forms.CharField(label=_("Done by"), required=False, max_length=150)
    action = forms.ChoiceField(label=_("Action"), required=False, choices=audit_actions)
    object_type = forms.SlugField(label=_("Done to"), required=False, max_length=40)
    object_id = forms.CharField(label=_("Its number or name"), required=False, max_length=80)
    since = forms.DateField(label=_("From"), required=False, widget=DateInput)
    until = forms.DateField(label=_("To"), required=False, widget=DateInput)
    text = forms.CharField(label=_("In the reason"), required=False, max_length=200)

    def wanted(self) -> EventFilter:
        """Return what was asked for, once the form is valid."""
        return EventFilter(**self.cleaned_data)
