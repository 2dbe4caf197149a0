"""The filter form for the audit trail, shared by pages and API."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.services.audit import Action
from annotations.services.audit.browse import EventFilter
from annotations.widgets import DateInput

# Display names by the part of an action before the dot.
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
    "scoring": _("Scoring of predictions"),
    "taxonomy": _("Classes"),
    "exams": _("Exams"),
    "audit": _("Audit trail"),
}


def audit_actions() -> list[tuple[str, str]]:
    """Return the choices for actions, by group. A group of several actions is a choice too."""
    choices = [("", gettext("Any"))]
    for group, label in AUDIT_GROUPS.items():
        within = [action for action in Action if action.value.startswith(f"{group}.")]
        if len(within) > 1:
            choices.append((group, gettext("%(group)s: all") % {"group": label}))
        choices += [(action.value, f"{label}: {action.label}") for action in within]
    return choices


class AuditFilterForm(forms.Form):
    """Filters for audit events. Every field is optional."""

    study = forms.SlugField(label=_("Study"), required=False, max_length=60)
    person = forms.CharField(label=_("Done by"), required=False, max_length=150)
    action = forms.ChoiceField(label=_("Action"), required=False, choices=audit_actions)
    object_type = forms.SlugField(label=_("Object"), required=False, max_length=40)
    object_id = forms.CharField(label=_("Number or name"), required=False, max_length=80)
    since = forms.DateField(label=_("From"), required=False, widget=DateInput)
    until = forms.DateField(label=_("To"), required=False, widget=DateInput)
    text = forms.CharField(label=_("Reason contains"), required=False, max_length=200)

    def event_filter(self) -> EventFilter:
        return EventFilter(**self.cleaned_data)
