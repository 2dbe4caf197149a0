"""Building groups and classes from the plain values of a file, reporting every problem."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from ecgreview.strict_files import Path, Tree, closest, has_hidden

from .model import (
    ClassGroup,
    DiagnosticClass,
    Evidence,
    ExternalCode,
    Match,
    Relation,
    RelationKind,
    Taxonomy,
)

VOCABULARIES = ("snomed_ct", "scp", "aha", "code15", "cpsc2018")
EVIDENCE: tuple[Evidence, ...] = ("A", "B", "C")
MATCHES: tuple[Match, ...] = ("exact", "broader", "narrower", "related")
RELATIONS: Mapping[str, RelationKind] = {
    "excludes": "excludes",
    "implies": "implies",
    "soft_conflicts": "soft_conflict",
}

# Keys of a class that are only for people who read the file.
DOCUMENTED_ONLY = ("group_evidence", "code_ii_label", "tnmg_field", "prevalence")

CLASS_KEYS = (
    {field.name for field in dataclasses.fields(DiagnosticClass)}
    | RELATIONS.keys()
    | set(DOCUMENTED_ONLY)
)

LONGEST = {"taxonomy": 80, "version": 40, "status": 200}
MAX_GROUP_LENGTH = {"code": 60, "name": 120, "name_pt": 120}
MAX_CLASS_LENGTHS = {"code": 60, "group": 60, "abbreviation": 20, "name": 200, "name_pt": 200}
MAX_TEXT_LENGTH = 10_000

CODE = re.compile(r"[A-Za-z0-9_-]+")
ONE_WORD = re.compile(r"\S+")

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=str)
_REQUIRED: Any = object()


class Rows:
    """Reads one file. Problems are collected in ``problems``, and harmless values replace invalid
    ones.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.problems = list(tree.problems)
        self.sources: Mapping[str, Any] = {}

    def taxonomy(self, data: Mapping[str, Any]) -> Taxonomy:
        """Return the taxonomy in ``data``; do not use it if there are problems."""
        top = _Entry(self, (), "the taxonomy", data)
        self.sources = top.value("sources", dict)
        classes = list(self._entries(top, "classes", "a class"))
        return Taxonomy(
            name=top.text("taxonomy", LONGEST["taxonomy"]),
            version=top.text("version", LONGEST["version"], ONE_WORD),
            status=top.text("status", LONGEST["status"]),
            banner=top.text("banner"),
            banner_pt=top.text("banner_pt"),
            groups=tuple(_group(entry) for entry in self._entries(top, "groups", "a group")),
            classes=tuple(_diagnostic_class(entry) for entry in classes),
            relations=tuple(relation for entry in classes for relation in _relations(entry)),
        )

    def complain(self, path: Path, about: str, reason: str, hint: str = "") -> None:
        self.problems.append(replace(self.tree.problem(path, reason, hint), key=about))

    def _entries(self, top: _Entry, key: str, what: str) -> Iterator[_Entry]:
        for index, row in enumerate(top.value(key, list)):
            path = (key, index)
            if isinstance(row, dict):
                code = row.get("code")
                yield _Entry(self, path, code if isinstance(code, str) and code else what, row)
            else:
                self.complain(path, "", f"{what} is not a mapping of names to values")


def _group(entry: _Entry) -> ClassGroup:
    entry.refuse_unknown_keys(MAX_GROUP_LENGTH, "{!r} is not part of a group")
    return ClassGroup(
        code=entry.text("code", MAX_GROUP_LENGTH["code"], CODE),
        name=entry.text("name", MAX_GROUP_LENGTH["name"]),
        name_pt=entry.text("name_pt", MAX_GROUP_LENGTH["name_pt"]),
    )


def _diagnostic_class(entry: _Entry) -> DiagnosticClass:
    entry.refuse_unknown_keys(CLASS_KEYS, "{!r} is not part of a class")
    longest = MAX_CLASS_LENGTHS
    return DiagnosticClass(
        position=entry.value("position", int),
        code=entry.text("code", longest["code"], CODE),
        abbreviation=entry.text("abbreviation", longest["abbreviation"]),
        name=entry.text("name", longest["name"]),
        name_pt=entry.text("name_pt", longest["name_pt"]),
        group=entry.text("group", longest["group"]),
        definition=entry.text("definition"),
        definition_pt=entry.text("definition_pt"),
        is_exclusive=entry.value("is_exclusive", bool, default=False),
        codes=_external_codes(entry),
        evidence=entry.choice("evidence", EVIDENCE),
        sources=tuple(entry.texts("sources")),
        note=entry.value("note", str, default=""),
    )


