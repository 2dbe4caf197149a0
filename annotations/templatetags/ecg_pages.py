"""Template filters and tags for states, numbers, import issues and consensus rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import ImportIssue, WorkState
from annotations.sentences import imports, refusals
from annotations.views.studies.forms import RULES

register = template.Library()

Value = TypeVar("Value")

MINUTES_PER_HOUR = 60
# Durations from here on are written in hours.
LONG_MIN = 120


@register.filter
def explained(issue: ImportIssue) -> imports.Explanation:
    """Return the reason and the hint for an import issue, in the active language."""
    return imports.of_issue(issue)


@register.inclusion_tag("includes/state.html")
def state(name: str, *, quiet: bool = False) -> dict[str, object]:
    """Show an assignment's state as a colored symbol with its name; ``quiet`` hides the name."""
    return {"state": name, "label": WorkState(name).label, "quiet": quiet}


@register.filter
def get(mapping: Mapping[str, Value], key: str) -> Value | str:
    """Return the value of ``key``, or an empty string if there is none."""
    return mapping.get(key, "")


@register.filter
def minutes(count: int) -> str:
    """Format a duration in minutes: "27 min", "3.5 h"."""
    if count < LONG_MIN:
        return ngettext("%(count)d min", "%(count)d min", count) % {"count": count}
    hours = number_format(count / MINUTES_PER_HOUR, decimal_pos=1)
    return _("%(hours)s h") % {"hours": hours}


@register.filter
def percent(fraction: float | None) -> str:
    """Format a fraction between 0 and 1 as a whole percentage; a dash for None."""
    if fraction is None:
        return "–"
    return f"{round(100 * fraction)}%"


@register.filter
def posterior(probability: float) -> str:
    """Format a probability with two digits; those that round to 0 or 1 get a sign instead."""
    if probability < 0.005:
        return f"<{number_format(0.01, 2)}"
    if probability > 0.995:
        return f">{number_format(0.99, 2)}"
    return str(number_format(probability, 2))


@register.filter
def refusal_title(code: str) -> str:
    """Return the title of a refusal from its code; empty if no refusal has it."""
    return refusals.title(code)


@register.simple_tag
def rule(name: str) -> str:
    """Return the sentences that explain a consensus rule."""
    return str(RULES.get(name, name))
