"""One problem in a file: where it is, what is wrong, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAX_WORDS_LISTED = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem, described for the author of the file.

    Attributes:
        key: the key, column or class concerned; empty if the problem concerns the whole file.
        reason: what is wrong; without a full stop, because it may follow ``key`` and a colon.
        hint: what to do; a sentence, or empty.
        line: counted from 1; None if the problem has no line.
        column: counted from 1; characters in YAML, cells in CSV; None if there is none.
        code: identifies the type of problem for programs and translators.
        details: what was found or expected, for translations of ``reason`` and ``hint``.
    """

    key: str
    reason: str
    hint: str = ""
    line: int | None = None
    column: int | None = None
    code: str = ""
    details: Mapping[str, object] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        column = "" if self.column is None else f", column {self.column}"
        place = "" if self.line is None else f"line {self.line}{column}: "
        about = f"{self.key}: " if self.key else ""
        return f"{place}{about}{self.reason}.{' ' if self.hint else ''}{self.hint}"


class Unreadable(ValueError):
    """The file cannot be used; ``problems`` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def closest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest word; if none is close, all words if they are few."""
    words = sorted(filter(None, known))
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    few = len(words) <= MAX_WORDS_LISTED
    return f"Known here: {', '.join(words)}." if words and few else "Check how it is spelled."
