"""Convert a protocol to and from YAML, to JSON that can be shared, and to a digest."""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from ecgreview.strict_files import Problem, Tree, Unreadable, in_words, read_tree

from . import values
from .model import InvalidProtocol, Protocol, parse, refuse

# Replaces the secret seed in documents for readers. Its value commits to the seed without
# revealing it.
COMMITMENT = "order_seed_sha256"

# Keys that older protocols do not have, with the values they imply. A document omits a key with
# this value, so that the digests of older protocols do not change.
ADDED_KEYS: Mapping[str, object] = {
    "prior_exam": "hidden",
    "qt_correction": "bazett",
    "consensus_k": 2,
    "consensus_threshold": 0.5,
    "gold_fraction": 0.0,
}

LINE_LENGTH = 100
MAX_VALUES = 1000


def load(source: str | bytes | Path) -> Protocol:
    """Return the protocol in a YAML text, or in a file if ``source`` is a path.

    Raises:
        InvalidProtocol: the file cannot be read, is larger than a megabyte, uses anchors, aliases
            or tags, or is not a valid protocol. It lists the problems with their lines.
    """
    try:
        tree = read_tree(_content(source), max_values=MAX_VALUES)
    except Unreadable as error:
        raise InvalidProtocol(error.problems) from error
    settings = tree.value
    if not isinstance(settings, dict):
        hint = "Write one key in each line, such as name: My study."
        raise InvalidProtocol([Problem("", "the file has no keys with values", hint, 1)])
    refuse(sorted(_located(tree, settings), key=lambda problem: problem.line or 0))
    return parse(settings)


def _content(source: str | bytes | Path) -> str | bytes:
    if not isinstance(source, Path):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        reason = f"{source.name} cannot be read ({error.strerror})"
        raise Unreadable(Problem("", reason, "Check the file name and permissions.")) from error


def _located(tree: Tree, settings: dict[str, Any]) -> Iterator[Problem]:
    for problem in tree.problems:
        is_secret = problem.key == "order_seed" and problem.code == "value"
        # Never quote the value: it is a secret, and messages end up in logs.
        yield replace(problem, reason="must be text in quotes") if is_secret else problem
    already = {problem.key for problem in tree.problems}
    lines = {in_words(path): place for path, place in tree.places.items()}
    for problem in values.problems(settings):
        # A value that could not be read cannot be validated.
        if problem.key not in already:
            line, column = lines.get(problem.key, lines.get(_parent(problem.key), (None, None)))
            yield replace(problem, line=line, column=column)


def _parent(key: str) -> str:
    return re.sub(r"(\.[^.\[]*|\[\d+\])$", "", key)


def dump(protocol: Protocol) -> str:
    """Return ``protocol`` as YAML with a comment on each key; ``load`` is the inverse.

    The text contains the secret seed if there is one, so do not show it to readers.
    """
    blocks = (
        f"{_comment(values.KEYS[name].about)}{name}: {_scalar(value)}\n"
        for name, value in protocol.settings().items()
    )
    return "\n".join(blocks)


def _comment(about: str) -> str:
    text = about[0].upper() + about[1:]
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, LINE_LENGTH - 2))


def _scalar(value: object) -> str:
    # Dump it inside a list, because a single value would get an end-of-document mark.
    return yaml.safe_dump(
        [value], default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
    ).strip()[1:-1]


def as_document(protocol: Protocol) -> dict[str, Any]:
    """Return ``protocol`` as JSON values that readers may see.

    The seed is replaced by ``order_seed_sha256``: a commitment that proves, once the seed is
    revealed, that it was not changed in between. Keys in ``ADDED_KEYS`` can be absent.
    """
    settings = protocol.settings()
    seed = settings.pop("order_seed")
    public = {
        key: value
        for key, value in settings.items()
        if key not in ADDED_KEYS or value != ADDED_KEYS[key]
    }
    return {**public, COMMITMENT: None if seed is None else _sha256(seed)}


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``document`` with every key, including absent ``ADDED_KEYS``."""
    return {**ADDED_KEYS, **document}


def digest(protocol: Protocol) -> str:
    """Return the SHA-256 of the document in canonical JSON, 64 hex digits."""
    document = as_document(protocol)
    return _sha256(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
