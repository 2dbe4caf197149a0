"""The words of the reading desk's scripts, in the language of the request."""

from __future__ import annotations

from django.utils.translation import gettext as _

from annotations.views.desk.form_texts import form_texts
from annotations.views.desk.sheet_texts import sheet_texts
from annotations.views.desk.suggestion_texts import model_texts
from annotations.views.desk.tool_texts import tool_texts


def desk_texts() -> dict[str, str]:
    """Return every text that static/js uses, by key; ``{name}`` marks what the script fills in."""
    return {
        **sheet_texts(),
        **_form_texts(),
        **form_texts(),
        **_draft_texts(),
        **_queue_texts(),
        **model_texts(),
        **tool_texts(),
    }


def _form_texts() -> dict[str, str]:
    """Return the words of the form and of its objections."""
    return {
        "normal": _("Normal"),
        "finder-none": _("No class has this name or abbreviation."),
        "blocked": _("{name} cannot stand beside {other}. Remove that first."),
        "remove": _("Remove {name}"),
        "remove-last": _("Remove the finding at hand"),
        "less-certain": _("Less certain"),
        "more-certain": _("More certain"),
        "certainty-definite": _("Definite"),
        "certainty-probable": _("Probable"),
        "certainty-possible": _("Possible"),
        "quality": _("Signal quality"),
        "quality-good": _("Good"),
        "quality-acceptable": _("Acceptable"),
        "quality-poor": _("Poor"),
        "quality-unreadable": _("Unreadable"),
        "nothing-yet": _("No findings"),
        "nothing-chosen": _("Nothing is chosen: none of the classes is present, nor is it normal."),
        "unreadable-with-findings": _(
            "An unreadable exam has no findings. Choose “Unreadable” again to remove them."
        ),
        "contradiction": _("{one} and {other} contradict each other on one rhythm."),
        "unusual": _("{one} and {other} are unusual together."),
        "confirm": _("Submit again to confirm."),
        "key-escape": _("Leave a field or a tool"),
    }


def _draft_texts() -> dict[str, str]:
    """Return what is said about saving and sending."""
    return {
        "draft-saving": _("Saving …"),
        "draft-saved": _("Saved"),
        "draft-offline": _("Offline – kept on this device"),
        "draft-signed-out": _("Signed out – kept on this device"),
        "draft-elsewhere": _("Changed elsewhere"),
        "draft-refused": _("Not saved"),
        "draft-unkept": _("Not kept: this browser has no storage left"),
        "reading-unkept": _(
            "This device has no room to keep {code}. Leave this page open until it is sent."
        ),
        "outbox-offline": _("Offline: {count} to send, kept on this device"),
        "outbox-signed-out": _("Signed out: {count} to send, kept on this device"),
        "refused": _("A reading was not accepted: {reason}"),
        "refused-already": _("This exam had already been submitted; the earlier reading stands."),
        "refused-closed": _("The batch was closed before this reading arrived."),
        "refused-stale": _("An exam you submitted was changed in another window or device."),
        "open-it": _("Open it"),
        "dismiss": _("Dismiss"),
    }


def _queue_texts() -> dict[str, str]:
    """Return what is said about the place in the queue."""
    return {
        "place": _("{position} of {total}"),
        "place-pooled": _("Exam {position}"),
        "pool-empty": _("No exam is free for you now"),
        "pool-empty-why": _("You can look again later on the worklist."),
        "submitted-already": _("You have submitted this reading. It can no longer be changed."),
        "submitted-until": _("You have submitted this reading. You can take it back until {time}."),
        "batch-closed": _("The batch is closed. Nothing can be changed any more."),
        "last-exam": _("Last exam: {code}"),
        "last-exam-key": _("Go back to the last exam"),
        "to-next": _("Go to the next exam"),
        "to-worklist": _("Back to the worklist"),
        "signed-out": _("Your session has ended. Your work is kept on this device."),
        "sign-in": _("Sign in again"),
    }
