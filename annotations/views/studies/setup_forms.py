"""Forms of the study setup. They validate the input; services check everything else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import (
    AdjudicationMode,
    Arm,
    ClinicalInformation,
    PriorExam,
    QtCorrection,
    ReaderLevel,
    ResultsOpen,
    SuggestionPolicy,
    Taxonomy,
)
from annotations.models.study import MAX_FREQUENT_CLASSES
from annotations.views.form_fields import set_choices
from annotations.views.studies.forms import RULES, StudyNameForm
from ecgreview.protocol import Protocol

MAX_READERS_PER_EXAM = 20
MAX_REPEATS_PERCENT = 50
MAX_GOLD_PERCENT = 20

OFFERED_INFORMATION = (ClinicalInformation.NONE, ClinicalInformation.AGE_AND_SEX)


class NameForm(StudyNameForm):
    """The name of a study, and its list of classes."""

    taxonomy = forms.ModelChoiceField(
        label=_("List of classes"),
        queryset=Taxonomy.objects.none(),
        empty_label=None,
        help_text=_("Each batch keeps the list that was current when it was created."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "taxonomy", Taxonomy.objects.all().newest_first())

    def settings(self) -> dict[str, Any]:
        """Return the protocol settings that were entered."""
        cleaned = self.cleaned_data
        return {"name": cleaned["name"], "taxonomy": str(cleaned["taxonomy"])}


class ReadingForm(forms.Form):
    """How exams are read: all settings of the setup except the name and the list of classes."""

    readers_per_exam = forms.IntegerField(
        label=_("Readers per exam"), min_value=1, max_value=MAX_READERS_PER_EXAM
    )
    minimum_reader_level = forms.TypedChoiceField(
        label=_("Minimum experience of readers"), choices=ReaderLevel.choices, coerce=int
    )
    clinical_information = forms.ChoiceField(
        label=_("What do readers know about the patient?"),
        choices=[(choice.value, choice.label) for choice in OFFERED_INFORMATION],
        widget=forms.RadioSelect,
    )
    prior_exam = forms.ChoiceField(
        label=_("Can readers compare with the patient's previous exam?"),
        choices=PriorExam.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "Only for exams with known dates. Readings made with the previous exam are "
            "not comparable with readings made without it."
        ),
    )
    suggestion_policy = forms.ChoiceField(
        label=_("When can readers see the suggestions of the criteria model?"),
        choices=SuggestionPolicy.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "A wrong suggestion can mislead readers who see it before they read. Choose “while "
            "reading” or “at random” only to study this effect."
        ),
    )
    qt_correction = forms.ChoiceField(
        label=_("QT correction of the criteria model"),
        choices=QtCorrection.choices,
        help_text=_(
            "The formula used for “prolonged QT”. Bazett is unreliable outside 60 to "
            "100 bpm, so the model then withholds the suggestion."
        ),
    )
    arm_none = forms.IntegerField(label=_("Never"), min_value=0, max_value=1000, required=False)
    arm_after_commit = forms.IntegerField(
        label=_("After submitting"), min_value=0, max_value=1000, required=False
    )
    arm_concurrent = forms.IntegerField(
        label=_("While reading"), min_value=0, max_value=1000, required=False
    )
    repeat_percent = forms.DecimalField(
        label=_("Hidden repeats (percent of each reader's exams)"),
        min_value=0,
        max_value=MAX_REPEATS_PERCENT,
        max_digits=4,
        decimal_places=1,
        help_text=_(
            "Exams that the same reader gets again, unannounced. Usually 5. Enter 0 for none."
        ),
    )
    gold_percent = forms.DecimalField(
        label=_("Hidden gold exams (percent of each reader's exams)"),
        min_value=0,
        max_value=MAX_GOLD_PERCENT,
        max_digits=4,
        decimal_places=1,
        help_text=_(
            "Exams with a known reference, which readers cannot tell from their other exams. "
            "Usually 5. Enter 0 for none."
        ),
    )
    washout_days = forms.IntegerField(
        label=_("Minimum days before a repeat"), min_value=0, max_value=3650
    )
    washout_exams = forms.IntegerField(
        label=_("Minimum other exams before a repeat"), min_value=0, max_value=10_000
    )
    patient_gap = forms.IntegerField(
        label=_("Other exams between exams of the same patient"),
        min_value=0,
        max_value=10_000,
        help_text=_("Reduced if a reader's list is too short."),
    )
    undo_window_s = forms.IntegerField(
        label=_("Time to take back a submission (seconds)"),
        min_value=0,
        max_value=86_400,
        help_text=_("Enter 0 to turn this off."),
    )
    results_open = forms.ChoiceField(
        label=_("When can people who do not read in the study see results?"),
        choices=ResultsOpen.choices,
        widget=forms.RadioSelect,
        help_text=_("Readers of the study see no results before it is locked."),
    )
    consensus_rule = forms.ChoiceField(
        label=_("How do readings become labels?"),
        choices=list(RULES.items()),
        widget=forms.RadioSelect,
    )
    consensus_k = forms.IntegerField(
        label=_("Votes that a class needs"),
        min_value=1,
        max_value=1000,
        help_text=_("Used only by the rule with a set number of votes."),
    )
    consensus_threshold = forms.FloatField(
        label=_("Minimum posterior probability"),
        min_value=0.5,
        max_value=0.999,
        help_text=_(
            "Used only by the rules with a posterior probability. With 0.9, a class is present "
            "from 0.9 on, absent up to 0.1, and in dispute in between. With 0.5, none is in "
            "dispute."
        ),
    )
    adjudication = forms.ChoiceField(
        label=_("What do adjudicators see of the votes?"),
        choices=AdjudicationMode.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "Adjudicators decide only the classes in dispute. Votes can sway them, so the third "
            "choice keeps both decisions: the one before and the one after."
        ),
    )
    qualification_required = forms.BooleanField(
        label=_("Readers must first pass a qualification (exams with reference answers)"),
        required=False,
    )
    pass_percent = forms.DecimalField(
        label=_("Pass mark, in percent"), min_value=0, max_value=100, max_digits=4, decimal_places=1
    )
    frequent_classes = forms.CharField(
        label=_("Classes on the number keys 1 to 9"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_(
            "Class codes in the order of the keys. Leave empty for the defaults of the list."
        ),
    )

    def clean_frequent_classes(self) -> list[str]:
        """Parse the codes, and check that there are not more of them than number keys."""
        codes = re.findall(r"[^\s,;]+", self.cleaned_data["frequent_classes"])
        if len(codes) > MAX_FREQUENT_CLASSES:
            raise forms.ValidationError(
                _("Choose at most nine classes, because there are nine number keys.")
            )
        return codes

    def settings(self) -> dict[str, Any]:
        """Return the protocol settings that were entered."""
        cleaned = self.cleaned_data
        policy = cleaned["suggestion_policy"]
        same_keys = (
            "readers_per_exam", "minimum_reader_level", "clinical_information", "prior_exam",
            "suggestion_policy", "qt_correction", "washout_days", "washout_exams", "patient_gap",
            "undo_window_s", "results_open", "consensus_rule", "consensus_k",
            "consensus_threshold", "adjudication",
        )  # fmt: skip
        return {
            **{key: cleaned[key] for key in same_keys},
            "suggestion_arms": self._arms() if policy == SuggestionPolicy.RANDOMIZED else [],
            "repeat_fraction": float(cleaned["repeat_percent"]) / 100,
            "gold_fraction": float(cleaned["gold_percent"]) / 100,
            "qualification": {
                "required": cleaned["qualification_required"],
                "pass_mark": float(cleaned["pass_percent"]) / 100,
            },
            "frequent_classes": cleaned["frequent_classes"] or None,
        }

    def _arms(self) -> list[dict[str, Any]]:
        weights = {arm: self.cleaned_data.get(f"arm_{arm.value}") or 0 for arm in Arm}
        return [{"arm": arm.value, "weight": weight} for arm, weight in weights.items() if weight]


class AmendmentForm(ReadingForm):
    """The rules for batches created from now on, and the reason for changing them."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The reason is kept with the new version and in the audit trail."),
    )


def proposed_rule(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the consensus rule and its parameter in ``query``, as initial values of a form.

    Values that the form would refuse are left out.
    """
    proposed = {}
    for name in ("consensus_rule", "consensus_k", "consensus_threshold"):
        try:
            proposed[name] = ReadingForm.base_fields[name].clean(query.get(name))
        except forms.ValidationError:
            continue
    return proposed


def initial(protocol: Protocol) -> dict[str, Any]:
    """Return the initial values of ``ReadingForm`` and ``AmendmentForm`` for ``protocol``."""
    settings = protocol.settings()
    arms = {f"arm_{entry['arm']}": entry["weight"] for entry in settings["suggestion_arms"]}
    return {
        "arm_none": 0, "arm_after_commit": 1, "arm_concurrent": 1,
        **settings,
        **({f"arm_{arm.value}": 0 for arm in Arm} | arms if arms else {}),
        "repeat_percent": _percent(settings["repeat_fraction"]),
        "gold_percent": _percent(settings["gold_fraction"]),
        "qualification_required": settings["qualification"]["required"],
        "pass_percent": _percent(settings["qualification"]["pass_mark"]),
        "frequent_classes": " ".join(settings["frequent_classes"] or ()),
    }  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
