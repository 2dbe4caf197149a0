"""Translation of readings from one version of a list of classes to another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .model import UnknownClass

Kind: TypeAlias = Literal["keep", "rename", "merge", "split", "retire", "add"]


class MappingsDoNotMeet(ValueError):
    """The second mapping does not start from the target version of the first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change, from the old classes ``sources`` to the new classes ``targets``.

    ``keep`` and ``rename`` have one source and one target, ``merge`` at least two sources,
    ``split`` at least two targets, ``retire`` no target and ``add`` no source.
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
        certain: old classes that each imply this one.
        possible: old classes that were split: if a reading marked one of them, only a new reading
            can decide.
        is_asked: whether every reading of the old version answered for this class, possibly under
            another name.
    """

    certain: frozenset[str]
    possible: frozenset[str]
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Translation:
    """A reading in terms of the new version; all classes not listed are certainly absent.

    Attributes:
        codes: classes that are present.
        undecided: classes into which a marked class was split; only a new reading can decide.
        not_asked: classes that the reader could not mark, and that no other answer decides.
    """

    codes: frozenset[str]
    undecided: frozenset[str] = frozenset()
    not_asked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TaxonomyMapping:
    """How readings of one version are translated to another.

    Attributes:
        old: name and version of the source list.
        new: name and version of the target list.
        old_codes: every class of the old version.
        origins: the origin of every class of the new version, by code.
        steps: stated or implied changes; for a composition, those of each mapping in order.
    """

    old: str
    new: str
    old_codes: frozenset[str]
    origins: Mapping[str, Origin]
    steps: tuple[Step, ...]

    @property
    def split_codes(self) -> frozenset[str]:
        """Old classes that are split; readings without them need not be repeated because of a
        split.
        """
        return frozenset(code for origin in self.origins.values() for code in origin.possible)

    @property
    def added_codes(self) -> frozenset[str]:
        """New classes for which some old readings have no answer."""
        return frozenset(code for code, origin in self.origins.items() if not origin.is_asked)

    def translate(self, codes: Collection[str]) -> Translation:
        """Return the translation of a reading that marked ``codes``.

        Raises:
            UnknownClass: a code is not in the old version.
        """
        return self.carry(Translation(frozenset(codes)))

    def carry(self, reading: Translation) -> Translation:
        """Return the translation of ``reading``, itself a translation into the old version.

        Raises:
            UnknownClass: a code is not in the old version.
        """
        named = reading.codes | reading.undecided | reading.not_asked
        if unknown := sorted(named - self.old_codes):
            raise UnknownClass(unknown[0])
        states = {code: _state(origin, reading) for code, origin in self.origins.items()}
        codes, undecided, not_asked = (
            frozenset(code for code, state in states.items() if state == outcome)
            for outcome in ("present", "undecided", "not_asked")
        )
        return Translation(codes, undecided, not_asked)

    def needs_reread(self, codes: Collection[str], *, for_added: bool = False) -> bool:
        """Return whether a reading that marked ``codes`` must be repeated under the new version.

        Args:
            codes: classes of the old version that the reading marked.
            for_added: whether classes that were never asked also require a new reading.

        Raises:
            UnknownClass: a code is not in the old version.
        """
        translation = self.translate(codes)
        return bool(translation.undecided or (for_added and translation.not_asked))

    def then(self, later: TaxonomyMapping) -> TaxonomyMapping:
        """Return the composition of this mapping and ``later``.

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
        """Return the origin of a class in the old version, given its origin in the new version."""
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
                {"kind": step.kind, "sources": list(step.sources), "targets": list(step.targets)}
                for step in self.steps
            ],
        }


def connect(
    *, old: str, new: str, old_codes: Collection[str], steps: tuple[Step, ...]
) -> TaxonomyMapping:
    """Build the mapping from ``steps``, which must have been checked."""
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
