"""Agreement coefficients formatted for pages: names, numbers, intervals, bands, reasons."""

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

# Names of the bands of Landis and Koch, by their names in reports.
WORDS: Mapping[str, Promise] = {
    "Almost Perfect": _("almost perfect"),
    "Substantial": _("substantial"),
    "Moderate": _("moderate"),
    "Fair": _("fair"),
    "Slight": _("slight"),
    "Poor": _("poor"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A coefficient, as pages describe it.

    Attributes:
        name: its display name.
        description: what it measures, in one or two sentences.
        is_share: whether it is shown in percent.
        is_secondary: whether it is always high for rare classes, even when readers disagree.
    """

    name: Promise | str
    description: Promise
    is_share: bool = False
    is_secondary: bool = False


# Measures of a class, in display order, by their names in reports.
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
        _(
            "Agreement of all readers beyond chance, assuming that all mark the class equally "
            "often."
        ),
    ),
    "conger_kappa": Measure(
        _("Conger's kappa"),
        _(
            "Agreement of all readers beyond chance, taking into account how often each of them "
            "marks the class."
        ),
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

# Measures of a pair of readers. Those that are uninformative for rare classes come last.
PAIR_MEASURES: Mapping[str, Measure] = {
    "positive_agreement": MEASURES["positive_agreement"],
    "negative_agreement": MEASURES["negative_agreement"],
    "cohen_kappa": Measure(_("Cohen's kappa"), _("Agreement of the two beyond chance.")),
    "cohen_kappa_max": Measure(
        _("Maximum kappa"), _("Given how often each of the two marked the class.")
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
        _("Bias index"), _("How much more often the first reader marked the class than the second.")
    ),
    "mcnemar_p": Measure(
        _("McNemar's p"),
        _("Probability that chance alone splits the disagreements at least this unevenly."),
    ),
    "percent_agreement": MEASURES["percent_agreement"],
    "gwet_ac1": MEASURES["gwet_ac1"],
    "pabak": MEASURES["pabak"],
}


@dataclass(frozen=True, slots=True)
class Number:
    """A formatted coefficient: the number, or a dash and the reason.

    Attributes:
        text: the estimate, or a dash.
        interval: "0.71 to 0.90"; empty where there is none.
        reason: why there is no estimate; with an estimate, what to keep in mind.
        is_rare: whether the interval comes from a Dirichlet posterior.
        value: the unrounded estimate, for sorting and charts.
        low: lower end of the interval.
        high: upper end.
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
        return self.value is not None


def number(measure: Mapping[str, Any], *, as_percent: bool = False) -> Number:
    """Format a measure ``{"estimate", "low", "high", "n", "reason", "method"}``."""
    value, reason = measure["estimate"], sentence(measure["reason"])
    if value is None:
        return Number("–", reason=reason)
    low, high = measure.get("low"), measure.get("high")
    return Number(
        text=written(value, as_percent=as_percent),
        interval=between(low, high, as_percent=as_percent),
        reason=reason,
        is_rare=measure.get("method") == POSTERIOR,
        value=value,
        low=low,
        high=high,
    )


def share(measure: Mapping[str, Any]) -> Number:
    """Format a share or an error rate in percent."""
    return number(measure, as_percent=True)


def of(measure: str, line: Mapping[str, Any]) -> Number:
    """Format the named measure of a report row, or a dash if the row does not have it."""
    if measure not in line:
        return Number("–")
    info = MEASURES.get(measure) or PAIR_MEASURES.get(measure)
    return number(line[measure], as_percent=bool(info and info.is_share))


def between(low: float | None, high: float | None, *, as_percent: bool = False) -> str:
    """Return "0.71 to 0.90"; empty without an interval."""
    if low is None or high is None:
        return ""
    ends = (written(low, as_percent=as_percent), written(high, as_percent=as_percent))
    return gettext("%(low)s to %(high)s") % dict(zip(("low", "high"), ends, strict=True))


def band_name(band: str) -> str:
    """Return the translated name of a Landis and Koch band; empty for none."""
    return str(WORDS.get(band, band))


def written(value: float, *, as_percent: bool = False) -> str:
    """Return a coefficient with two decimals or as a percentage, in the language of the page.

    A share just below 1 or just above 0 is never rounded to 100% or 0%.
    """
    if as_percent:
        return f"{_percentage(value)}%"
    rounded = round(value, 2) or 0.0  # no "-0.00"
    return number_format(rounded, 2).replace("-", "\N{MINUS SIGN}")


def separate_reasons(cells: Sequence[Number]) -> tuple[list[Number], str]:
    """Return the numbers of a row without their reasons, and the distinct reasons as one text."""
    reasons = dict.fromkeys(cell.reason for cell in cells if cell.reason)
    return [replace(cell, reason="") for cell in cells], " ".join(reasons)


def grouped(count: int) -> str:
    """Return a count with thousands separators, in the language of the page."""
    return number_format(count, 0, force_grouping=True)


def wording() -> Wording:
    """Return the report wording for the language of the page."""
    if (get_language() or "").startswith("pt"):
        return report_writing.brazilian(gettext, sentence)
    return replace(report_writing.ENGLISH, sentence=sentence)


def _percentage(value: float) -> str:
    if _NOTHING <= value <= _ALL or value in (0, 1):
        return str(round(100 * value))
    distance = min(value, 1 - value)  # from 0 or 1, whichever is nearer
    places = min(max(1, -math.floor(math.log10(100 * distance))), _MOST_PLACES)
    rounded = max(round(100 * distance, places), 10**-_MOST_PLACES)
    return number_format(rounded if value < _NOTHING else 100 - rounded, places)


_NOTHING, _ALL = 0.0095, 0.985
_MOST_PLACES = 4
