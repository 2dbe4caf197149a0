"""Agreement about groups of classes, such as those of the taxonomy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.counts.groups import BadGroups, grouped
from ecgreview.agreement.sampling.resampling import DEFAULT, Resampling

from .report import class_lines


def group_lines(
    answers: Answers,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    *,
    how: Resampling = DEFAULT,
) -> list[dict[str, Any]]:
    """Return a line for each group of classes, with all fields that ``report`` has for a class.

    A reader calls a group present if they call any of its classes present.

    Args:
        answers: the answers for the classes.
        classes: names of the classes.
        groups: names of the classes of each group.
        how: settings of the intervals.

    Returns:
        ``{"class": the group, "members": its classes, ...}``.

    Raises:
        BadGroups: a group has no class, or one that is not among ``classes``.
    """
    places = {name: place for place, name in enumerate(classes)}
    for group, names in groups.items():
        if unknown := [name for name in names if name not in places]:
            raise BadGroups(f"group {group} names an unknown class: {unknown[0]}")
    by_group = grouped(answers, [[places[name] for name in names] for names in groups.values()])
    lines = class_lines(by_group, by_group.count(), list(groups), how)
    return [
        {**line, "members": list(names)} for line, names in zip(lines, groups.values(), strict=True)
    ]
