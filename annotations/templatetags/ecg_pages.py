"""How the pages write states, durations and coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import ImportIssue, WorkState
from annotations.sentences import imports
from annotations.views.studies.forms import RULES

register = template.Library()

Value = TypeVar("Value")

MINUTES_PER_HOUR = 60
LONG_MIN = 120
"""Longer than this is told in hours."""


@register.filter
def explained(issue: ImportIssue) -> imports.Explanation:
    """Return what an import noticed, and what to do, in the language in use."""
    return imports.of_issue(issue)


@register.inclusion_tag("includes/state.html")
def state(name: str, *, quiet: bool = False) -> dict[str, object]:
    """Show how far an assignment is, by colour, shape and word; ``quiet`` hides the word."""
    return {"state": name, "label": WorkState(name).label, "quiet": quiet}


@register.filter
def get(mapping: Mapping[str, Value], key: str) -> Value | str:
    """Return the value of ``key``, or nothing."""
    return mapping.get(key, "")


@register.filter
def minutes(count: int) -> str:
    """Return a duration in minutes as words: "27 min", "3.5 h"."""
    if count < LONG_MIN:
        return ngettext("%(count)d min", "%(count)d min", count) % {"count": count}
    hours = number_format(count / MINUTES_PER_HOUR, decimal_pos=1)
    return _("%(hours)s h") % {"hours": hours}


@register.filter
def percent(fraction: float | None) -> str:
    """Return a fraction of 1 as a whole percentage, or a dash."""
    if fraction is None:
        return "–"
    return f"{round(100 * fraction)}%"


@register.simple_tag
def rule(name: str) -> str:
    """Return what a consensus rule does, in a sentence."""
    return str(RULES.get(name, name))
