"""How far readers agree about groups of classes, such as those of the taxonomy."""

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
    """Return a line for each group of classes, with all that ``report`` tells of a class.

    A reader says that a group is present when any of its classes is.

    Args:
        answers: to the classes.
        classes: the names of the classes.
        groups: by the name of each group those of its classes.
        how: the intervals are made.

    Returns:
        ``{"class": the group, "members": its classes, ...}``.

    Raises:
        BadGroups: a group has no class, or one that is not among ``classes``.
    """
    places = {name: place for place, name in enumerate(classes)}
    for group, names in groups.items():
        if unknown := [name for name in names if name not in places]:
            raise BadGroups(f"group {group} names {unknown[0]}, which is no class")
    found = grouped(answers, [[places[name] for name in names] for names in groups.values()])
    lines = class_lines(found, found.count(), list(groups), how)
    return [
        {**line, "members": list(names)} for line, names in zip(lines, groups.values(), strict=True)
    ]
