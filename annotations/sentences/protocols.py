"""Sentences about problems in protocols."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ecgreview.strict_files import Problem

# Problems that can occur in forms and the API, by code. Others occur only in files; for those,
# commands print the domain's own English text with its line.
SENTENCES: Mapping[str, Promise] = {
    "no_taxonomy": _(
        "This list of classes is not installed. Choose another one, or ask the server "
        "administrator to install it."
    ),
    "no_class": _("One of these codes is not a class of the list. Correct or remove it."),
    "no_rule": _("This consensus rule does not exist. Choose another one."),
    "k_too_high": _(
        "More votes than an exam has readers (%(n)d), so no class would be present. Enter at most "
        "%(n)d."
    ),
    "no_mapping": _(
        "No mapping from the classes of a batch to this list is installed. Ask the server "
        "administrator to install one, or choose another list."
    ),
    "too_few_readers": _(
        "Each exam needs %(wanted)d readers, but the study has %(readers)d. Add %(missing)d more, "
        "or let fewer people read each exam."
    ),
    "no_washout": _("A repeat could come immediately. Set days, other exams in between, or both."),
    "no_repeats": _(
        "With so few exams per reader there is no repeat. Raise the share, or set it to 0."
    ),
    "washout_too_long": _(
        "A reader has too few exams to place %(exams)d others in between. Lower this number, or "
        "give each reader more exams."
    ),
    "unavailable": _("This version does not support this value. Choose another one."),
    "too_few_arms": _("Randomization needs at least two arms. Give at least two of them a share."),
    "arms_without_policy": _(
        "Shares are set, but suggestions are not randomized. Remove the shares, or randomize "
        "suggestions."
    ),
    "twice": _("A code is listed twice. Remove one of the two."),
    "empty": _("This is empty. Enter at most %(longest)d characters."),
    "bad_text": _(
        "This is too long, or has hidden characters or spaces around it. Enter at most %(longest)d "
        "characters."
    ),
    "bad_form": _("A code can only have letters, digits, hyphens and underscores."),
    "no_choice": _("Choose one of: %(choices)s."),
    "not_in_range": _("Enter a number from %(low)s to %(high)s."),
    "no_change": _("Nothing has changed. Change at least one rule."),
    "frozen": _("This cannot be changed once the study is open."),
}


def sentence(problem: Problem) -> str:
    if problem.code in SENTENCES:
        return str(SENTENCES[problem.code]) % problem.details
    return str(problem)
