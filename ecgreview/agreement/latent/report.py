"""JSON-serializable report of prevalence and skill without a reference, with bounded cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import PatternCount
from ecgreview.agreement.sampling import resampling
from ecgreview.agreement.sampling.resampling import DEFAULT, Resampling
from ecgreview.agreement.values import arrays
from ecgreview.agreement.values.bounded import Measure
from ecgreview.agreement.values.coefficient import Causes, Coefficient, Estimates
from ecgreview.agreement.values.intervals import MeasureJson
from ecgreview.agreement.values.reasons import Reason

from . import pooled_report, replicates, triples, two_states
from .design import FEW, Design, checked
from .em import Floats
from .plausibility import FEW_TRUE_POSITIVES
from .pooled_report import PooledFields
from .replicates import Replicates
from .two_states import Latent

# With fewer replicates, the limits of intervals are unreliable, so no intervals are computed.
MIN_REPLICATES = 200

POSTERIOR = "dirichlet"
_MAX_COMPLETED = 5  # maximum number of readers for listing all 3**n possible patterns
_MAX_WORK = 5e6  # maximum number of probabilities in a step of the fit
_MAX_REPLICATED = 3e7  # the same, multiplied by the number of replicates


class BadEffects(ValueError):
    """There is not one design effect per class, or one is below 1 or not finite."""


def latent_report(
    patterns: PatternCount, *, how: Resampling = DEFAULT, effects: Floats | None = None
) -> dict[str, Any]:
    """Return prevalence, sensitivity and specificity of each class, by Dawid and Skene's model.

    With few readers, classes with few informative exams get intervals from a posterior.

    Args:
        patterns: the answers; counts of shape (n_classes, n_patterns).
        how: settings of the intervals; expensive fits get fewer replicates, or none.
        effects: shape (n_classes,); design effects. They widen intervals but do not change
            estimates.

    Returns:
        ``{"reason", "n_replicates", "classes": [{"prevalence", "n_telling", "alike", "readers":
        [{"reader", "sensitivity", "specificity"}], "pooled"}]}``, with classes in the order of
        ``patterns``; measures are as in ``reports.report``. ``n_telling`` is the number of
        informative exams. ``readers`` are the readers who assessed the class, by index; empty where
        the model is refused. ``alike`` is how often three readers agree: ``{"n", "observed",
        "expected", "reason"}``, null where the model is refused. ``pooled`` is null where the class
        can be fitted alone and has enough informative exams, else ``{"prevalence", "readers"}``
        with pooled estimates. ``reason`` is empty, or says why nothing was computed (``classes`` is
        then empty) or why there are no intervals.

    Raises:
        BadPatterns: as in ``two_states.fit``.
        BadEffects: there is not one effect per class, or one is below 1 or not finite.
    """
    patterns = checked(patterns)
    design = Design.of(patterns)
    spread = _checked(effects, len(design.counts))
    refusals = design.refusals()
    is_identified = ~np.logical_or.reduce([mask for mask, _ in refusals])
    if _work(patterns, is_identified) > _MAX_WORK:
        return {"reason": Reason.TOO_LARGE, "n_replicates": 0, "classes": []}
    identified = _completed(PatternCount(patterns.patterns, patterns.counts[is_identified]))
    n_replicates = _n_replicates(identified, how)
    lines = (
        _fitted(identified, spread[is_identified], how, n_replicates) if is_identified.any() else []
    )
    alone = _with_refused(lines, design, refusals)
    is_alone = np.array(
        [fields["prevalence"]["estimate"] is not None for fields in alone], dtype=np.bool_
    )
    is_needed = ~is_alone | (design.n_informative / spread < FEW)
    pooled_fields = _pooled(patterns, is_needed, spread, how)
    return {
        "reason": Reason.NO_INTERVALS if n_replicates < min(how.n_replicates, 1) else "",
        "n_replicates": n_replicates,
        "classes": [
            {**fields, "pooled": pooled}
            for fields, pooled in zip(alone, pooled_fields, strict=True)
        ],
    }


def _with_refused(
    lines: Sequence[dict[str, Any]], design: Design, refusals: Causes
) -> list[dict[str, Any]]:
    """Return the fields of all classes: ``lines``, and fields with a reason for the rest."""
    n_exams = design.counts.sum(axis=1).astype(int).tolist()
    reasons = Estimates(np.full(len(n_exams), np.nan), refusals).reasons.tolist()
    of_class = iter(lines)
    return [
        next(of_class) if reason == "" else _refused(n, reason)
        for n, reason in zip(n_exams, reasons, strict=True)
    ]


def _pooled(
    patterns: PatternCount, is_requested: NDArray[np.bool_], effects: Floats, how: Resampling
) -> list[PooledFields | None]:
    if _work(patterns) > _MAX_WORK:
        n_exams = patterns.counts.sum(axis=1).astype(int).tolist()
        return [
            pooled_report.without(n, Reason.TOO_LARGE) if requested else None
            for n, requested in zip(n_exams, is_requested.tolist(), strict=True)
        ]
    return pooled_report.report(patterns, is_requested, effects, how.confidence)


def _checked(effects: Floats | None, n_classes: int) -> Floats:
    if effects is None:
        return np.ones(n_classes)
    checked = arrays.numbers(effects, BadEffects, "design effects")
    if checked.shape != (n_classes,):
        raise BadEffects(
            f"expected one design effect per class ({n_classes}), got shape {checked.shape}"
        )
    if not np.isfinite(checked).all() or (checked < 1).any():
        raise BadEffects("a design effect is below 1 or not finite")
    return checked


def _refused(n_exams: int, reason: str, n_informative: int = 0) -> dict[str, Any]:
    return {
        "prevalence": Measure.undefined(n_exams, reason).to_json(),
        "n_telling": n_informative,
        "alike": None,
        "readers": [],
    }


def _fitted(
    patterns: PatternCount, effects: Floats, how: Resampling, n_replicates: int
) -> list[dict[str, Any]]:
    """Return the fields of the classes of ``patterns``, all of which are identified.

    Classes with an implausible fit are refused and have no replicates.
    """
    design = Design.of(patterns)
    doubts = two_states.fit(patterns).plausibility.refusals(FEW_TRUE_POSITIVES, effects)
    reasons = Estimates(np.full(len(effects), np.nan), doubts).reasons.tolist()
    is_fitted = np.array([reason == "" for reason in reasons], dtype=np.bool_)
    believed = PatternCount(patterns.patterns, patterns.counts[is_fitted])
    lines = iter(
        _plausible(believed, effects[is_fitted], how, n_replicates) if is_fitted.any() else []
    )
    return [
        next(lines) if reason == "" else _refused(int(counts.sum()), reason, int(n_informative))
        for reason, counts, n_informative in zip(
            reasons, design.counts, design.n_informative, strict=True
        )
    ]


def _plausible(
    patterns: PatternCount, effects: Floats, how: Resampling, n_replicates: int
) -> list[dict[str, Any]]:
    design, result = Design.of(patterns), two_states.fit(patterns)
    is_rare = (design.n_informative / effects < FEW) & (patterns.n_readers <= _MAX_COMPLETED)
    drawn = _replicates(patterns, result, effects, is_rare, n_replicates, how)
    return _classes(patterns, result, design, drawn, is_rare, how.confidence)


def _work(patterns: PatternCount, is_identified: NDArray[np.bool_] | None = None) -> float:
    """Return the number of probabilities that one step of the fit computes."""
    counts = patterns.counts if is_identified is None else patterns.counts[is_identified]
    n_occurring = (counts > 0).any(axis=0).sum()
    return float(len(counts) * n_occurring * (1 + 2 * patterns.n_readers))


def _n_replicates(patterns: PatternCount, how: Resampling) -> int:
    affordable = int(min(how.n_replicates, _MAX_REPLICATED / max(_work(patterns), 1.0)))
    return affordable if affordable >= min(how.n_replicates, MIN_REPLICATES) else 0


def _completed(patterns: PatternCount) -> PatternCount:
    few = patterns.n_readers <= _MAX_COMPLETED and len(patterns.patterns)
    return resampling.complete_patterns(patterns) if few else patterns


def _replicates(
    patterns: PatternCount,
    estimates: Latent,
    effects: Floats,
    is_rare: NDArray[np.bool_],
    n_replicates: int,
    how: Resampling,
) -> Replicates | None:
    """Return fits to bootstrap replicates, or to posterior draws for rare classes."""
    if not n_replicates:
        return None
    rng = how.rng()
    common = PatternCount(patterns.patterns, np.where(is_rare[:, None], 0.0, patterns.counts))
    drawn = replicates.bootstrap(
        common,
        two_states.fit(common) if is_rare.any() else estimates,
        rng=rng,
        n_replicates=n_replicates,
        effects=effects,
    )
    rare = np.flatnonzero(is_rare)
    if rare.size:
        prior = resampling.prior_of_patterns(patterns)
        counts = resampling.posterior(
            patterns.counts[rare], prior[rare], n_replicates, rng, effects[rare]
        )
        refits = replicates.refit(patterns.patterns, estimates.posterior[rare], counts)
        n_readers = patterns.n_readers
        drawn.prevalence[:, rare] = refits[:, :, 0]
        drawn.sensitivity[:, rare] = refits[:, :, 1 : 1 + n_readers]
        drawn.specificity[:, rare] = 1 - refits[:, :, 1 + n_readers :]
    return drawn


def _classes(
    patterns: PatternCount,
    estimates: Latent,
    design: Design,
    drawn: Replicates | None,
    is_rare: NDArray[np.bool_],
    confidence: float,
) -> list[dict[str, Any]]:
    n_exams = design.counts.sum(axis=1).astype(int)
    n_readings = design.n_readings.astype(int)
    shape = (len(n_exams), patterns.n_readers)
    prevalence = estimates.prevalence.coefficients()
    sensitivity = np.array(estimates.sensitivity.coefficients(), dtype=object).reshape(shape)
    specificity = np.array(estimates.specificity.coefficients(), dtype=object).reshape(shape)
    alike = _alike(patterns, estimates)

    def measure(coefficient: Coefficient, n: int, row: int, values: Floats | None) -> MeasureJson:
        return _measure(coefficient, n, values, is_rare=bool(is_rare[row]), confidence=confidence)

    return [
        {
            "prevalence": measure(
                prevalence[row], int(n_exams[row]), row, drawn.prevalence[:, row] if drawn else None
            ),
            "n_telling": int(design.n_informative[row]),
            "alike": alike[row],
            "readers": [
                {
                    "reader": int(reader),
                    **{
                        name: measure(
                            skills[row, reader],
                            int(n_readings[row, reader]),
                            row,
                            getattr(drawn, name)[:, row, reader] if drawn else None,
                        )
                        for name, skills in (
                            ("sensitivity", sensitivity),
                            ("specificity", specificity),
                        )
                    },
                }
                for reader in np.flatnonzero(n_readings[row])
            ],
        }
        for row in range(len(n_exams))
    ]


def _measure(
    coefficient: Coefficient, n: int, values: Floats | None, *, is_rare: bool, confidence: float
) -> MeasureJson:
    """Return an estimate with the percentile interval of its replicates. A reason given by the
    estimate replaces that of the interval.
    """
    if coefficient.value is None:
        return Measure.undefined(n, coefficient.reason).to_json()
    if values is None:
        return Measure.alone(
            coefficient.value, n, coefficient.reason or Reason.NO_INTERVALS
        ).to_json()
    measure = Measure.of_replicates(coefficient.value, values, n=n, confidence=confidence).to_json()
    measure["reason"] = coefficient.reason or (Reason.NO_SPREAD if measure["reason"] else "")
    if is_rare and measure["method"]:
        measure["method"] = POSTERIOR
    return measure


def _alike(patterns: PatternCount, estimates: Latent) -> list[dict[str, Any]]:
    compared = triples.compare(patterns, estimates)
    rows = zip(
        compared.n.tolist(),
        compared.observed_alike.coefficients(),
        compared.expected_alike.coefficients(),
        strict=True,
    )
    return [
        {
            "n": round(n),
            "observed": observed.value,
            "expected": expected.value,
            "reason": observed.reason or expected.reason,
        }
        for n, observed, expected in rows
    ]
