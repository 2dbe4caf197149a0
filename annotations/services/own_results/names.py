"""Remove the names of people from what adjudicators wrote, before a reader sees it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

REMOVED = "[…]"

# User names often join words by an underscore.
_WORD = re.compile(r"[^\W_]+")

# Parts of Portuguese and Spanish names that are also ordinary words.
_PARTICLES = frozenset({"da", "das", "de", "del", "di", "do", "dos", "du", "e", "la", "y"})


def without_names(text: str, names: Iterable[str]) -> str:
    """Return ``text`` with every part of ``names`` replaced by ``REMOVED``.

    Case and accents do not matter. Single letters and particles such as "da" are kept, because a
    text is full of them; so is a nickname that is no part of a name.
    """
    return _replaced(text, {part for name in names for part in _parts(name)})


def _replaced(text: str, parts: Collection[str]) -> str:
    return _WORD.sub(lambda word: REMOVED if _folded(word[0]) in parts else word[0], text)


def _parts(name: str) -> set[str]:
    words = (_folded(word) for word in _WORD.findall(name))
    return {word for word in words if len(word) > 1} - _PARTICLES


def _folded(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
