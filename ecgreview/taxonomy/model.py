"""The taxonomy model: groups, classes, relations, and lookups between vocabularies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

RelationKind: TypeAlias = Literal["excludes", "implies", "soft_conflict"]

# How a code of another vocabulary compares with our class; ``broader`` means it covers more.
Match: TypeAlias = Literal["exact", "broader", "narrower", "related"]


# Where the class is documented: A in a CODE-II source, B in another source of the same network, C
# only in standards of the field.
Evidence: TypeAlias = Literal["A", "B", "C"]


class UnknownClass(KeyError):
    """The taxonomy has no class with that code."""


@dataclass(frozen=True, slots=True)
class ExternalCode:
    """A code of another vocabulary, and how it compares with the class it is listed under."""

    code: str
    match: Match


@dataclass(frozen=True, slots=True)
class ClassGroup:
    """A heading under which classes are listed."""

    code: str
    name: str
    name_pt: str


@dataclass(frozen=True, slots=True)
class Relation:
    """What marking the class ``from_code`` implies about the class ``to_code``."""

    from_code: str
    to_code: str
    kind: RelationKind


@dataclass(frozen=True, slots=True)
class DiagnosticClass:
    """One class that a reader can mark.

    Attributes:
        codes: corresponding codes, by vocabulary (``snomed_ct``, ``scp``, ``aha``, ``code15``,
            ``cpsc2018``).
        is_exclusive: whether no other class can be marked together with it.
        evidence: A, B or C, how well it is documented that CODE-II has this class.
        sources: keys into the sources of the taxonomy file.
    """

    position: int
    code: str
    abbreviation: str
    name: str
    name_pt: str
    group: str
    definition: str
    definition_pt: str
    is_exclusive: bool
    codes: Mapping[str, tuple[ExternalCode, ...]]
    evidence: Evidence
    sources: tuple[str, ...]
    note: str

    def codes_as_json(self) -> dict[str, list[dict[str, str]]]:
        """Return ``codes`` as plain values, to be stored with labels."""
        return {
            vocabulary: [{"code": code.code, "match": code.match} for code in codes]
            for vocabulary, codes in self.codes.items()
        }


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """One version of the list of classes; ``banner`` states its origin."""

    name: str
    version: str
    status: str
    banner: str
    banner_pt: str
    groups: tuple[ClassGroup, ...]
    classes: tuple[DiagnosticClass, ...]
    relations: tuple[Relation, ...]

    def by_code(self, code: str) -> DiagnosticClass:
        """Return the class with ``code``.

        Raises:
            UnknownClass: no class has ``code``.
        """
        for diagnostic_class in self.classes:
            if diagnostic_class.code == code:
                return diagnostic_class
        raise UnknownClass(code)

    def by_snomed(self, code: str) -> tuple[DiagnosticClass, ...]:
        """Return the classes that list a SNOMED CT ``code``, exact matches first."""
        return self._listing("snomed_ct", code)

    def by_scp(self, code: str) -> tuple[DiagnosticClass, ...]:
        """Return the classes that list an SCP-ECG ``code`` (as PTB-XL writes them)."""
        return self._listing("scp", code)

    def by_code15(self, code: str) -> tuple[DiagnosticClass, ...]:
        """Return the classes of a CODE-15 column such as ``1dAVb``."""
        return self._listing("code15", code)

    def by_cpsc(self, code: str) -> tuple[DiagnosticClass, ...]:
        """Return the classes of a CPSC 2018 label such as ``I-AVB``."""
        return self._listing("cpsc2018", code)

    def related(self, code: str, kind: RelationKind) -> tuple[str, ...]:
        """Return the codes of the classes to which ``code`` has a relation of this ``kind``.

        Exclusive classes are not listed here; see ``DiagnosticClass.is_exclusive``.
        """
        return tuple(r.to_code for r in self.relations if r.from_code == code and r.kind == kind)

    def _listing(self, vocabulary: str, code: str) -> tuple[DiagnosticClass, ...]:
        result = [
            (external.match != "exact", diagnostic_class.position, diagnostic_class)
            for diagnostic_class in self.classes
            for external in diagnostic_class.codes.get(vocabulary, ())
            if external.code == code
        ]
        return tuple(entry[2] for entry in sorted(result, key=lambda entry: entry[:2]))
