"""What a reading made with one version of a list says in the words of the next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .model import UnknownClass

Kind: TypeAlias = Literal["keep", "rename", "merge", "split", "retire", "add"]


class MappingsDoNotMeet(ValueError):
    """The second mapping does not start from the version to which the first one leads."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change: what becomes of the classes ``sources``, or where ``targets`` come from.

    ``keep`` and ``rename`` have one source and one target, ``merge`` two sources or more,
    ``split`` two targets or more, ``retire`` no target and ``add`` no source.
    """

    kind: Kind
    sources: tuple[str, ...]
    targets: tuple[str, ...]

    def __str__(self) -> str:
        arrow = f"{' '.join(self.sources)} → {' '.join(self.targets)}"
        return f"{self.kind} {arrow.removeprefix(' → ').removesuffix(' → ')}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a class of the new version comes from.

    Attributes:
        certain: old classes each of which means this one when given.
        possible: old classes that were split: when one is given, only another look can tell.
        is_asked: every reading of the old version answered for this class, in other words.
    """

    certain: frozenset[str]
    possible: frozenset[str]
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Translation:
    """A reading in the words of the new version; all other classes of it are absent for certain.

    Attributes:
        codes: classes that are present.
        undecided: classes that came out of a split of one that was given: to be read again.
        not_asked: classes the reader never could give, and which no other answer decides.
    """

    codes: frozenset[str]
    undecided: frozenset[str] = frozenset()
    not_asked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TaxonomyMapping:
    """How readings of one version are carried to another.

    Attributes:
        old: name and version from which it leads.
        new: name and version to which it leads.
        old_codes: every class of the old version.
        origins: by every class of the new version, where it comes from.
        steps: what was said or implied; of a composition, each version's in turn.
    """

    old: str
    new: str
    old_codes: frozenset[str]
    origins: Mapping[str, Origin]
    steps: tuple[Step, ...]

    @property
    def split_codes(self) -> frozenset[str]:
        """The old classes that touch a split; readings without any of them are never read again."""
        return frozenset(code for origin in self.origins.values() for code in origin.possible)

    @property
    def added_codes(self) -> frozenset[str]:
        """The new classes for which not every old reading has an answer."""
        return frozenset(code for code, origin in self.origins.items() if not origin.is_asked)

    def translate(self, codes: Collection[str]) -> Translation:
        """Return what a reading that gave ``codes`` says in the new version.

        Raises:
            UnknownClass: a code is none of the old version.
        """
        return self.carry(Translation(frozenset(codes)))

    def carry(self, reading: Translation) -> Translation:
        """Return ``reading``, itself a translation into the old version, in the new version.

        Raises:
            UnknownClass: a code is none of the old version.
        """
        named = reading.codes | reading.undecided | reading.not_asked
        if unknown := sorted(named - self.old_codes):
            raise UnknownClass(unknown[0])
        states = {code: _state(origin, reading) for code, origin in self.origins.items()}
        codes, undecided, not_asked = (
            frozenset(code for code, state in states.items() if state == wanted)
            for wanted in ("present", "undecided", "not_asked")
        )
        return Translation(codes, undecided, not_asked)

    def needs_reread(self, codes: Collection[str], *, for_added: bool = False) -> bool:
        """Tell whether a reading that gave ``codes`` has to be made again under the new version.

        Args:
            codes: classes of the old version that the reading gave.
            for_added: whether classes that were never asked are worth another look as well.

        Raises:
            UnknownClass: a code is none of the old version.
        """
        translation = self.translate(codes)
        return bool(translation.undecided or (for_added and translation.not_asked))

    def then(self, later: TaxonomyMapping) -> TaxonomyMapping:
        """Return the mapping that leads from the old version of this to the new one of ``later``.

        It says of every reading what one after the other say.

        Raises:
            MappingsDoNotMeet: ``later`` starts from another version.
        """
        if later.old != self.new or later.old_codes != self.origins.keys():
            raise MappingsDoNotMeet(f"{self.new} is not {later.old}")
        origins = {code: self._before(origin) for code, origin in later.origins.items()}
        return TaxonomyMapping(
            self.old, later.new, self.old_codes, origins, self.steps + later.steps
        )

    def _before(self, later: Origin) -> Origin:
        """Return where a class comes from in the old version, given where it does in the new."""
        certain = [self.origins[code] for code in later.certain]
        possible = [self.origins[code] for code in later.possible]
        means = _union(origin.certain for origin in certain)
        may_mean = _union(
            [
                *(origin.possible for origin in certain),
                *(origin.certain | origin.possible for origin in possible),
            ]
        )
        is_asked = later.is_asked and all(origin.is_asked for origin in certain + possible)
        return Origin(means, may_mean - means, is_asked)

    def as_document(self) -> dict[str, Any]:
        """Return the mapping as plain JSON values, in the form of the YAML file."""
        return {
            "old": self.old,
            "new": self.new,
            "changes": [
                {"kind": one.kind, "sources": list(one.sources), "targets": list(one.targets)}
                for one in self.steps
            ],
        }


def connect(
    *, old: str, new: str, old_codes: Collection[str], steps: tuple[Step, ...]
) -> TaxonomyMapping:
    """Return the mapping that ``steps`` make, which must have been checked."""
    certain: dict[str, set[str]] = {}
    possible: dict[str, set[str]] = {}
    added = {code for step in steps if step.kind == "add" for code in step.targets}
    for step in steps:
        for target in step.targets:
            certain.setdefault(target, set())
            possible.setdefault(target, set())
            (possible if step.kind == "split" else certain)[target].update(step.sources)
    origins = {
        code: Origin(frozenset(certain[code]), frozenset(possible[code]), code not in added)
        for code in sorted(certain)
    }
    return TaxonomyMapping(old, new, frozenset(old_codes), origins, steps)


def _state(origin: Origin, reading: Translation) -> str:
    if origin.certain & reading.codes:
        return "present"
    if origin.possible & reading.codes or _all(origin) & reading.undecided:
        return "undecided"
    if not origin.is_asked or _all(origin) & reading.not_asked:
        return "not_asked"
    return "absent"


def _all(origin: Origin) -> frozenset[str]:
    return origin.certain | origin.possible


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)
