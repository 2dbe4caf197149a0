"""What a report says of groups of classes and of certainty; see ``sentences`` for all else."""

from __future__ import annotations


def _(text: str) -> str:
    """Return ``text``; a mark by which tools find what is to be translated."""
    return text


BY_GROUP = _("Agreement by group of classes")
GROUP = _("Group")
GROUPS_MEANT = _(
    "A reader gave a group when they gave any of its classes: readers who name different classes "
    "of one group disagree about the classes and agree about the group."
)
GROUP_TABLE = _("Agreement by group of classes; intervals of {confidence}")
GROUP_TABLE_PLAIN = _("Agreement by group of classes")

SURE = _("Certainty")
SURE_MEANT = _(
    "A class is absent, possible, probable or definite. Krippendorff's alpha for ordinal data "
    "{alpha} and Gwet's AC2 with ordinal weights {gwet} count possible against definite as a "
    "smaller disagreement than absent against definite."
)
ALL_DEFINITE = _("Readers called every class that they gave definite.")
SURE_TABLE = _(
    "How sure readers are, classes that two readers or more gave to an exam; intervals of "
    "{confidence}"
)
SURE_PLAIN = _("How sure readers are, classes that two readers or more gave to an exam")
GIVEN_BY_TWO = _("Given by two")
POSSIBLE = _("Possible")
PROBABLE = _("Probable")
DEFINITE = _("Definite")
AS_SURE = _("Then as sure")
ORDINAL_ALPHA = _("Ordinal alpha")
GWET_AC2 = _("Gwet's AC2")
SURE_NOTE = _(
    "Given by two: exams to which two readers or more gave the class; then as sure: how often two "
    "of these were as sure. Possible, probable, definite: readings."
)
