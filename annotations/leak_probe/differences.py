"""Compares two sequences of observations that should be identical."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from annotations.leak_probe.observations import Observation

PARTS = ("status", "headers", "body", "sql")
MAX_LINES = 6
MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """A leak: a part of a response that depends on somebody else's work.

    Attributes:
        part: "status", "headers" (including ETag and length), "body", or "sql" (the statements,
            which a reader can observe as response time).
        lines: the first lines that differ.
    """

    request: str
    part: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.request}: {self.part}"


def differences(quiet: Sequence[Observation], busy: Sequence[Observation]) -> list[Difference]:
    """Return every part of every response that differs.

    Raises:
        ValueError: the sequences have different lengths.
    """
    return [
        Difference(str(before.step), part, tuple(_unlike(before, after, part)))
        for before, after in zip(quiet, busy, strict=True)
        for part in PARTS
        if getattr(before, part) != getattr(after, part)
    ]


def _unlike(before: Observation, after: Observation, part: str) -> Iterator[str]:
    lines = difflib.unified_diff(
        _lines(str(getattr(before, part))), _lines(str(getattr(after, part))), lineterm="", n=0
    )
    for number, line in enumerate(lines):
        if number >= MAX_LINES + 2:
            return
        if number >= 2:
            yield line[:MAX_LENGTH]


def _lines(text: str) -> list[str]:
    return text.replace(", ", ",\n").replace('","', '",\n"').splitlines()
