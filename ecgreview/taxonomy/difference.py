"""Differences between two versions of a list of classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .consistency import KEYS
from .model import DiagnosticClass, Taxonomy
from .source import label

NAMES = ("name", "name_pt", "abbreviation")
DEFINITIONS = ("definition", "definition_pt")
GROUPS = ("group",)
FLAGS = ("is_exclusive", "evidence", *KEYS.values())
OTHERS = ("codes", "sources", "note")


@dataclass(frozen=True, slots=True)
class ClassChange:
    """A changed key of a class that both versions have, with its value in each."""

    code: str
    key: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.code}: {self.key} {self.before!r} → {self.after!r}"


@dataclass(frozen=True, slots=True)
class TaxonomyDiff:
    """Differences between two versions.

    Whether a class with the same code still means the same is for people to decide, in a
    mapping; ``redefined`` shows where to look. A changed position in the list is not a
    difference.

    Attributes:
        old: name and version of the old list.
        new: name and version of the new list.
        added: classes of the new version whose code the old one lacks, in its order.
        removed: classes of the old version whose code the new one lacks, in its order.
        changes: changes to classes in both, in the order of the new version.
    """

    old: str
    new: str
    added: tuple[DiagnosticClass, ...]
    removed: tuple[DiagnosticClass, ...]
    changes: tuple[ClassChange, ...]

    @property
    def renamed(self) -> tuple[ClassChange, ...]:
        """Changes to a name or an abbreviation."""
        return self._of(NAMES)

    @property
    def regrouped(self) -> tuple[ClassChange, ...]:
        """Changes to the group under which a class is listed."""
        return self._of(GROUPS)

    @property
    def redefined(self) -> tuple[ClassChange, ...]:
        """Changes to definitions; readings may no longer mean the same."""
        return self._of(DEFINITIONS)

    @property
    def reflagged(self) -> tuple[ClassChange, ...]:
        """Changes to exclusiveness, evidence or relations."""
        return self._of(FLAGS)

    @property
    def others(self) -> tuple[ClassChange, ...]:
        """Changes to codes of other vocabularies, to sources or to the note."""
        return self._of(OTHERS)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changes)

    def lines(self) -> list[str]:
        """Return the differences as text, one per line, most serious first."""
        return [
            *(f"removed: {row.code} ({row.name})" for row in self.removed),
            *(f"added: {row.code} ({row.name})" for row in self.added),
            *_lines("redefined", self.redefined),
            *_lines("changed", self.reflagged),
            *_lines("renamed", self.renamed),
            *_lines("regrouped", self.regrouped),
            *_lines("changed", self.others),
        ]

    def _of(self, keys: tuple[str, ...]) -> tuple[ClassChange, ...]:
        return tuple(change for change in self.changes if change.key in keys)


def diff(old: Taxonomy, new: Taxonomy) -> TaxonomyDiff:
    """Return the differences from ``old`` to ``new``; classes are matched by code."""
    before = {row.code: row for row in old.classes}
    after = {row.code: row for row in new.classes}
    return TaxonomyDiff(
        old=label(old),
        new=label(new),
        added=tuple(row for row in new.classes if row.code not in before),
        removed=tuple(row for row in old.classes if row.code not in after),
        changes=tuple(
            change
            for row in new.classes
            if row.code in before
            for change in _changes(_class_fields(old, before[row.code]), _class_fields(new, row))
        ),
    )


def _changes(before: dict[str, str], after: dict[str, str]) -> Iterator[ClassChange]:
    for key, value in before.items():
        if value != after[key]:
            yield ClassChange(before["code"], key, value, after[key])


def _class_fields(taxonomy: Taxonomy, row: DiagnosticClass) -> dict[str, str]:
    """Return the fields of a class, except its position, as text with sorted lists."""
    codes = (
        f"{vocabulary} {code.code}={code.match}"
        for vocabulary in row.codes
        for code in row.codes[vocabulary]
    )
    return {
        **{key: getattr(row, key) for key in ("code", *NAMES, *DEFINITIONS, *GROUPS)},
        "is_exclusive": str(row.is_exclusive).lower(),
        "evidence": row.evidence,
        **{key: " ".join(sorted(taxonomy.related(row.code, kind))) for kind, key in KEYS.items()},
        "codes": ", ".join(sorted(codes)),
        "sources": " ".join(sorted(row.sources)),
        "note": row.note,
    }


def _lines(verb: str, changes: tuple[ClassChange, ...]) -> list[str]:
    return [f"{verb}: {change}" for change in changes]
