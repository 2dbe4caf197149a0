"""What the readers of published readings are: people, models, or the reference they are held to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum


class Kind(StrEnum):
    """What a reader is; the values are stored."""

    PERSON = "person"
    MODEL = "model"
    REFERENCE = "reference"


USUAL: Mapping[str, Kind] = {"gold_standard": Kind.REFERENCE, "dnn": Kind.MODEL}
"""Files of CODE-test that are no person's, by the names they were published under."""


class UnknownReader(ValueError):
    """Somebody was named who is not among the readers; says who is."""

    def __init__(self, names: Sequence[str], readers: Sequence[str]) -> None:
        self.names, self.readers = tuple(names), tuple(readers)
        super().__init__(f"{', '.join(names)}: not among {', '.join(readers)}")


class TwoKinds(ValueError):
    """A reader was named as two kinds."""


def kinds_of(
    readers: Sequence[str], stated: Mapping[Kind, Collection[str]] | None = None
) -> dict[str, Kind]:
    """Return what each of ``readers`` is: as stated, else by the names in ``USUAL``, else a person.

    Raises:
        UnknownReader: somebody was stated who is not among them.
        TwoKinds: somebody was stated to be two kinds.
    """
    told: dict[str, Kind] = {}
    for kind, names in (stated or {}).items():
        for name in names:
            if told.setdefault(name, kind) != kind:
                raise TwoKinds(name)
    if unknown := [name for name in told if name not in readers]:
        raise UnknownReader(unknown, readers)
    return {name: told.get(name, USUAL.get(name.casefold(), Kind.PERSON)) for name in readers}
