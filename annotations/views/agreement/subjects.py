"""What agreement rows are about: classes, or groups of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotations.models import DiagnosticClass, DiagnosticGroup

# The parts of a report that have one row per subject.
LEVELS: Mapping[str, Promise] = {"classes": _("Classes"), "groups": _("Groups")}


class Subject(Protocol):
    """What both a class and a ``WholeGroup`` provide."""

    @property
    def code(self) -> str:
        """Identifier in reports."""

    @property
    def abbreviation(self) -> str:
        """Short name."""

    @property
    def name(self) -> str:
        """English name."""

    @property
    def local_name(self) -> str:
        """Name in the language of the page."""

    @property
    def group(self) -> DiagnosticGroup:
        """The group of a class; a group returns itself."""


@dataclass(frozen=True, slots=True)
class WholeGroup:
    """A group treated as one class, which is present if any of its classes is.

    Attributes:
        group: the group of the taxonomy.
        members: its classes, in order.
    """

    group: DiagnosticGroup
    members: Sequence[DiagnosticClass]

    @property
    def code(self) -> str:
        return self.group.code

    @property
    def abbreviation(self) -> str:
        """The full name, because groups have no abbreviation."""
        return self.group.local_name

    @property
    def name(self) -> str:
        return self.group.name

    @property
    def local_name(self) -> str:
        return self.group.local_name

    @property
    def member_abbreviations(self) -> str:
        return ", ".join(member.abbreviation for member in self.members)


def groups(
    results: Mapping[str, Any], classes: Mapping[str, DiagnosticClass]
) -> dict[str, WholeGroup]:
    """Return the groups of a report by code; empty for old versions without groups.

    Args:
        results: the results of the report.
        classes: its classes by code, with their groups.
    """
    return {
        line["class"]: WholeGroup(
            classes[line["members"][0]].group, [classes[code] for code in line["members"]]
        )
        for line in results.get("groups", [])
    }
