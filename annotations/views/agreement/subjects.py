"""What a line of the agreement is about: a class, or a group of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotations.models import DiagnosticClass, DiagnosticGroup

LEVELS: Mapping[str, Promise] = {"classes": _("Classes"), "groups": _("Groups")}
"""What the lines are about, by the part of a report that has them."""


class Subject(Protocol):
    """A class, or a group that is told of in the place of one."""

    @property
    def code(self) -> str:
        """What it is called in reports."""

    @property
    def abbreviation(self) -> str:
        """What it is called where there is little room."""

    @property
    def name(self) -> str:
        """What it is called in English."""

    @property
    def local_name(self) -> str:
        """What it is called in the language of the page."""

    @property
    def group(self) -> DiagnosticGroup:
        """The group it is of, or is."""


@dataclass(frozen=True, slots=True)
class WholeGroup:
    """A group of classes: present where any of them is.

    Attributes:
        group: of the taxonomy.
        members: its classes, in their order.
    """

    group: DiagnosticGroup
    members: Sequence[DiagnosticClass]

    @property
    def code(self) -> str:
        """What it is called in reports."""
        return self.group.code

    @property
    def abbreviation(self) -> str:
        """Its name: groups have no shorter one."""
        return self.group.local_name

    @property
    def name(self) -> str:
        """What it is called in English."""
        return self.group.name

    @property
    def local_name(self) -> str:
        """What it is called in the language of the page."""
        return self.group.local_name

    @property
    def told_members(self) -> str:
        """Its classes, abbreviated."""
        return ", ".join(one.abbreviation for one in self.members)


def groups(
    results: Mapping[str, Any], classes: Mapping[str, DiagnosticClass]
) -> dict[str, WholeGroup]:
    """Return the groups of a report by code; none of a version of before groups were told.

    Args:
        results: of the report.
        classes: its classes by code, with their groups.
    """
    return {
        line["class"]: WholeGroup(
            classes[line["members"][0]].group, [classes[code] for code in line["members"]]
        )
        for line in results.get("groups", [])
    }
