"""What the reading desk says about a model, and about what the reader makes of its word."""

from __future__ import annotations

from django.utils.translation import gettext as _


def model_texts() -> dict[str, str]:
    """Return the words of suggestions and revisions, by key; the script fills in ``{name}``."""
    return {**_answer_texts(), **_decision_texts(), **_revision_texts()}


def _answer_texts() -> dict[str, str]:
    """Return what the model says, and how sure it is."""
    return {
        "model-title": _("What the criteria model says"),
        "model-name": _("{model}, version {version}; it looked at the first tracing only."),
        "model-suggests-none": _("It suggests none of the classes it looks for."),
        "model-not-suggested": _("{name}: yours, not suggested"),
        "model-not-assessed": _("{name}: yours, not assessed by the model"),
        "model-scope": _(
            "This model looks at {covered} of {total} classes;"
            " that it is silent about the others says nothing."
        ),
        "model-covered": _("The classes it looks for"),
        "model-unreachable": _("It could not be fetched. Reload the page to try again."),
        "strength-strong": _("strong ({strength})"),
        "strength-moderate": _("moderate ({strength})"),
        "strength-weak": _("weak ({strength})"),
        "measured-rate": _("Heart rate"),
        "measured-pr": _("PR"),
        "measured-qrs": _("QRS"),
        "measured-qt": _("QT"),
        "measured-qtc": _("QTc (Fridericia)"),
        "measured-axis": _("Frontal axis"),
        "measured-not": _("not measured"),
        "measured-beats": _("{count} beats"),
        "measured-nothing": _("Nothing could be measured on this exam."),
    }


def _decision_texts() -> dict[str, str]:
    """Return what a reader may make of a suggestion."""
    return {
        "model-decide": _("What do you make of each? Nothing of it is in your reading yet."),
        "suggestion-next": _("Take the next suggestion at hand"),
        "decide-accepted": _("Accept"),
        "decide-rejected": _("Reject"),
        "decide-uncertain": _("Uncertain"),
        "decide-accepted-name": _("Accept {name}"),
        "decide-rejected-name": _("Reject {name}"),
        "decide-uncertain-name": _("Uncertain: {name}"),
        "decide-accepted-key": _("Accept the suggestion at hand"),
        "decide-rejected-key": _("Reject the suggestion at hand"),
        "decide-uncertain-key": _("Call the suggestion at hand uncertain"),
        "verdict-accepted": _("you accepted it"),
        "verdict-rejected": _("you rejected it"),
        "verdict-uncertain": _("you were uncertain"),
    }


def _revision_texts() -> dict[str, str]:
    """Return what is said of the second reading."""
    return {
        "model-revise": _(
            "Deciding on a suggestion begins a second reading; so does a second look of your own."
        ),
        "revise": _("Read a second time"),
        "revise-key": _("Read a second time, with the suggestions known"),
        "second-here": _("Second reading kept on this device"),
        "revision-why": _("Say why you revise it, then submit again."),
        "revision-reason-key": _("Next reason of the revision"),
        "reason-suggestion": _("The suggestion"),
        "reason-second_look": _("A second look"),
        "reason-slip": _("A slip of mine"),
        "reason-other": _("Another reason"),
        "revised-already": _("You have revised this reading; the revision is what you see above."),
        "refused-revised": _("This reading had already been revised; the earlier revision stands."),
    }
