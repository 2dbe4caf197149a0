"""Texts for the chart of the consensus explorer, in the language of the request."""

from __future__ import annotations

from django.utils.translation import gettext as _


def explorer_texts() -> dict[str, str]:
    """Return all texts of the chart by key. The script fills in the ``{name}`` placeholders."""
    return {
        "own": _("The study's rule"),
        "range": _("Range of all rules"),
        "point": _("{name}: {own} labels under the study's rule, {other} under the other one; all "
                   "rules from {low} to {high}"),
    }  # fmt: skip
