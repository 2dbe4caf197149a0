"""Coefficients of agreement as pages write them: names, numbers, intervals, words, reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from annotations.sentences.reasons import sentence
from ecgreview import report_writing
from ecgreview.agreement.values.intervals import POSTERIOR
from ecgreview.report_writing import Wording

WORDS: Mapping[str, Promise] = {
    "Almost Perfect": _("almost perfect"),
    "Substantial": _("substantial"),
    "Moderate": _("moderate"),
    "Fair": _("fair"),
    "Slight": _("slight"),
    "Poor": _("poor"),
}
"""The bands of Landis and Koch."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the coefficients of a class, as it is offered.

    Attributes:
        name: of the coefficient.
        told: what it says, in a sentence.
        is_share: whether it is written in percent.
        is_secondary: whether it is high for every rare class, whatever the readers do.
    """

    name: Promise | str
    told: Promise
    is_share: bool = False
    is_secondary: bool = False


MEASURES: Mapping[str, Measure] = {
    "positive_agreement": Measure(
        _("Positive agreement"),
        _("If one reader marks the class, how often another marks it too."),
        is_share=True,
    ),
    "krippendorff_alpha": Measure(
        _("Krippendorff's alpha"),
        _("Agreement of all readers beyond chance. It handles missing readings."),
    ),
    "light_kappa": Measure(
        _("Light's kappa"), _("Agreement beyond chance: the mean of Cohen's kappa over all pairs.")
    ),
    "fleiss_kappa": Measure(
        _("Fleiss' kappa"),
        _("Agreement of all readers beyond chance, with one common rate of marking."),
    ),
    "conger_kappa": Measure(
        _("Conger's kappa"),
        _("Agreement of all readers beyond chance, with each reader's own rate of marking."),
    ),
    "negative_agreement": Measure(
        _("Negative agreement"),
        _("If one reader calls the class absent, how often another does too."),
        is_share=True,
    ),
    "percent_agreement": Measure(
        _("Percent agreement"),
        _("How often two readers give the same answer."),
        is_share=True,
        is_secondary=True,
    ),
    "gwet_ac1": Measure(
        _("Gwet's AC1"),
        _("Agreement beyond chance, with a chance level that stays low for rare classes."),
        is_secondary=True,
    ),
    "pabak": Measure(
        _("PABAK"),
        _("Percent agreement on the kappa scale: 2p − 1."),
        is_secondary=True,
    ),
}
"""Of a class, in the order in which they are offered; by their names in reports."""

PAIR_MEASURES: Mapping[str, Measure] = {
    "positive_agreement": MEASURES["positive_agreement"],
    "negative_agreement": MEASURES["negative_agreement"],
    "cohen_kappa": Measure(_("Cohen's kappa"), _("Agreement of the two beyond chance.")),
    "cohen_kappa_max": Measure(
        _("Highest kappa possible"), _("Given how often each of the two marked the class.")
    ),
    "scott_pi": Measure(
        _("Scott's pi"),
        _("Agreement beyond chance, assuming that both mark the class equally often."),
    ),
    "krippendorff_alpha": Measure(
        _("Krippendorff's alpha"), _("Scott's pi with a correction for few exams.")
    ),
    "prevalence_index": Measure(
        _("Prevalence index"), _("From −1 (always absent) to 1 (always present).")
    ),
    "bias_index": Measure(
        _("Bias index"), _("How much more often the first of the two marked it.")
    ),
    "mcnemar_p": Measure(
        _("McNemar's p"), _("Probability that chance alone splits the disagreements this unevenly.")
    ),
    "percent_agreement": MEASURES["percent_agreement"],
    "gwet_ac1": MEASURES["gwet_ac1"],
    "pabak": MEASURES["pabak"],
}
"""Of a pair of readers, those that say little for rare classes last."""


@dataclass(frozen=True, slots=True)
class Number:
    """A coefficient as it is written: the number, or a dash and why there is none.

    Attributes:
        text: the estimate, or a dash.
        interval: "0.71 to 0.90"; empty where there is none.
        reason: why there is no estimate; beside one, what to mind when reading it.
        is_rare: whether the interval is that of a Dirichlet posterior.
        value: the estimate as it is, for sorting and drawing.
        low: where the interval begins.
        high: where it ends.
    """

    text: str
    interval: str = ""
    reason: str = ""
    is_rare: bool = False
    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_defined(self) -> bool:
        """Whether there is an estimate."""
        return self.value is not None


def number(found: Mapping[str, Any], *, as_percent: bool = False) -> Number:
    """Return a measure ``{"estimate", "low", "high", "n", "reason", "method"}`` as text."""
    value, reason = found["estimate"], sentence(found["reason"])
    if value is None:
        return Number("–", reason=reason)
    low, high = found.get("low"), found.get("high")
    return Number(
        text=written(value, as_percent=as_percent),
        interval=between(low, high, as_percent=as_percent),
        reason=reason,
        is_rare=found.get("method") == POSTERIOR,
        value=value,
        low=low,
        high=high,
    )


def share(found: Mapping[str, Any]) -> Number:
    """Return a share or an error rate as text, in percent."""
    return number(found, as_percent=True)


def of(measure: str, line: Mapping[str, Any]) -> Number:
    """Return the measure of that name of a line of a report; a dash where it has none."""
    if measure not in line:
        return Number("–")
    known = MEASURES.get(measure) or PAIR_MEASURES.get(measure)
    return number(line[measure], as_percent=bool(known and known.is_share))


def between(low: float | None, high: float | None, *, as_percent: bool = False) -> str:
    """Return "0.71 to 0.90", empty where there is no interval."""
    if low is None or high is None:
        return ""
    ends = (written(low, as_percent=as_percent), written(high, as_percent=as_percent))
    return gettext("%(low)s to %(high)s") % dict(zip(("low", "high"), ends, strict=True))


def word(band: str) -> str:
    """Return what Landis and Koch call it, in the language of the page; empty for none."""
    return str(WORDS.get(band, band))


def written(value: float, *, as_percent: bool = False) -> str:
    """Return a coefficient with two decimals or as a percentage, in the language of the page.

    A share that is not quite all or nothing is not written as 100% or 0%.
    """
    if as_percent:
        return f"{_percentage(value)}%"
    rounded = round(value, 2) or 0.0  # no "-0.00"
    return number_format(rounded, 2).replace("-", "\N{MINUS SIGN}")


def told_once(several: Sequence[Number]) -> tuple[list[Number], str]:
    """Return the numbers of one line without their reasons, and these once, in a text."""
    reasons = dict.fromkeys(one.reason for one in several if one.reason)
    return [replace(one, reason="") for one in several], " ".join(reasons)


def grouped(count: int) -> str:
    """Return a count with its thousands apart, in the language of the page."""
    return number_format(count, 0, force_grouping=True)


def wording() -> Wording:
    """Return how figures say things in the language of the page."""
    if (get_language() or "").startswith("pt"):
        return report_writing.brazilian(gettext, sentence)
    return replace(report_writing.ENGLISH, sentence=sentence)


def _percentage(value: float) -> str:
    if _NOTHING <= value <= _ALL or value in (0, 1):
        return str(round(100 * value))
    rest = min(value, 1 - value)  # how far from nothing, or from all
    places = min(max(1, -math.floor(math.log10(100 * rest))), _MOST_PLACES)
    told = max(round(100 * rest, places), 10**-_MOST_PLACES)
    return number_format(told if value < _NOTHING else 100 - told, places)


_NOTHING, _ALL = 0.0095, 0.985
_MOST_PLACES = 4
