"""How a report says things: in which language, and how numbers are written in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from . import sentences

Translate: TypeAlias = Callable[[str], str]
"""Returns a sentence of ``sentences`` in another language; placeholders in braces stay."""

Sentence: TypeAlias = Callable[[str], str]
"""Returns what the code of a reason means, in the language of the report."""

PLACES = 3
"""Decimal places of a coefficient."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A language: its sentences and its numbers.

    Attributes:
        translate: from English.
        sentence: for the codes of reasons, which this package has no sentences for; without it
            they are written as they are.
        language: its tag.
        decimal_mark: between units and tenths.
        group_mark: between thousands and hundreds, from 10,000 on.
    """

    translate: Translate
    sentence: Sentence = str
    language: str = "en"
    decimal_mark: str = "."
    group_mark: str = ","

    def say(self, sentence: str, **values: object) -> str:
        """Return ``sentence`` in this language, its placeholders filled with ``values``."""
        return self.translate(sentence).format(**values)

    def whole(self, n: int) -> str:
        """Return a count."""
        digits = f"{n:,}" if abs(n) >= _GROUPED_FROM else str(n)
        return digits.replace(",", self.group_mark).replace("-", _MINUS)

    def decimal(self, value: float, places: int = PLACES) -> str:
        """Return a number with ``places`` decimal places; zero has no sign."""
        digits = f"{value:.{places}f}"
        if not digits.strip("-0."):
            digits = digits.lstrip("-")
        return digits.replace(".", self.decimal_mark).replace("-", _MINUS)

    def probability(self, p: float) -> str:
        """Return the p of a test; one that would be written as zero is told to be below that."""
        least = 10**-PLACES
        return f"<\u00a0{self.decimal(least)}" if p < least / 2 else self.decimal(p)

    def percent(self, share: float) -> str:
        """Return a share from 0 to 1 in per cent, with as many decimal places as it needs."""
        digits = f"{100 * share:.4f}".rstrip("0").rstrip(".")
        return digits.replace(".", self.decimal_mark) + "%"

    def day(self, day: date) -> str:
        """Return a date; in ISO 8601, which every language reads."""
        return day.isoformat()

    def interval(self, measure: Mapping[str, Any], places: int = PLACES) -> str:
        """Return an estimate with its interval, or a dash where there is none."""
        if measure["estimate"] is None:
            return DASH
        estimate = self.decimal(measure["estimate"], places)
        if measure["low"] is None:
            return estimate
        low, high = (self.decimal(measure[end], places) for end in ("low", "high"))
        return self.say(sentences.ESTIMATE, estimate=estimate, low=low, high=high)


DASH = "\u2013"
_MINUS = "\u2212"
_GROUPED_FROM = 10_000


def _same(sentence: str) -> str:
    return sentence


ENGLISH = Wording(_same)


def brazilian(translate: Translate, sentence: Sentence = str) -> Wording:
    """Return Brazilian Portuguese, as ``translate`` says it, with a comma for decimals."""
    return Wording(translate, sentence, language="pt-BR", decimal_mark=",", group_mark=".")
