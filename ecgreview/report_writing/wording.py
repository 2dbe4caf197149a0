"""The language and the number format of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from . import sentences

# Translates a sentence of ``sentences`` and keeps its placeholders in braces.
Translate: TypeAlias = Callable[[str], str]

# Returns the text of a reason code in the language of the report.
Sentence: TypeAlias = Callable[[str], str]

# Decimal places of coefficients.
PLACES = 3


@dataclass(frozen=True, slots=True)
class Wording:
    """A language: its sentences and its number format.

    Attributes:
        translate: translates an English sentence.
        sentence: returns the text of a reason code; by default, the code itself.
        language: language tag, such as ``pt-BR``.
        decimal_mark: decimal separator.
        group_mark: thousands separator, used from 10,000 on.
    """

    translate: Translate
    sentence: Sentence = str
    language: str = "en"
    decimal_mark: str = "."
    group_mark: str = ","

    def say(self, sentence: str, **values: object) -> str:
        """Return ``sentence`` in this language, its placeholders filled with ``values``."""
        return self.translate(sentence).format(**values)

    def integer(self, n: int) -> str:
        digits = f"{n:,}" if abs(n) >= _GROUPED_FROM else str(n)
        return digits.replace(",", self.group_mark).replace("-", _MINUS)

    def decimal(self, value: float, places: int = PLACES) -> str:
        """Format a number with ``places`` decimal places; never returns a negative zero."""
        digits = f"{value:.{places}f}"
        if not digits.strip("-0."):
            digits = digits.lstrip("-")
        return digits.replace(".", self.decimal_mark).replace("-", _MINUS)

    def probability(self, p: float) -> str:
        """Format a p value; one that would round to zero is written as ``< 0.001``."""
        smallest = 10**-PLACES
        return f"<\u00a0{self.decimal(smallest)}" if p < smallest / 2 else self.decimal(p)

    def percent(self, share: float) -> str:
        """Format a proportion from 0 to 1 in percent, with up to four decimal places as needed."""
        digits = f"{100 * share:.4f}".rstrip("0").rstrip(".")
        return digits.replace(".", self.decimal_mark) + "%"

    def day(self, day: date) -> str:
        """Format a date as ISO 8601, which reads the same in every language."""
        return day.isoformat()

    def interval(self, measure: Mapping[str, Any], places: int = PLACES) -> str:
        """Format an estimate with its interval, or a dash if it is undefined."""
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
    """Return Brazilian Portuguese wording, with a decimal comma."""
    return Wording(translate, sentence, language="pt-BR", decimal_mark=",", group_mark=".")
