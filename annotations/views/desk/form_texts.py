"""The words of the desk's form: classes, evidence, signal, keys, and the acts that end an exam."""

from __future__ import annotations

from django.utils.translation import gettext as _


def form_texts() -> dict[str, str]:
    """Return the words of the form, by key; ``{name}`` marks what the script fills in."""
    return {**_class_texts(), **_signal_texts(), **_act_texts(), **_key_texts(), **_pace_texts()}


def _class_texts() -> dict[str, str]:
    """Return what is said of classes, and of the places and measurements that show them."""
    return {
        "not-assessable": _("Not assessable"),
        "not-assessable-short": _("n/a"),
        "not-assessable-name": _("{name}: not assessable"),
        "not-assessable-toggle": _("Not assessable: neither present nor absent"),
        "normal-is-read": _("{name} is a statement on all classes: it cannot be not assessable."),
        "normal-not-assessable": _("“{one}” rules out “{other}”, which is called not assessable."),
        "next-finding": _("Take the next finding at hand"),
        "no-finding-at-hand": _("Choose a finding first: evidence belongs to one."),
        "evidence-attached": _("Attached to {name}."),
        "chip-place": _("{leads} · {from}–{to} s"),
        "chip-leads": _("{count} leads"),
        "chip-measure-lead": _("{value} in {lead}"),
    }


def _signal_texts() -> dict[str, str]:
    """Return why a signal is not good."""
    return {
        "unreadable-cleared": _("All findings were removed. Undo brings them back."),
        "problem-noise": _("Noise"),
        "problem-lead_off": _("Lead off"),
        "problem-reversal": _("Leads exchanged"),
        "problem-calibration": _("Calibration"),
        "problem-other": _("Something else"),
        "problem-key": _("Problem of the signal: {name}"),
        "problem-leads": _("{name}: in which leads?"),
    }


def _act_texts() -> dict[str, str]:
    """Return what is said of the ways to leave an exam, and of the way back."""
    return {
        "abstain-with-findings": _("Remove your findings before abstaining."),
        "abstain-unreadable": _(
            "An unreadable exam is submitted as unreadable, which is a reading."
        ),
        "abstain-confirm": _("Abstain from this exam? It leaves your queue without a reading."),
        "abstain-again": _("Abstain again to confirm."),
        "cancel": _("Cancel"),
        "abstained-already": _("You have abstained from reading this exam."),
        "deferred": _("Put off until all others are read: {code}"),
        "defer-offline": _("Putting an exam off needs the network. What you have entered is kept."),
        "defer-last": _("No other exam waits: this one is the last."),
        "retract": _("Take back {code}"),
        "retract-key": _("Take back the last submission"),
        "retract-until": _("Possible until {time}"),
        "retracting": _(
            "You are correcting what you submitted. Until you submit again, the"
            " earlier reading stands."
        ),
        "retracting-abstention": _(
            "You abstained from this exam. The abstention stands until you submit a reading."
        ),
        "retract-over": _("It can no longer be taken back."),
        "draft-here": _("Correction kept on this device"),
        "refused-final": _("The time to correct a reading was over: the earlier one stands."),
        "refused-not-latest": _("This reading was corrected elsewhere in the meantime."),
        "submitted-elsewhere": _("This exam was submitted in another window."),
    }


def _key_texts() -> dict[str, str]:
    """Return the words of the list of keys."""
    return {
        "keys-sheet": _("Sheet"),
        "keys-reading": _("Reading"),
        "keys-finding": _("Finding at hand"),
        "key-change": _("{key}: change the key of “{label}”"),
        "key-press": _("Press the new key for “{label}”; Esc leaves it as it is."),
        "key-fixed": _("{key} always means the same and cannot be changed."),
        "key-reserved": _("{key} belongs to the browser or the page. Choose another key."),
        "key-taken": _("{key} is “{label}” already."),
        "key-swap": _("Swap the two"),
        "key-keep": _("Leave as it is"),
        "key-changed": _("The key is {key} now."),
        "keys-restored": _("All keys are as they were given."),
    }


def _pace_texts() -> dict[str, str]:
    """Return what is said of the reader's own pace."""
    return {
        "pace-morning": _("{count} this morning · {seconds} s each"),
        "pace-afternoon": _("{count} this afternoon · {seconds} s each"),
        "pace-evening": _("{count} this evening · {seconds} s each"),
        "pace-night": _("{count} tonight · {seconds} s each"),
    }
