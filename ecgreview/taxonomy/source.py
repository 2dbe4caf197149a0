"""Reading a taxonomy file into values that cannot be wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from . import consistency
from .consistency import BadTaxonomy
from .model import (
    ClassGroup,
    DiagnosticClass,
    Evidence,
    ForeignCode,
    Match,
    Relation,
    RelationKind,
    Taxonomy,
)

BUILT_IN = Path(__file__).with_name("ecg_review_66.yaml")
"""The list this product comes with: a reconstruction, see its banner."""

VOCABULARIES = ("snomed_ct", "scp", "aha", "code15", "cpsc2018")
EVIDENCE: tuple[Evidence, ...] = ("A", "B", "C")
MATCHES: tuple[Match, ...] = ("exact", "broader", "narrower", "related")
RELATIONS: Mapping[str, RelationKind] = {
    "excludes": "excludes",
    "implies": "implies",
    "soft_conflicts": "soft_conflict",
}

DOCUMENTED_ONLY = ("group_evidence", "code_ii_label", "tnmg_field", "prevalence")
"""Keys of a class that are for people who read the file."""

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=str)


def load(path: Path | None = None) -> Taxonomy:
    """Return the checked taxonomy of a YAML file, by default the one this product comes with.

    Raises:
        BadTaxonomy: the file cannot be read, lacks something, or contradicts itself.
    """
    data = _mapping(_parsed(path or BUILT_IN), "the taxonomy file")
    sources = _mapping(_value(data, "sources", dict, "the taxonomy"), "sources")
    rows = [_mapping(row, "a class") for row in _value(data, "classes", list, "the taxonomy")]
    taxonomy = Taxonomy(
        name=_text(data, "taxonomy", "the taxonomy"),
        version=_text(data, "version", "the taxonomy"),
        status=_text(data, "status", "the taxonomy"),
        banner=_text(data, "banner", "the taxonomy"),
        banner_pt=_text(data, "banner_pt", "the taxonomy"),
        groups=tuple(_group(row) for row in _value(data, "groups", list, "the taxonomy")),
        classes=tuple(_diagnostic_class(row) for row in rows),
        relations=tuple(relation for row in rows for relation in _relations(row)),
    )
    consistency.check(taxonomy, sources)
    return taxonomy


def _parsed(path: Path) -> object:
    try:
        return cast("object", yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadTaxonomy(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise BadTaxonomy(f"{path}: is not UTF-8 text") from error
    except yaml.YAMLError as error:
        raise BadTaxonomy(f"{path}: is not valid YAML ({error})") from error


def _group(row: object) -> ClassGroup:
    data = _mapping(row, "a group")
    return ClassGroup(*(_text(data, key, "a group") for key in ("code", "name", "name_pt")))


def _diagnostic_class(data: Mapping[str, Any]) -> DiagnosticClass:
    code = _text(data, "code", "a class")
    _refuse_unknown_keys(data, code)

    def text(key: str) -> str:
        return _text(data, key, code)

    return DiagnosticClass(
        position=_value(data, "position", int, code),
        code=code,
        abbreviation=text("abbreviation"),
        name=text("name"),
        name_pt=text("name_pt"),
        group=text("group"),
        definition=text("definition"),
        definition_pt=text("definition_pt"),
        is_exclusive=_value(data, "is_exclusive", bool, code, default=False),
        codes=_foreign_codes(data, code),
        evidence=_choice(text("evidence"), EVIDENCE, f"{code}: evidence"),
        sources=tuple(_texts(data, "sources", code)),
        note=_value(data, "note", str, code, default=""),
    )


def _refuse_unknown_keys(data: Mapping[str, Any], code: str) -> None:
    known = {field.name for field in dataclasses.fields(DiagnosticClass)}
    unknown = sorted(data.keys() - known - RELATIONS.keys() - set(DOCUMENTED_ONLY))
    if unknown:
        raise BadTaxonomy(f"{code}: {unknown[0]!r} is no part of a class")


def _foreign_codes(data: Mapping[str, Any], where: str) -> dict[str, tuple[ForeignCode, ...]]:
    listed = _mapping(_value(data, "codes", dict, where, default={}), f"{where}: codes")
    return {
        _choice(vocabulary, VOCABULARIES, f"{where}: vocabulary"): tuple(
            _foreign_code(_mapping(row, f"{where}: {vocabulary}"), f"{where}: {vocabulary}")
            for row in _value(listed, vocabulary, list, where)
        )
        for vocabulary in listed
    }


def _foreign_code(row: Mapping[str, Any], where: str) -> ForeignCode:
    match = _choice(_text(row, "match", where), MATCHES, f"{where}: match")
    return ForeignCode(code=_text(row, "code", where), match=match)


def _relations(data: Mapping[str, Any]) -> Iterable[Relation]:
    code = _text(data, "code", "a class")
    for key, kind in RELATIONS.items():
        for other in _texts(data, key, code, default=[]):
            yield Relation(from_code=code, to_code=other, kind=kind)


# Below: taking one value out of parsed YAML, or saying exactly what is wrong with it.

_REQUIRED: Any = object()


def _value(
    data: Mapping[str, Any],
    key: str,
    kind: type[Value],
    where: str,
    default: Any = _REQUIRED,
) -> Value:
    value = data.get(key, default)
    if value is _REQUIRED:
        raise BadTaxonomy(f"{where}: {key} is missing")
    if type(value) is not kind:  # exactly: a bool is an int to isinstance
        raise BadTaxonomy(f"{where}: {key} is {value!r}, not a {kind.__name__}")
    return value


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    text = _value(data, key, str, where)
    if not text.strip():
        raise BadTaxonomy(f"{where}: {key} is empty")
    return text


def _texts(data: Mapping[str, Any], key: str, where: str, default: Any = _REQUIRED) -> list[str]:
    texts = _value(data, key, list, where, default)
    for text in texts:
        if not isinstance(text, str):
            raise BadTaxonomy(f"{where}: {key} holds {text!r}, not a text")
    return cast("list[str]", texts)


def _choice(value: str, allowed: tuple[Choice, ...], where: str) -> Choice:
    for choice in allowed:
        if choice == value:
            return choice
    raise BadTaxonomy(f"{where} is {value!r}, not one of {', '.join(allowed)}")


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise BadTaxonomy(f"{where} is not a mapping of names to values")
    return value
