"""Texts for the scripts of the reading desk, in the language of the request."""

from __future__ import annotations

from django.utils.translation import gettext as _

from annotations.views.desk.sheet_texts import sheet_texts
from annotations.views.desk.suggestion_texts import model_texts
from annotations.views.desk.tool_texts import tool_texts


def desk_texts() -> dict[str, str]:
    """Return all texts of the desk by key. The scripts fill in ``{name}`` placeholders."""
    return {
        **sheet_texts(),
        **_form_texts(),
        **_class_texts(),
        **_signal_texts(),
        **_exam_end_texts(),
        **_shortcut_texts(),
        **_pace_texts(),
        **_draft_texts(),
        **_queue_texts(),
        **model_texts(),
        **tool_texts(),
    }


def _form_texts() -> dict[str, str]:
    """Texts of the form, including warnings before submission."""
    return {
        "normal": _("Normal"),
        "finder-none": _("No class has this name or abbreviation."),
        "blocked": _("{name} cannot be combined with {other}. Remove that class first."),
        "remove": _("Remove {name}"),
        "remove-last": _("Remove selected finding"),
        "less-certain": _("Decrease certainty"),
        "more-certain": _("Increase certainty"),
        "certainty-definite": _("Definite"),
        "certainty-probable": _("Probable"),
        "certainty-possible": _("Possible"),
        "quality": _("Signal quality"),
        "quality-good": _("Good"),
        "quality-acceptable": _("Acceptable"),
        "quality-poor": _("Poor"),
        "quality-unreadable": _("Unreadable"),
        "no-findings": _("No findings"),
        "nothing-chosen": _("You chose no finding and not Normal. Submit anyway?"),
        "unreadable-with-findings": _(
            "An unreadable exam has no findings. Choose “Unreadable” again to remove them."
        ),
        "contradiction": _("{one} and {other} contradict each other in the same rhythm."),
        "unusual": _("{one} and {other} are unusual together."),
        "confirm": _("Press Submit again to confirm."),
        "key-escape": _("Leave the field or close the tool"),
    }


def _class_texts() -> dict[str, str]:
    """Texts about findings, their evidence, and classes that are not assessable."""
    return {
        "not-assessable": _("Not assessable"),
        "not-assessable-short": _("n/a"),
        "not-assessable-name": _("{name}: not assessable"),
        "not-assessable-toggle": _("Not assessable: neither present nor absent"),
        "normal-is-read": _("{name} describes the whole ECG and cannot be marked not assessable."),
        "normal-not-assessable": _("“{one}” excludes “{other}”, which you marked not assessable."),
        "next-finding": _("Select next finding"),
        "no-finding-selected": _("Select a finding first, then attach evidence to it."),
        "evidence-attached": _("Attached to {name}."),
        "chip-place": _("{leads} · {from}–{to} s"),
        "chip-leads": _("{count} leads"),
        "chip-measure-lead": _("{value} in {lead}"),
    }


def _signal_texts() -> dict[str, str]:
    return {
        "unreadable-cleared": _("All findings were removed. Undo restores them."),
        "problem-noise": _("Noise"),
        "problem-lead_off": _("Lead off"),
        "problem-reversal": _("Lead reversal"),
        "problem-calibration": _("Calibration"),
        "problem-other": _("Other"),
        "problem-key": _("Signal problem: {name}"),
        "problem-leads": _("{name}: choose the leads"),
    }


def _exam_end_texts() -> dict[str, str]:
    """Texts about abstaining, skipping and taking back a submission."""
    return {
        "abstain-with-findings": _("Remove your findings before abstaining."),
        "abstain-unreadable": _(
            "You marked this exam unreadable. Submit it instead of abstaining."
        ),
        "abstain-confirm": _("Abstain from this exam? It will leave your queue without a reading."),
        "abstain-again": _("Press Abstain again to confirm."),
        "cancel": _("Cancel"),
        "abstained-already": _("You abstained from this exam."),
        "deferred": _("Moved to the end of your queue: {code}"),
        "defer-offline": _(
            "You are offline, so this exam cannot be skipped. Your entries are saved."
        ),
        "defer-last": _("This is the last exam in your queue, so it cannot be skipped."),
        "retract": _("Take back {code}"),
        "retract-key": _("Take back the last submission"),
        "retract-until": _("Possible until {time}"),
        "retracting": _(
            "You are correcting a submitted reading. The earlier reading counts until "
            "you submit again."
        ),
        "retracting-abstention": _(
            "You abstained from this exam. The abstention counts until you submit a reading."
        ),
        "retract-too-late": _("This submission can no longer be taken back."),
        "draft-here": _("Correction saved on this device"),
        "submitted-elsewhere": _("This exam was submitted in another window."),
    }


def _shortcut_texts() -> dict[str, str]:
    return {
        "keys-sheet": _("ECG"),
        "keys-reading": _("Reading"),
        "keys-finding": _("Selected finding"),
        "key-change": _("{key}: change the shortcut for “{label}”"),
        "key-press": _("Press the new key for “{label}”. Esc cancels."),
        "key-fixed": _("{key} is a fixed shortcut and cannot be changed."),
        "key-reserved": _("{key} is reserved by the browser or this page. Choose another key."),
        "key-taken": _("{key} is already the shortcut for “{label}”."),
        "key-swap": _("Swap the keys"),
        "key-unchanged": _("Keep the current key"),
        "key-changed": _("Shortcut changed to {key}."),
        "shortcuts-reset": _("Shortcuts reset to defaults."),
    }


def _pace_texts() -> dict[str, str]:
    return {
        "pace-morning": _("{count} this morning · {seconds} s each"),
        "pace-afternoon": _("{count} this afternoon · {seconds} s each"),
        "pace-evening": _("{count} this evening · {seconds} s each"),
        "pace-night": _("{count} tonight · {seconds} s each"),
    }


def _draft_texts() -> dict[str, str]:
    return {
        "draft-saving": _("Saving …"),
        "draft-saved": _("Saved"),
        "draft-offline": _("Offline – saved on this device"),
        "draft-signed-out": _("Signed out – saved on this device"),
        "draft-elsewhere": _("Changed elsewhere"),
        "draft-refused": _("Not saved"),
        "draft-not-saved": _("Not saved: the browser's storage is full"),
        "reading-not-saved": _(
            "This device has no space left to save {code}. Keep this page open until it is sent."
        ),
        "outbox-offline": _("Offline: {count} to send, saved on this device"),
        "outbox-signed-out": _("Signed out: {count} to send, saved on this device"),
        "refused": _("A reading was not accepted: {reason}"),
        "open-exam": _("Open the exam"),
        "dismiss": _("Dismiss"),
    }


def _queue_texts() -> dict[str, str]:
    return {
        "position": _("{position} of {total}"),
        "position-pooled": _("Exam {position}"),
        "pool-empty": _("No exam is available for you now"),
        "pool-empty-reason": _("Check your worklist again later."),
        "submitted-already": _("You have submitted this reading. It can no longer be changed."),
        "submitted-until": _("You have submitted this reading. You can take it back until {time}."),
        "batch-closed": _("The batch is closed. Readings can no longer be changed."),
        "last-exam": _("Last submitted: {code}"),
        "last-exam-key": _("Go back to the exam you just submitted"),
        "to-next": _("Go to the next exam"),
        "to-worklist": _("Back to the worklist"),
        "signed-out": _("Your session has ended. Your work is saved on this device."),
        "sign-in": _("Sign in again"),
    }
