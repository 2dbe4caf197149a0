"""What changed between two releases of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecgreview.release import index
from ecgreview.release.content import LabelState
from ecgreview.release.index import LETTERS, STATES, Line

PRESENT = LETTERS[LabelState.PRESENT]

# What a reader of the difference must know besides the labels: places in the manifest.
FACTS = (
    ("rule", "name"),
    ("rule", "parameters"),
    ("taxonomy", "name"),
    ("taxonomy", "version"),
    ("protocol", "version"),
    ("program", "version"),
    ("licence",),
    ("signals", "included"),
    ("folds", "n"),
    ("embargo", "labels_of"),
    ("embargo", "exams"),
    ("counts", "exams"),
    ("counts", "readings"),
    ("counts", "readers"),
)


@dataclass(frozen=True, slots=True)
class FactChange:
    """A value of the manifest that changed; ``name`` is its place, such as ``rule.name``."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class CellChange:
    """A class of an exam whose state changed."""

    exam: str
    code: str
    before: LabelState
    after: LabelState


@dataclass(frozen=True, slots=True)
class ClassChange:
    """How the labels of one class changed, in exams that both releases contain.

    Attributes:
        n_present_before: number of exams in which it is present in the earlier release.
        n_present_after: the same in the later release.
        n_gained: number of exams in which it became present.
        n_lost: number of exams in which it is no longer present.
        n_other: number of exams with another change, such as from undecided to absent.
    """

    code: str
    n_present_before: int
    n_present_after: int
    n_gained: int
    n_lost: int
    n_other: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from an earlier release to a later one.

    Attributes:
        added: codes of exams that only the later release contains.
        removed: codes of exams that only the earlier release contains.
        n_common: number of exams in both.
        facts: values of the manifest that changed.
        classes_added: classes that only the later release has.
        classes_removed: classes that only the earlier release has.
        classes: classes with changed labels, in the order of the later taxonomy.
        cells: the changed labels, by exam.
        moved: codes of exams that are in another fold.
    """

    added: Sequence[str]
    removed: Sequence[str]
    n_common: int
    facts: Sequence[FactChange]
    classes_added: Sequence[str]
    classes_removed: Sequence[str]
    classes: Sequence[ClassChange]
    cells: Sequence[CellChange]
    moved: Sequence[str]

    @property
    def n_exams_changed(self) -> int:
        """Number of exams in both releases with a changed label."""
        return len({cell.exam for cell in self.cells})

    @property
    def is_empty(self) -> bool:
        """Whether both releases have the same exams and labels, by the same rule."""
        return not (
            self.added or self.removed or self.cells or self.facts or self.moved
            or self.classes_added or self.classes_removed
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Labels:
    """A release to compare: its manifest and its index (``index.pack``)."""

    manifest: Mapping[str, Any]
    index: bytes


def between(before: Labels, after: Labels) -> Difference:
    """Return what changed from ``before`` to ``after``, two releases of the same study."""
    old_codes, new_codes = index.codes(before.index), index.codes(after.index)
    places = {code: place for place, code in enumerate(old_codes)}
    common = [(code, places[code], n) for n, code in enumerate(new_codes) if code in places]
    added: list[str] = []
    removed: list[str] = []
    moved: list[str] = []
    cells: list[CellChange] = []
    n_before, n_after = Counter[str](), Counter[str]()
    n_common = 0
    for old, new in _pairs(before.index, after.index):
        if old is None:
            added += [new.exam] if new else []
        elif new is None:
            removed.append(old.exam)
        else:
            n_common += 1
            moved += [new.exam] if old.fold != new.fold and old.fold and new.fold else []
            for code, was, now in common:
                state, changed = old.states[was], new.states[now]
                n_before[code] += state == PRESENT
                n_after[code] += changed == PRESENT
                if state != changed:
                    cells.append(CellChange(new.exam, code, STATES[state], STATES[changed]))
    return Difference(
        added, removed, n_common, _facts(before.manifest, after.manifest),
        [code for code in new_codes if code not in places],
        [code for code in old_codes if code not in set(new_codes)],
        _classes(new_codes, cells, n_before, n_after), cells, moved,
    )  # fmt: skip


def _pairs(before: bytes, after: bytes) -> Iterator[tuple[Line | None, Line | None]]:
    """Yield the lines of each exam in both indexes; None where one does not contain it."""
    olds, news = index.lines(before), index.lines(after)
    old, new = next(olds, None), next(news, None)
    while old or new:
        if new is None or (old is not None and old.exam < new.exam):
            yield old, None
            old = next(olds, None)
        elif old is None or new.exam < old.exam:
            yield None, new
            new = next(news, None)
        else:
            yield old, new
            old, new = next(olds, None), next(news, None)


def _classes(
    codes: Sequence[str],
    cells: Sequence[CellChange],
    n_before: Mapping[str, int],
    n_after: Mapping[str, int],
) -> list[ClassChange]:
    gained = Counter(cell.code for cell in cells if cell.after == LabelState.PRESENT)
    lost = Counter(cell.code for cell in cells if cell.before == LabelState.PRESENT)
    total = Counter(cell.code for cell in cells)
    return [
        ClassChange(
            code, n_before[code], n_after[code], gained[code], lost[code],
            total[code] - gained[code] - lost[code],
        )
        for code in codes
        if total[code]
    ]  # fmt: skip


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FactChange]:
    pairs = ((place, _value(before, place), _value(after, place)) for place in FACTS)
    return [FactChange(".".join(place), was, now) for place, was, now in pairs if was != now]


def _value(manifest: Mapping[str, Any], place: Sequence[str]) -> Any:
    value: Any = manifest
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
