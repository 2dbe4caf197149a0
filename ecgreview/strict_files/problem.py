"""One thing that is wrong in a file: where, what, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

MAX_WORDS_LISTED = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, in words for whoever wrote it.

    Attributes:
        key: the key, column or class it is about; empty when it is about the file.
        reason: what is wrong; no full stop, for it may follow ``key`` and a colon.
        hint: what to do; a sentence, or empty.
        line: counted from 1; None when what was read has no lines.
        column: counted from 1, a character of YAML or a cell of CSV; None as for ``line``.
        code: names the kind of problem for programs and translators.
    """

    key: str
    reason: str
    hint: str = ""
    line: int | None = None
    column: int | None = None
    code: str = ""

    def __str__(self) -> str:
        column = "" if self.column is None else f", column {self.column}"
        place = "" if self.line is None else f"line {self.line}{column}: "
        about = f"{self.key}: " if self.key else ""
        return f"{place}{about}{self.reason}.{' ' if self.hint else ''}{self.hint}"


class Unreadable(ValueError):
    """The text is no document that could be looked into; ``problems`` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def closest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the word of ``known`` that ``word`` may have meant, or a few."""
    words = sorted(filter(None, known))
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    few = len(words) <= MAX_WORDS_LISTED
    return f"Known here: {', '.join(words)}." if words and few else "Check how it is spelled."
