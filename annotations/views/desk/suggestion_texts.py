"""Texts about suggestions, the reader's decisions on them, and revisions."""

from __future__ import annotations

from django.utils.translation import gettext as _

from annotations.views.desk.verdict_texts import verdict_texts


def model_texts() -> dict[str, str]:
    """Return the texts by key. The scripts fill in ``{name}`` placeholders."""
    return {**_answer_texts(), **verdict_texts(), **_decision_texts(), **_revision_texts()}


def _answer_texts() -> dict[str, str]:
    return {
        "model-title": _("Computer suggestions (criteria model)"),
        "model-show": _("See suggestions"),
        "model-show-final": _("See suggestions (ends correction)"),
        "model-name": _("Model {model}, version {version}. It analyzes only the first tracing."),
        "model-suggests-none": _("No class is suggested."),
        "model-not-suggested": _("{name}: in your reading, not suggested"),
        "model-not-assessed": _("{name}: in your reading, not checked by the model"),
        "model-scope": _(
            "The model checks {covered} of {total} classes."
            " No suggestion for the others means nothing."
        ),
        "model-covered": _("Classes the model checks"),
        "model-withheld": _("Withheld"),
        "model-not-met": _("Criteria not met ({count})"),
        "model-unreachable": _("Suggestions could not be loaded. Reload the page to try again."),
        "measured-rate": _("Heart rate"),
        "measured-pr": _("PR"),
        "measured-qrs": _("QRS"),
        "measured-qt": _("QT"),
        "measured-axis": _("Frontal axis"),
        "not-measured": _("not measured"),
        "measured-beats": _("{count} beats"),
        "nothing-measured": _("Nothing could be measured on this exam."),
    }


def _decision_texts() -> dict[str, str]:
    return {
        "model-decide": _("Decide on each suggestion. Accepting one adds it to your reading."),
        "suggestion-next": _("Select the next suggestion"),
        "suggestion-shared": _("You found it too."),
        "confirm-unreachable": _("No network: your agreement was not saved. Try again."),
        "decide-accepted": _("Accept"),
        "decide-agreed": _("Agree"),
        "decide-rejected": _("Reject"),
        "decide-uncertain": _("Uncertain"),
        "decide-accepted-name": _("Accept {name}"),
        "decide-agreed-name": _("Agree: {name}"),
        "decide-rejected-name": _("Reject {name}"),
        "decide-uncertain-name": _("Uncertain: {name}"),
        "decide-accepted-key": _("Accept the selected suggestion, or agree with it"),
        "decide-rejected-key": _("Reject the selected suggestion"),
        "decide-uncertain-key": _("Mark the selected suggestion as uncertain"),
        "verdict-accepted": _("you accepted it"),
        "verdict-rejected": _("you rejected it"),
        "verdict-uncertain": _("you were uncertain"),
    }


def _revision_texts() -> dict[str, str]:
    return {
        "model-revise": _(
            "Agreeing with your own finding leaves your reading as it is."
            " Any other decision starts a second reading."
        ),
        "revise": _("Start second reading"),
        "revise-key": _("Start a second reading after seeing the suggestions"),
        "second-reading-saved": _("Second reading saved on this device"),
        "revision-reason": _("Choose the reason for the change, then submit again."),
        "revision-reason-key": _("Choose the next reason for the change"),
        "reason-suggestion": _("The suggestion"),
        "reason-second_look": _("Second look"),
        "reason-slip": _("My mistake"),
        "reason-other": _("Other reason"),
        "revised-already": _("You revised this reading. The revision is shown above."),
    }
