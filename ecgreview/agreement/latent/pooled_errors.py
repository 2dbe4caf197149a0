"""Standard errors of the pooled fit.

The posterior of the logits is approximated by the normal distribution with its mode and curvature.
Each class's errors therefore include the uncertainty about the parts that classes share. Errors
from resampled exams would not, because they ignore how far estimates were shrunk.
"""

from __future__ import annotations

import numpy as np

from .em import Floats
from .pooled_em import HALF_EXAM, PooledModel


def of_logits(model: PooledModel, vector: Floats, effects: Floats) -> Floats:
    r"""Return the standard errors of the logits at the penalized maximum.

    .. math:: V_c = A_c + A_c L J_c S^{-1} J_c^T L A_c, \quad A_c = (I_c + L)^{-1}, \quad
        S = P + \sum_c J_c^T (L - L A_c L) J_c

    with the observed information I of a class's logits, the ridge L on a reader's part in one
    class, the ridge P on the parts that classes share, and the design matrix J of these parts.

    Args:
        model: the fitted model.
        vector: its parameters at the penalized maximum.
        effects: shape (n_classes,); design effects, which divide the information of each class.

    Returns:
        Shape (n_classes, 1 + 2 n_readers): standard errors for prevalence, sensitivities and false
        alarm rates; all NaN if the curvature is not that of a maximum.

    Source:
        Tierney & Kadane 1986, J Am Stat Assoc 81:82-86; the observed information is that of Louis
        1982, J R Stat Soc B 44:226-233.
    """
    n_readers = model.model.n_readers
    errors = np.full((model.n_classes, 1 + 2 * n_readers), np.nan)
    if not model.n_classes:
        return errors
    n_shared = 1 + model.n_classes + n_readers
    shared = np.diag(np.concatenate([model.hits[:n_shared], model.alarms[:n_shared]]))
    ridges = _ridges(model, n_shared)
    inner, outer = [], []
    try:
        for row, information in enumerate(_information(model, vector, effects)):
            covariance = _inverse(information + np.diag(ridges[row]))
            reach = ridges[row][:, None] * _design(model, row)
            shared += _design(model, row).T @ reach - reach.T @ covariance @ reach
            inner.append(np.diagonal(covariance))
            outer.append(covariance @ reach)
        common = _inverse(shared)
    except np.linalg.LinAlgError:
        return errors
    for row, (own, reached) in enumerate(zip(inner, outer, strict=True)):
        errors[row] = np.sqrt(own + ((reached @ common) * reached).sum(axis=1))
    return errors


def _ridges(model: PooledModel, n_shared: int) -> Floats:
    """Return the ridge weights between a class's logits and the shared parts; 0 for prevalence."""
    n_classes, n_readers = model.n_classes, model.model.n_readers
    within = [
        weights[n_shared:].reshape(n_classes, n_readers) for weights in (model.hits, model.alarms)
    ]
    return np.concatenate([np.zeros((n_classes, 1)), *within], axis=1)


def _information(model: PooledModel, vector: Floats, effects: Floats) -> list[Floats]:
    """Return the observed information matrix of the 1 + 2 n_readers logits of each class."""
    return [
        _of_class(model, theta, present, counts / effect)
        for theta, present, counts, effect in zip(
            model.theta(vector),
            model.model.posterior(model.theta(vector))[0][:, 0],
            model.counts,
            effects,
            strict=True,
        )
    ]


def _of_class(model: PooledModel, theta: Floats, present: Floats, counts: Floats) -> Floats:
    """Return the complete-data information minus the missing information."""
    n_readers = model.model.n_readers
    gives = model.model.indicators[:, 1 : 1 + n_readers]
    reads = gives + model.model.indicators[:, 1 + n_readers :]
    hits, alarms = theta[1 : 1 + n_readers], theta[1 + n_readers :]
    with_class, without = counts * present, counts * (1 - present)
    complete = np.concatenate(
        [
            [(counts.sum() + 2 * HALF_EXAM) * theta[0] * (1 - theta[0])],
            (with_class @ reads) * hits * (1 - hits),
            (without @ reads) * alarms * (1 - alarms),
        ]
    )
    every = np.ones((len(counts), 1))
    apart = np.concatenate([every, gives - reads * hits, reads * alarms - gives], axis=1)
    missing = (apart * (with_class * (1 - present))[:, None]).T @ apart
    return np.asarray(np.diag(complete) - missing)


def _design(model: PooledModel, row: int) -> Floats:
    """Return the design matrix from shared parts to the logits of a class."""
    n_classes, n_readers = model.n_classes, model.model.n_readers
    n_shared = 1 + n_classes + n_readers
    design = np.zeros((1 + 2 * n_readers, 2 * n_shared))
    for first, start in ((1, 0), (1 + n_readers, n_shared)):
        rows = slice(first, first + n_readers)
        design[rows, [start, start + 1 + row]] = 1.0
        design[rows, start + 1 + n_classes : start + n_shared] = np.eye(n_readers)
    return design


def _inverse(matrix: Floats) -> Floats:
    """Return the inverse of a positive definite matrix.

    Raises:
        LinAlgError: the matrix is not positive definite.
    """
    root = np.linalg.inv(np.linalg.cholesky(matrix))
    return np.asarray(root.T @ root)
