"""Prevalence and skill of rare classes, estimated jointly with the other classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import PatternCount
from ecgreview.agreement.values.coefficient import Causes, Estimates
from ecgreview.agreement.values.reasons import Reason

from . import pooled_errors
from .additive_logits import Parts, Spread
from .design import FEW, Design, checked
from .em import Floats, Model
from .plausibility import MIN_TRUE_POSITIVES, Plausibility
from .pooled_em import PooledModel
from .two_states import Latent, estimates

SENSITIVITY = Spread(classes=1.0, readers=0.5)
# Common classes have about a hundred times as many false alarms as rare ones, so the spread is
# larger.
FALSE_ALARMS = Spread(classes=3.0, readers=0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """Prevalences and skills at the joint maximum of a model shared by classes and readers.

    Attributes:
        classes: results class by class; ``log_likelihood`` excludes the penalty; ``n_iterations``
            and ``is_converged`` apply to all classes together.
        class_sensitivity: shape (n_classes,); logit of an average reader's sensitivity, NaN if
            undefined.
        class_false_alarms: shape (n_classes,); logit of an average reader's false alarm rate.
        reader_sensitivity: shape (n_readers,); a reader's contribution to the logit of sensitivity.
        reader_false_alarms: shape (n_readers,); a reader's contribution to the logit of the false
            alarm rate.
        errors: shape (n_classes, 1 + 2 n_readers); standard errors of the logits of prevalence,
            each reader's sensitivity, each reader's false alarms. NaN if undefined.
    """

    classes: Latent
    class_sensitivity: Floats
    class_false_alarms: Floats
    reader_sensitivity: Floats
    reader_false_alarms: Floats
    errors: Floats


def fit(
    patterns: PatternCount,
    *,
    effects: Floats | None = None,
    sensitivity: Spread = SENSITIVITY,
    false_alarms: Spread = FALSE_ALARMS,
    tolerance: float = 1e-12,
    max_steps: int = 5000,
) -> Pooled:
    r"""Return the penalized maximum of the likelihood of all classes together.

    .. math:: \operatorname{logit} s_{rc} = a_c + u_r + w_{rc}, \qquad
        \operatorname{logit} f_{rc} = b_c + v_r + x_{rc}

    with sensitivities s and false alarm rates f. The parts of classes, of readers, and of readers
    within one class are shrunk towards their means, as if they came from normal distributions of
    the given spread (a maximum a posteriori estimate). This pools a rare class with the other
    classes. Half an exam with the class and half an exam without it are added for each class, to
    keep the prevalence away from 0 and 1.

    A class that its own readings do not identify also has values, and the reason says what they
    depend on: on the parts shared by all classes if there are three or more readers, on the assumed
    spread if there are two.

    Args:
        patterns: the answers of the readers.
        effects: shape (n_classes,), 1 or more; design effects. They increase the standard errors
            but do not change the estimates.
        sensitivity: spread of the parts of sensitivity.
        false_alarms: spread of the parts of the false alarm rate.
        tolerance: gain per exam and class below which EM stops.
        max_steps: maximum number of EM steps.

    Raises:
        BadPatterns: the counts do not match the patterns, or a state is unknown.

    Source:
        Paun et al. 2018, Transactions of the ACL 6:571-585, hierarchical Dawid-Skene.
    """
    patterns = checked(patterns)
    design = Design.of(patterns)
    refusals = _refusals(design)
    is_fitted = ~np.logical_or.reduce([mask for mask, _ in refusals])
    model = PooledModel.of(patterns, design.counts[is_fitted], sensitivity, false_alarms)
    vector, n_steps, is_converged = model.climb(
        model.start(patterns), tolerance=tolerance, max_steps=max_steps
    )
    hits, alarms = (Parts.of(part, model.n_classes) for part in model.parts(vector)[1:])
    n_classes = len(is_fitted)
    of_fitted = np.ones(model.n_classes) if effects is None else effects[is_fitted]
    errors = pooled_errors.of_logits(model, vector, of_fitted)
    theta = _spread_out(model.theta(vector), is_fitted)
    posterior, log_probability = Model.of(patterns.patterns).posterior(np.nan_to_num(theta))
    plausibility = Plausibility.of(patterns, design, theta, posterior[:, 0])
    return Pooled(
        Latent(
            *_explained(theta, design, refusals, plausibility, is_converged=is_converged),
            posterior[:, 0],
            np.where(is_fitted, (design.counts * log_probability).sum(axis=1), 0.0),
            np.full(n_classes, n_steps),
            np.full(n_classes, is_converged),
            design.n_triples.astype(np.int64),
            plausibility,
        ),
        _spread_out(hits.mean + hits.classes, is_fitted),
        _spread_out(alarms.mean + alarms.classes, is_fitted),
        hits.readers,
        alarms.readers,
        _spread_out(errors, is_fitted),
    )


def _refusals(design: Design) -> Causes:
    """Return the reasons why classes are left out, with masks of shape (n_classes,)."""
    n_present, n_readings = design.n_present.sum(axis=1), design.n_readings.sum(axis=1)
    is_empty = (design.n_paired == 0) | (n_present == 0) | (n_present == n_readings)
    is_lonely = np.full(len(is_empty), (~is_empty).sum() < 2) & (design.n_triples == 0)
    return (
        (design.n_paired == 0, Reason.NOT_COMPARED),
        (n_present == 0, Reason.NEVER_GIVEN),
        (n_present == n_readings, Reason.ALWAYS_GIVEN),
        (is_lonely, Reason.NOTHING_TO_POOL),
    )


def _explained(
    theta: Floats,
    design: Design,
    refusals: Causes,
    plausibility: Plausibility,
    *,
    is_converged: bool,
) -> tuple[Estimates, Estimates, Estimates]:
    """Return prevalence, sensitivity and specificity with their reasons."""
    n_readers = design.n_readings.shape[1]
    if_present, if_absent = theta[:, 1 : 1 + n_readers], theta[:, 1 + n_readers :]
    is_pair = np.count_nonzero(design.n_readings.sum(axis=0)) < 3
    cautions: Causes = (
        (np.array(not is_converged), Reason.NOT_CONVERGED),
        (theta[:, 0] * design.counts.sum(axis=1) < 1, Reason.HARDLY_THERE),
        *plausibility.refusals(MIN_TRUE_POSITIVES),
        (np.array(is_pair), Reason.TWO_READERS_POOLED),
        (design.n_triples == 0, Reason.POOLED),
        *plausibility.cautions(),
        (design.n_informative < FEW, Reason.FEW_POOLED),
    )
    of_readers = tuple((np.reshape(mask, (-1, 1)), reason) for mask, reason in cautions)
    reader_refusals = (
        *((mask[:, None], reason) for mask, reason in refusals),
        (design.n_readings == 0, Reason.NEVER_READ),
    )
    reader_cautions = ((if_present <= if_absent, Reason.NO_BETTER_THAN_CHANCE), *of_readers)
    return (
        estimates(theta[:, 0], refusals, cautions),
        estimates(if_present, reader_refusals, reader_cautions),
        estimates(1 - if_absent, reader_refusals, reader_cautions),
    )


def _spread_out(values: Floats, is_fitted: NDArray[np.bool_]) -> Floats:
    """Expand ``values`` of the fitted classes to all classes, with NaN for the others."""
    everywhere = np.full((len(is_fitted), *values.shape[1:]), np.nan)
    everywhere[is_fitted] = values
    return everywhere
