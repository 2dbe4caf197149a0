"""Divide exams into folds so that no patient is in two of them and classes are spread evenly."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

DEFAULT_FOLDS = 10
MAX_FOLDS = 100

METHOD = "patient-disjoint iterative stratification 1"
METHOD_WITHOUT_LABELS = "patient-disjoint, balanced by size 1"

# Group of exams, by its name: its number of exams, and how often each class is present in them.
Group: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Content:
    """What a group of exams, such as those of one patient, adds to its fold.

    Attributes:
        n_exams: number of exams.
        classes: indices of the classes that are present, one for each exam and class.
    """

    n_exams: int
    classes: Sequence[int] = ()


def assign(
    groups: Mapping[Group, Content],
    n_folds: int,
    *,
    salt: str,
    earlier: Mapping[Group, int] | None = None,
) -> dict[Group, int]:
    """Return the fold of each group, 1 to ``n_folds``.

    Groups are assigned one after the other. The next group is one with the rarest class that is
    left, and goes to the fold that lacks most exams with that class, then to the one that lacks
    most exams. Ties are broken by a hash, so the result depends on nothing but the arguments, and
    not on the order of ``groups``.

    Args:
        groups: what each group contains. Names must be pseudonyms, because anybody with the salt
            can compute their hashes.
        n_folds: number of folds, at least 2.
        salt: makes the folds of two data sets with the same names independent.
        earlier: folds of an earlier release. Its groups keep their folds, so no patient moves
            from a test fold to a training fold.

    Source:
        Sechidis, Tsoumakas & Vlahavas 2011, ECML PKDD, LNCS 6913:145-158, for groups instead of
        single examples, as in the folds of PTB-XL (Wagner et al. 2020, Sci Data 7:154).
    """
    kept = {
        name: fold
        for name, fold in (earlier or {}).items()
        if name in groups and 1 <= fold <= n_folds
    }
    totals = Counter(index for content in groups.values() for index in content.classes)
    lacking = _Lacking.of(groups.values(), totals, n_folds)
    for name, fold in kept.items():
        lacking.add(groups[name], fold)
    result = dict(kept)
    rest = [name for name in groups if name not in kept]
    for name in sorted(rest, key=lambda name: _turn(groups[name], totals, salt, name)):
        fold = lacking.best(groups[name], totals, salt, name)
        lacking.add(groups[name], fold)
        result[name] = fold
    return result


def merged(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return for each name the first name, in alphabetical order, of all those linked with it.

    Two names are linked if they are a pair or if a chain of pairs connects them: two patients of
    different data sets who share a recording are one person.
    """
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while parents.setdefault(name, name) != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    for one, other in pairs:
        first, second = sorted((root(one), root(other)))
        parents[second] = first
    return {name: root(name) for name in parents}


def shared(places: Iterable[tuple[str, int | str | None]]) -> list[str]:
    """Return the names that are in more than one fold or split.

    Args:
        places: pairs of a name, such as that of a patient, and a fold or split. Empty names are
            skipped.
    """
    folds: dict[str, set[int | str | None]] = defaultdict(set)
    for name, fold in places:
        if name:
            folds[name].add(fold)
    return sorted(name for name, places_of in folds.items() if len(places_of) > 1)


@dataclass(frozen=True, slots=True)
class _Lacking:
    """How much each fold still lacks of an even share; rows are folds, columns classes."""

    exams: NDArray[np.float64]
    classes: NDArray[np.float64]

    @classmethod
    def of(cls, contents: Iterable[Content], totals: Mapping[int, int], n_folds: int) -> _Lacking:
        n_exams = sum(content.n_exams for content in contents)
        share = np.zeros(max(totals, default=-1) + 1)
        for index, n in totals.items():
            share[index] = n / n_folds
        return cls(np.full(n_folds, n_exams / n_folds), np.tile(share, (n_folds, 1)))

    def add(self, content: Content, fold: int) -> None:
        self.exams[fold - 1] -= content.n_exams
        for index in content.classes:
            self.classes[fold - 1, index] -= 1

    def best(self, content: Content, totals: Mapping[int, int], salt: str, name: str) -> int:
        candidates = np.arange(len(self.exams))
        if content.classes:
            column = self.classes[:, _rarest(content, totals)]
            candidates = candidates[column[candidates] == column.max()]
        lacks = self.exams[candidates]
        candidates = candidates[lacks == lacks.max()]
        return int(candidates[int(_hash(salt, name)[:12], 16) % len(candidates)]) + 1


def _turn(
    content: Content, totals: Mapping[int, int], salt: str, name: str
) -> tuple[float, int, int, str]:
    """Return the sort key of a group: rarest class, then large groups, then the hash."""
    if not content.classes:
        return float("inf"), 0, -content.n_exams, _hash(salt, name)
    rarest = _rarest(content, totals)
    return totals[rarest], rarest, -content.n_exams, _hash(salt, name)


def _rarest(content: Content, totals: Mapping[int, int]) -> int:
    return min(content.classes, key=lambda index: (totals[index], index))


def _hash(salt: str, name: str) -> str:
    return hashlib.sha256(f"{salt}\0{name}".encode()).hexdigest()