def _external_codes(entry: _Entry) -> dict[str, tuple[ExternalCode, ...]]:
    listed = entry.inner("codes")
    listed.refuse_unknown_keys(VOCABULARIES, "vocabulary is {!r}")
    return {
        vocabulary: tuple(_external_code(item) for item in listed.entries(vocabulary))
        for vocabulary in listed.data
        if vocabulary in VOCABULARIES
    }


def _external_code(entry: _Entry) -> ExternalCode:
    return ExternalCode(code=entry.text("code"), match=entry.choice("match", MATCHES))


def _relations(entry: _Entry) -> Iterator[Relation]:
    code = entry.data.get("code")
    for key, kind in RELATIONS.items():
        for other in entry.texts(key, default=[]):
            if isinstance(code, str) and code:
                yield Relation(from_code=code, to_code=other, kind=kind)


class _Entry:
    """The keys and values of one entry in the file; ``about`` names it in problems."""

    def __init__(self, rows: Rows, path: Path, about: str, data: Mapping[str, Any]) -> None:
        self.rows, self.path, self.about, self.data = rows, path, about, data

    def complain(self, key: str, reason: str, hint: str = "") -> None:
        self.rows.complain((*self.path, key), self.about, reason, hint)

    def value(self, key: str, kind: type[Value], default: Any = _REQUIRED) -> Value:
        value = self.data.get(key, default)
        if value is _REQUIRED:
            self.complain(key, f"{key} is missing", "Add it.")
        elif type(value) is not kind:  # not isinstance, because a bool is an int
            quotes = "Put it in quotes." if kind is str else ""
            self.complain(key, f"{key} is {value!r}, not a {kind.__name__}", quotes)
        else:
            return value
        return kind()

    def text(
        self, key: str, longest: int = MAX_TEXT_LENGTH, form: re.Pattern[str] | None = None
    ) -> str:
        n_before = len(self.rows.problems)
        text = self.value(key, str)
        if len(self.rows.problems) > n_before:
            return ""
        if not text.strip():
            self.complain(key, f"{key} is empty", "Write it, or leave the whole entry out.")
        elif len(text) > longest:
            self.complain(key, f"{key} has {len(text)} characters, more than {longest}")
        elif has_hidden(text, allowed="\n\t"):
            self.complain(key, f"{key} {text!r} has characters that cannot be seen", "Retype it.")
        elif form and not form.fullmatch(text):
            hint = "Write letters, digits, _ and - only." if form is CODE else "Write one word."
            self.complain(key, f"{key} {text!r} has the wrong format", hint)
        return text.strip()

    def texts(self, key: str, default: Any = _REQUIRED) -> list[str]:
        texts = self.value(key, list, default)
        for text in texts:
            if not isinstance(text, str):
                self.complain(key, f"{key} contains {text!r}, expected text", "Put it in quotes.")
        return [text for text in texts if isinstance(text, str)]

    def choice(self, key: str, allowed: tuple[Choice, ...]) -> Choice:
        text = self.text(key)
        for choice in allowed:
            if choice == text:
                return choice
        if text:
            self.complain(key, f"{key} is {text!r}", f"One of {', '.join(allowed)}.")
        return allowed[0]

    def inner(self, key: str) -> _Entry:
        data = cast("dict[str, Any]", self.value(key, dict, default={}))
        return _Entry(self.rows, (*self.path, key), self.about, data)

    def entries(self, key: str) -> Iterator[_Entry]:
        for index, item in enumerate(self.value(key, list)):
            path = (*self.path, key, index)
            if isinstance(item, dict):
                yield _Entry(self.rows, path, f"{self.about}: {key}", item)
            else:
                reason = f"{key} contains {item!r}, expected a code with its match"
                self.rows.complain(path, self.about, reason, "Write {code: …, match: …}.")

    def refuse_unknown_keys(self, known: Collection[str], reason: str) -> None:
        for key in self.data:
            if key not in known:
                self.complain(key, reason.format(key), closest(key, known))
