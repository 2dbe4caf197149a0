"""The short form for a new study, and descriptions of the consensus rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import ClinicalInformation, SuggestionPolicy
from ecgreview.consensus import DEFAULT_RULE

# Descriptions of the consensus rules, by their names in ``ecgreview.consensus``.
RULES = {
    "union_then_adjudicate": _(
        "Adjudicate every disagreement: a class that all readers marked is present, one that "
        "nobody marked is absent, and adjudicators decide all others. Loses the fewest rare "
        "findings, and needs the most adjudication."
    ),
    "majority_per_class": _(
        "Majority, class by class: present with more than half of the votes, absent with fewer. "
        "A class with exactly half (1 of 2, 2 of 4) is in dispute: it goes to adjudication and "
        "stays undecided until then."
    ),
    "two_plus_adjudicator": _(
        "Two readers and an adjudicator: only the first two readings of an exam count. Where they "
        "differ, the adjudicator decides. Use this rule to reproduce CODE-test."
    ),
    "agreement_then_majority": _(
        "Agreement, then at least two votes: if all readers marked exactly the same classes, "
        "those; otherwise the classes that at least two readers marked, or undecided if there are "
        "none. If two readers share a class, a class that only one of them marked is dropped and "
        "counts as absent. Use this rule to reproduce CODE-II-test."
    ),
    "unanimous": _(
        "Unanimous readers only: a class is decided only where all readers agree. All others stay "
        "undecided, and adjudication changes nothing."
    ),
    "k_of_n": _(
        "A set number of votes: a class is present if at least that many readers marked it, and "
        "otherwise absent. With 1, it is the union of all readings."
    ),
    "skill_weighted": _(
        "Votes weighted by skill: a reader who agrees more with the majority of the others has "
        "more weight. Adjudicators decide ties."
    ),
    "dawid_skene": _(
        "Posterior probability (Dawid and Skene): a statistical model estimates the prevalence of "
        "each class and the skill of each reader, and from them how probable each class is in "
        "each exam. Needs exams with at least three readings. Adjudicators decide what stays "
        "uncertain."
    ),
    "dawid_skene_pooled": _(
        "Posterior probability, pooled: the same, with one model of all classes together, which "
        "is more stable for rare classes."
    ),
}


def short_rule(name: str) -> str:
    """Return the name of a rule for tables: its description up to the colon."""
    return str(RULES.get(name, name)).partition(":")[0]


QUICK_POLICIES = (SuggestionPolicy.NONE, SuggestionPolicy.AFTER_COMMIT)
QUICK_INFORMATION = (ClinicalInformation.NONE, ClinicalInformation.AGE_AND_SEX)
QUICK_RULES = (DEFAULT_RULE, "majority_per_class", "agreement_then_majority")
"""The choices in the short form. The setup in several steps has more policies and rules."""


class StudyNameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("Readers see it on their worklist. Do not put a diagnosis into it."),
    )


class StudyForm(StudyNameForm):
    """The name and the most important rules of a new study."""

    suggestion_policy = forms.ChoiceField(
        label=_("When can readers see the suggestions of the criteria model?"),
        choices=[(choice.value, choice.label) for choice in QUICK_POLICIES],
        initial=SuggestionPolicy.AFTER_COMMIT,
        widget=forms.RadioSelect,
        help_text=_(
            "With either choice, readers see no suggestion before their own reading, because a "
            "wrong suggestion could mislead them."
        ),
    )
    clinical_information = forms.ChoiceField(
        label=_("What do readers know about the patient?"),
        choices=[(choice.value, choice.label) for choice in QUICK_INFORMATION],
        initial=ClinicalInformation.AGE_AND_SEX,
        widget=forms.RadioSelect,
    )
    consensus_rule = forms.ChoiceField(
        label=_("How do readings become labels?"),
        choices=[(rule, RULES[rule]) for rule in QUICK_RULES],
        initial=DEFAULT_RULE,
        widget=forms.RadioSelect,
    )
    open_now = forms.BooleanField(
        label=_("Open the study now (freezes its rules so that reading can start)"),
        required=False,
        initial=True,
    )

    def settings(self) -> dict[str, Any]:
        """Return the protocol settings that were entered."""
        return {key: value for key, value in self.cleaned_data.items() if key != "open_now"}
