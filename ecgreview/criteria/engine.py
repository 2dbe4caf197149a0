"""Apply the rules to the measurements of one exam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecgreview.measure.measurements import Measured, Measurements

from .marks import Marks, marks_of
from .rules import BOOK, COMPARISONS, Condition, Rule


@dataclass(frozen=True, slots=True)
class Proposal:
    """A suggested class and why.

    Attributes:
        code: of the taxonomy.
        evidence: one English line, such as "PR 238 ms > 200 ms (9 of 9 beats)".
        strength: 0 to 1, distance beyond the threshold and confidence of the measurement together;
            no probability.
        marks: where on the recording the evidence shows.
        evidence_data: the numbers and names of ``evidence``, for other languages.
    """

    code: str
    evidence: str
    strength: float
    marks: Marks | None = None
    evidence_data: Mapping[str, str | float | int] = field(default_factory=dict)


def suggest(
    measurements: Measurements, *, age_years: float | None, sex: str | None
) -> list[Proposal]:
    """Return the classes whose criteria ``measurements`` meet, the strongest first.

    Args:
        measurements: of one exam; no rule fires on what was not measured.
        age_years: below 18 nothing is proposed, because the thresholds are those of adults.
        sex: "F", "M" or None; unknown takes the threshold that is harder to meet.
    """
    if age_years is not None and age_years < BOOK.youngest_years:
        return []
    proposals: dict[str, Proposal] = {}
    for rule in BOOK.rules:
        if rule.group not in proposals and _applies(rule, measurements, sex):
            proposals[rule.group] = _propose(rule, measurements, sex)
    return sorted(proposals.values(), key=lambda proposal: -proposal.strength)


def _applies(rule: Rule, measurements: Measurements, sex: str | None) -> bool:
    conditions = (rule.main, *rule.requires)
    return all(_is_met(condition, measurements, sex) for condition in conditions)


def _is_met(condition: Condition, measurements: Measurements, sex: str | None) -> bool:
    measured: Measured = getattr(measurements, condition.measurement)
    if measured.value is None:
        return condition.or_missing
    is_sure = measured.confidence >= BOOK.least_confidence
    return is_sure and condition.holds(measured.value, sex)


def _propose(rule: Rule, measurements: Measurements, sex: str | None) -> Proposal:
    """Return the proposal of a ``rule`` that applies."""
    measured: Measured = getattr(measurements, rule.main.measurement)
    value, threshold = measured.value or 0.0, rule.main.threshold(sex)
    label = BOOK.labels[rule.main.measurement]
    n_all = max(measurements.dominant_share.n_beats, measured.n_beats)
    sign = COMPARISONS[rule.main.comparison]
    unit = f" {label.unit}" if label.unit else ""
    # A value that rounds to its threshold must not read "200 > 200".
    decimals = label.decimals
    while round(value, decimals) == threshold != value and decimals < 3:
        decimals += 1
    beyond = min(abs(value - threshold) / rule.margin, 1.0)
    told = f"{label.text} {value:.{decimals}f}{unit}"
    return Proposal(
        code=rule.code,
        evidence=f"{told} {sign} {threshold:g}{unit} ({measured.n_beats} of {n_all} beats)",
        marks=marks_of(rule.main.measurement, told, measurements),
        strength=round(measured.confidence * (0.5 + 0.5 * beyond), 3),
        evidence_data={
            "measurement": rule.main.measurement,
            "value": value,
            "comparison": sign,
            "threshold": threshold,
            "unit": label.unit,
            "n_beats": measured.n_beats,
            "n_beats_found": n_all,
            "source": rule.source,
        },
    )
