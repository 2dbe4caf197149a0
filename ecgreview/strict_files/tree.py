"""YAML as plain values that remember their lines; YAML's advanced features are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from .problem import Problem, Unreadable
from .text import decoded

# The path of a value from the top: keys, and indexes in lists from 0.
Path: TypeAlias = tuple[str | int, ...]

MAX_DEPTH = 12
MAX_VALUES = 50_000

# YAML's other number formats surprise people: 010 is eight, and 1:30 is ninety.
PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*([eE][-+]?[0-9]+)?)?|[-+]?\.(inf|nan)")

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


@dataclass(frozen=True, slots=True)
class Tree:
    """The values of a YAML text, and their positions.

    Attributes:
        value: plain values: dict, list, str, int, float, bool, None, date.
        places: line and column of each value, from 1, by its path.
        problems: problems with single values found while reading.
    """

    value: object
    places: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def problem(self, path: Path, reason: str, hint: str = "", *, code: str = "") -> Problem:
        """Return a problem with the value at ``path``.

        If the value is missing, the position is that of its nearest parent.
        """
        located = path
        while located and located not in self.places:
            located = located[:-1]
        line, column = self.places.get(located, (None, None))
        return Problem(in_words(path), reason, hint, line, column, code)


def in_words(path: Path) -> str:
    """Return ``path`` as people write it: ``arms[0].weight``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_tree(source: bytes | str, *, max_values: int = MAX_VALUES) -> Tree:
    """Return the values of a YAML ``source``.

    Repeated keys, keys that are not text, numbers in surprising formats, and values that cannot be
    parsed (such as impossible dates) are returned as problems of the tree.

    Raises:
        Unreadable: not UTF-8 or not YAML, or with a zero byte; larger than a megabyte, nested more
            than 12 deep, or with more than ``max_values`` YAML events (a key and its value are
            two); or it uses anchors, aliases, tags or several documents.
    """
    text = decoded(source)
    try:
        _refuse_advanced_features(text, max_values)
        return _Walk(text).tree()
    except yaml.YAMLError as error:
        raise Unreadable(_syntax(error)) from error


def _refuse_advanced_features(text: str, max_values: int) -> None:
    """Check the parser's events, which come one at a time, so that a YAML bomb never expands."""
    depth = 0
    events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
    for n_events, event in enumerate(events):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if reason := _cleverness(event, depth, n_events > max_values):
            mark: yaml.Mark = event.start_mark
            hint = "Write the value out in full."
            raise Unreadable(Problem("", reason, hint, mark.line + 1, mark.column + 1))


def _cleverness(event: Any, depth: int, has_too_many: bool) -> str:
    if depth > MAX_DEPTH:
        return f"lists and mappings are nested more than {MAX_DEPTH} deep"
    if has_too_many:
        return "there are more values than could belong here"
    if getattr(event, "anchor", None):
        return "anchors (&) and aliases (*) are not allowed"
    if getattr(event, "tag", None):
        return f"tags such as {event.tag} are not allowed"
    return ""


def _syntax(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it ends early"
    hint = "Check indentation, colons, quotes and brackets there."
    return Problem("", f"is not valid YAML ({reason})", hint, line, column)


class _Walk:
    """One pass over the nodes of a text."""

    def __init__(self, text: str) -> None:
        self.loader = yaml.SafeLoader(text)
        self.places: dict[Path, tuple[int, int]] = {}
        self.problems: list[Problem] = []

    def tree(self) -> Tree:
        node = self.loader.get_single_node()
        value = None if node is None else self.value(node, ())
        return Tree(value, self.places, tuple(self.problems))

    def value(self, node: yaml.Node, path: Path) -> object:
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            value_path = (*path, key)
            if not key_node.tag.endswith(":str") or key == "?":
                self.problem(key_node, value_path, "is a key that is not a plain word", "key")
            elif key in result:
                line = self.places[value_path][0]
                self.problem(key_node, value_path, f"is repeated; first in line {line}", "twice")
            else:
                result[key] = self.value(value_node, value_path)
        return result

    def scalar(self, node: yaml.Node, path: Path) -> object:
        if node.tag in NUMBERS and not PLAIN_NUMBER.fullmatch(node.value):
            reason = f"{_short(node.value)} is an unusual way to write a number"
            self.problem(node, path, reason, "value")
            return None
        try:
            return self.loader.construct_object(node)
        except ValueError as error:  # such as May 40th, or a number with five thousand digits
            self.problem(node, path, f"{_short(node.value)} cannot be read ({error})", "value")
            return None

    def problem(self, node: yaml.Node, path: Path, reason: str, code: str) -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        hint = "Write each key once, numbers as plain decimals, and other text in quotes."
        self.problems.append(Problem(in_words(path), reason, hint, line, column, code))


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
