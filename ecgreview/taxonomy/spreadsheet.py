"""A list of classes as CSV, the usual format of official lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ecgreview.strict_files import Path as PathInTree
from ecgreview.strict_files import Problem, Row, Table, Tree, Unreadable, has_hidden, read_table

from .consistency import BadTaxonomy
from .model import Taxonomy
from .rows import MAX_CLASS_LENGTHS, MAX_TEXT_LENGTH, RELATIONS, VOCABULARIES
from .source import MAX_CLASSES, build

OF_GROUPS = ("group", "group_name", "group_name_pt")
TEXTS = (
    *("code", "abbreviation", "name", "name_pt", "definition", "definition_pt"),
    *("evidence", "note"),
)
# The allowed columns. ``code`` and ``name`` are required; the docs list the others' defaults.
COLUMNS: tuple[str, ...] = (*TEXTS, *OF_GROUPS, "is_exclusive", *RELATIONS, *VOCABULARIES)

MAX_DERIVED_ABBREVIATION = 12
FLAGS = {
    **dict.fromkeys(("true", "yes", "1", "x", "sim"), True),
    **dict.fromkeys(("", "false", "no", "0", "nao", "não"), False),
}


def read_csv(
    source: bytes | str,
    *,
    name: str,
    version: str,
    status: str = "imported list",
    banner: str = "",
    banner_pt: str = "",
) -> Taxonomy:
    """Return the validated taxonomy in a CSV file with one class per row.

    Args:
        source: the file, UTF-8, cells separated by commas or semicolons.
        name: name of the taxonomy, which a CSV file does not contain.
        version: a single word.
        status: such as ``official``.
        banner: its origin, shown wherever the list is; by default name and version.
        banner_pt: the same in Portuguese.

    Raises:
        BadTaxonomy: lists the problems, by line and column; the column is the number of the cell.
    """
    try:
        table = read_table(source, known=COLUMNS, required=("code", "name"), max_rows=MAX_CLASSES)
    except Unreadable as error:
        raise BadTaxonomy(error.problems) from error
    if any(problem.line == 1 for problem in table.problems):
        # With a wrong header, every row below would have a problem.
        raise BadTaxonomy(table.problems)
    heading = {
        "taxonomy": name,
        "version": version,
        "status": status,
        "banner": banner or f"{name} {version}",
        "banner_pt": banner_pt or banner or f"{name} {version}",
        "sources": {},
    }
    return build(_Sheet(table).tree(heading))


class _Sheet:
    """A table being converted to the plain values of the YAML form."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.problems = list(table.problems)
        self.places: dict[PathInTree, tuple[int, int]] = {}
        self.abbreviations = {row.cells.get("abbreviation", "") for row in table.rows}

    def tree(self, heading: Mapping[str, Any]) -> Tree:
        classes = [self.diagnostic_class(at, row) for at, row in enumerate(self.table.rows)]
        value = {**heading, "groups": self.groups(), "classes": classes}
        return Tree(value, self.places, tuple(self.problems))

    def groups(self) -> list[dict[str, str]]:
        """Return the groups in the order in which classes name them; the first name of a
        group counts.
        """
        groups: dict[str, dict[str, str]] = {}
        for row in self.table.rows:
            code = row.cells.get("group") or "all"
            group = groups.setdefault(code, {"code": code, "name": "", "name_pt": ""})
            for key in ("name", "name_pt"):
                self.name_group(group, key, row)
            self.places.setdefault(("groups", len(groups) - 1), self.place(row, "group"))
        for group in groups.values():
            group["name"] = group["name"] or group["code"].replace("_", " ").capitalize()
            group["name_pt"] = group["name_pt"] or group["name"]
        return list(groups.values())

    def name_group(self, group: dict[str, str], key: str, row: Row) -> None:
        text = row.cells.get(f"group_{key}", "")
        if text and group[key] and text != group[key]:
            reason = f"group {group['code']!r} has two names: {text!r} here, {group[key]!r} above"
            self.complain(row, f"group_{key}", reason, "Give a group one name.")
        group[key] = group[key] or text

    def diagnostic_class(self, index: int, row: Row) -> dict[str, Any]:
        for column in self.table.columns:
            self.places["classes", index, column] = self.place(row, column)
            self.places["classes", index, "codes", column] = self.place(row, column)
        self.places["classes", index] = (row.line, 1)
        cells = {column: row.cells.get(column, "") for column in COLUMNS}
        name = _or(cells["name"], cells["code"])
        definition = _or(cells["definition"], name, MAX_TEXT_LENGTH)
        defaults = {
            "abbreviation": cells["abbreviation"] or self.abbreviation(cells["code"]),
            "name_pt": cells["name_pt"] or name,
            "definition": cells["definition"] or name,
            "definition_pt": cells["definition_pt"]
            or (definition if cells["definition"] else _or(cells["name_pt"], name)),
            "group": cells["group"] or "all",
            "evidence": cells["evidence"].upper() or "C",
        }
        return {
            "position": index + 1,
            **{column: cells[column] for column in TEXTS},
            **defaults,
            "is_exclusive": self.flag(row, cells["is_exclusive"]),
            "sources": [],
            "codes": {
                vocabulary: [_external_code(word) for word in cells[vocabulary].split()]
                for vocabulary in VOCABULARIES
                if cells[vocabulary]
            },
            **{key: cells[key].split() for key in RELATIONS},
        }

    def abbreviation(self, code: str) -> str:
        """Return an unused abbreviation for a class: its code, or the initials of a long code."""
        short = code.upper()
        if len(short) > MAX_DERIVED_ABBREVIATION:
            short = "".join(word[0] for word in re.split("[_-]", short) if word)[:8]
        free, number = short, 2
        while free in self.abbreviations:
            free, number = f"{short}{number}", number + 1
        self.abbreviations.add(free)
        return free

    def flag(self, row: Row, text: str) -> bool:
        if text.lower() not in FLAGS:
            self.complain(row, "is_exclusive", f"is_exclusive is {text!r}", "Write true or false.")
        return FLAGS.get(text.lower(), False)

    def complain(self, row: Row, column: str, reason: str, hint: str) -> None:
        line, number = self.place(row, column)
        self.problems.append(Problem(row.cells.get("code", ""), reason, hint, line, number))

    def place(self, row: Row, column: str) -> tuple[int, int]:
        columns = self.table.columns
        return row.line, columns.index(column) + 1 if column in columns else 1


def _or(text: str, other: str, longest: int = MAX_CLASS_LENGTHS["name"]) -> str:
    """Return ``text``, or ``other`` if it is missing or invalid, so that it is reported once."""
    return text if text and len(text) <= longest and not has_hidden(text, allowed="\n") else other


def _external_code(word: str) -> dict[str, str]:
    """Parse a code such as ``426177001=exact``; the default match is ``related``."""
    code, _, match = word.partition("=")
    return {"code": code, "match": match or "related"}
