"""Kinds of readers in published readings: person, model or reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum


class Kind(StrEnum):
    """The kind of a reader; the values are stored."""

    PERSON = "person"
    MODEL = "model"
    REFERENCE = "reference"


# The readers of CODE-test that are not people, by their published file names.
USUAL: Mapping[str, Kind] = {"gold_standard": Kind.REFERENCE, "dnn": Kind.MODEL}


class UnknownReader(ValueError):
    """A kind was stated for a name that is not among the readers; the message contains the name."""

    def __init__(self, names: Sequence[str], readers: Sequence[str]) -> None:
        self.names, self.readers = tuple(names), tuple(readers)
        super().__init__(
            f"Unknown readers: {', '.join(names)}. The folder has: {', '.join(readers)}."
        )


class TwoKinds(ValueError):
    """A reader was given two kinds."""


def kinds_of(
    readers: Sequence[str], stated: Mapping[Kind, Collection[str]] | None = None
) -> dict[str, Kind]:
    """Return the kind of each of ``readers``: as stated, else by its name in ``USUAL``, else a
    person.

    Raises:
        UnknownReader: a stated reader is not among them.
        TwoKinds: a reader was given two kinds.
    """
    stated_kinds: dict[str, Kind] = {}
    for kind, names in (stated or {}).items():
        for name in names:
            if stated_kinds.setdefault(name, kind) != kind:
                raise TwoKinds(name)
    if unknown := [name for name in stated_kinds if name not in readers]:
        raise UnknownReader(unknown, readers)
    return {
        name: stated_kinds.get(name, USUAL.get(name.casefold(), Kind.PERSON)) for name in readers
    }
