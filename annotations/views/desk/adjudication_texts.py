"""Texts for the scripts of the adjudication desk, in the language of the request."""

from __future__ import annotations

from django.utils.translation import gettext as _

from annotations.views.desk.texts import desk_texts


def adjudication_texts(*, is_extra: bool) -> dict[str, str]:
    """Return the texts by key, with those of the sheet, the tools and the shortcuts."""
    return {
        **desk_texts(),
        **_step_texts(),
        **_class_texts(),
        **_vote_texts(),
        **_end_texts(),
        **(_extra_texts() if is_extra else {}),
    }


def _step_texts() -> dict[str, str]:
    return {
        "step": _("Step {place} of {total}."),
        "step-masked": _("Decide the classes in dispute. The votes are hidden."),
        "step-open": _("Decide the classes in dispute. You see the votes of the readers."),
        "step-discussed": _("Vote again after the discussion."),
        "step-first-masked": _(
            "Vote before the committee discusses the exam. The votes are hidden."
        ),
        "step-first-open": _(
            "Vote before the committee discusses the exam. You see the votes of the readers."
        ),
        "waits-for-session": _(
            "Your first vote is stored. The second vote follows the discussion of the committee."
        ),
        "decided": _("You have decided this exam. The decision can no longer be changed."),
        "votes-shown": _(
            "Your decision is stored. Now you see the votes: confirm your decision or change it."
        ),
        "keys-reading": _("Decisions"),
    }


def _extra_texts() -> dict[str, str]:
    """Return the texts that differ for extra readers."""
    return {
        "step-masked": _("Read only these classes."),
        "decided": _("You have read this exam. The reading can no longer be changed."),
        "keys-reading": _("Reading"),
        "readability-open": _("Say first whether the exam is readable."),
        "not-sent-yet": _(
            "The server cannot be reached. Your reading is saved on this device and will be sent."
        ),
    }


def _class_texts() -> dict[str, str]:
    return {
        "answer-present": _("Present"),
        "answer-absent": _("Absent"),
        "answer-not_decidable": _("Not decidable"),
        "agreed": _("The readers agree on {count} classes"),
        "agreed-absent": _("Absent by agreement: {count} classes."),
        "overrule": _("Overrule"),
        "overrule-choose": _("Overrule: mark another class as present …"),
        "overrule-present": _("You overrule the readers: present."),
        "overrule-absent": _("You overrule the readers: absent."),
        "stop-overruling": _("Do not overrule: {name}"),
        "reason-optional": _("Reason (optional)"),
        "reason-required": _("Reason (required)"),
        "reason-for": _("Reason for {name}"),
        "reason-key": _("Write a reason"),
    }


def _vote_texts() -> dict[str, str]:
    return {
        "vote-present": _("present"),
        "vote-absent": _("absent"),
        "vote-not-assessable": _("not assessable"),
        "vote-unreadable": _("unreadable"),
        "majority-present": _("Majority: present"),
        "majority-absent": _("Majority: absent"),
        "called-unreadable": _("Called unreadable by {letters}."),
        "member": _("Member {numeral}"),
        "member-own": _("Member {numeral} (you)"),
    }


def _end_texts() -> dict[str, str]:
    return {
        "kept-here": _("Saved on this device"),
        "class-open": _("{name} is not decided yet."),
        "readability-open": _("Decide first whether the exam is readable."),
        "reason-missing": _("Give a reason for overruling the readers on {name}."),
        "audit-open": _("Complete the audit form first."),
        "not-sent-yet": _(
            "The server cannot be reached. Your decision is saved on this device and will be sent."
        ),
    }
