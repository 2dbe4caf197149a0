"""What differs between two versions of a list of classes."""

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
    """A class that both versions have, one key of it, and the key's value in each."""

    code: str
    key: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.code}: {self.key} {self.before!r} → {self.after!r}"


@dataclass(frozen=True, slots=True)
class TaxonomyDiff:
    """What differs between two versions.

    Whether a class of the same code still means the same is for people to say, in a mapping.
    ``redefined`` is where to look. That a class moved in the list is no difference.

    Attributes:
        old: name and version.
        new: name and version.
        added: classes of the new version whose code the old one lacks, in its order.
        removed: classes of the old version whose code the new one lacks, in its order.
        changes: what differs in classes of both, in the order of the new version.
    """

    old: str
    new: str
    added: tuple[DiagnosticClass, ...]
    removed: tuple[DiagnosticClass, ...]
    changes: tuple[ClassChange, ...]

    @property
    def renamed(self) -> tuple[ClassChange, ...]:
        """Same code, another name or abbreviation."""
        return self._of(NAMES)

    @property
    def regrouped(self) -> tuple[ClassChange, ...]:
        """Same code, listed under another heading."""
        return self._of(GROUPS)

    @property
    def redefined(self) -> tuple[ClassChange, ...]:
        """Same code, another definition: readings may not mean the same any more."""
        return self._of(DEFINITIONS)

    @property
    def reflagged(self) -> tuple[ClassChange, ...]:
        """Same code, but it stands alone or not, has other evidence or other relations."""
        return self._of(FLAGS)

    @property
    def others(self) -> tuple[ClassChange, ...]:
        """Same code, other codes of other vocabularies, sources or note."""
        return self._of(OTHERS)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changes)

    def lines(self) -> list[str]:
        """Return the differences as text, one a line, the gravest first."""
        return [
            *(f"removed: {row.code} ({row.name})" for row in self.removed),
            *(f"added: {row.code} ({row.name})" for row in self.added),
            *_told("redefined", self.redefined),
            *_told("changed", self.reflagged),
            *_told("renamed", self.renamed),
            *_told("regrouped", self.regrouped),
            *_told("changed", self.others),
        ]

    def _of(self, keys: tuple[str, ...]) -> tuple[ClassChange, ...]:
        return tuple(change for change in self.changes if change.key in keys)


def diff(old: Taxonomy, new: Taxonomy) -> TaxonomyDiff:
    """Return what differs from ``old`` to ``new``; classes are the same when their codes are."""
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
            for change in _changes(_told_class(old, before[row.code]), _told_class(new, row))
        ),
    )


def _changes(before: dict[str, str], after: dict[str, str]) -> Iterator[ClassChange]:
    for key, value in before.items():
        if value != after[key]:
            yield ClassChange(before["code"], key, value, after[key])


def _told_class(taxonomy: Taxonomy, row: DiagnosticClass) -> dict[str, str]:
    """Return everything of a class as text, whatever the order of lists in it."""
    codes = (
        f"{vocabulary} {one.code}={one.match}"
        for vocabulary in row.codes
        for one in row.codes[vocabulary]
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


def _told(word: str, changes: tuple[ClassChange, ...]) -> list[str]:
    return [f"{word}: {change}" for change in changes]
