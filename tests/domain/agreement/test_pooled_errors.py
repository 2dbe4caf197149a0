"""Standard errors of the pooled model."""

from __future__ import annotations

import numpy as np
import pytest

from ecgreview.agreement.latent import pooled, pooled_errors
from ecgreview.agreement.latent.additive_logits import Parts
from ecgreview.agreement.latent.pooled_em import PooledModel

from .latent_data import readings

Z = 1.959964


def expit(logits):
    return 1 / (1 + np.exp(-logits))


def logit(rates):
    return np.log(rates / (1 - rates))


def draw_study(seed, *, n_classes, n_readers, n_exams, per_exam=3, within=0.0, rarest=0.002):
    """Return the truth, shape (n_classes, 1 + 2 n_readers), and simulated readings."""
    rng = np.random.default_rng(seed)
    prevalence = np.geomspace(rarest, 0.2, n_classes)
    of_classes = rng.normal(0, 0.7, (2, n_classes, 1))
    of_readers = rng.normal(0, 0.4, (2, n_readers))
    own = rng.normal(0, within, (2, n_classes, n_readers))
    sensitivity = expit(1.5 + of_classes[0] + of_readers[0] + own[0])
    usual = np.log(0.1 * prevalence)[:, None]
    false_alarms = expit(usual + of_classes[1] + of_readers[1] + own[1])
    truth = np.concatenate([prevalence[:, None], sensitivity, false_alarms], axis=1)
    return truth, readings(
        rng, prevalence, sensitivity, false_alarms, n_exams=n_exams, per_exam=per_exam
    )


def estimates(fit):
    of = fit.classes
    return np.concatenate(
        [of.prevalence.values[:, None], of.sensitivity.values, 1 - of.specificity.values], axis=1
    )


def logits(model, vector):
    prevalence, hits, alarms = model.parts(vector)
    rates = [Parts.of(part, model.n_classes).logits for part in (hits, alarms)]
    return np.concatenate([prevalence[:, None], *rates], axis=1)


def fitted(patterns):
    model = PooledModel.of(patterns, patterns.counts, pooled.SENSITIVITY, pooled.FALSE_ALARMS)
    vector, _, is_converged = model.climb(model.start(patterns), tolerance=1e-14, max_steps=20_000)
    assert is_converged
    return model, vector


def test_errors_follow_from_the_curvature_of_the_objective():
    patterns = draw_study(1, n_classes=3, n_readers=3, n_exams=300, rarest=0.1)[1]
    model, vector = fitted(patterns)
    size, width = len(vector), 1e-3

    def height(*moves):
        moved = vector.copy()
        for place, by in moves:
            moved[place] += by
        return model.step(moved)[1]

    curvature = np.empty((size, size))
    for row in range(size):
        for column in range(row + 1):
            corners = [
                sign * other * height((row, sign * width), (column, other * width))
                for sign in (1, -1)
                for other in (1, -1)
            ]
            curvature[row, column] = curvature[column, row] = -sum(corners) / (4 * width**2)
    slopes = np.stack(
        [logits(model, vector + unit) - logits(model, vector) for unit in np.eye(size)], axis=-1
    )
    covariance = np.linalg.inv(curvature)
    expected = np.sqrt(np.einsum("crp,pq,crq->cr", slopes, covariance, slopes))
    result = pooled_errors.of_logits(model, vector, np.ones(3))
    np.testing.assert_allclose(result, expected, rtol=2e-3)


def test_a_design_effect_divides_the_number_of_exams():
    patterns = draw_study(2, n_classes=4, n_readers=4, n_exams=4000, rarest=0.05)[1]
    unclustered, of_patients = (
        pooled.fit(patterns, effects=value) for value in (None, np.full(4, 4.0))
    )
    np.testing.assert_array_equal(estimates(of_patients), estimates(unclustered))
    ratio = of_patients.errors[:, 0] / unclustered.errors[:, 0]
    np.testing.assert_allclose(ratio, 2, rtol=0.1)
    assert (of_patients.errors > unclustered.errors).all()


def test_there_are_no_errors_without_a_maximum():
    patterns = draw_study(3, n_classes=2, n_readers=3, n_exams=300, rarest=0.2)[1]
    model, vector = fitted(patterns)
    away = vector.copy()
    away[: model.n_classes] = (
        0.0  # a prevalence of one half, although only a fifth of the readings are positive
    )
    away[model.n_classes :] *= 0.0
    assert np.isnan(pooled_errors.of_logits(model, away, np.ones(2))).all()


def test_a_class_that_is_not_fitted_has_no_errors():
    truth, patterns = draw_study(4, n_classes=3, n_readers=3, n_exams=300, rarest=0.1)
    patterns.counts[0] = np.where((patterns.patterns == 2).any(axis=1), 0.0, patterns.counts[0])
    result = pooled.fit(patterns)
    assert np.isnan(result.errors[0]).all()
    assert np.isfinite(result.errors[1:]).all()
    assert result.errors.shape == truth.shape


@pytest.mark.parametrize("within", [0.0, 0.5])
def test_intervals_of_rare_classes_cover_the_truth(within):
    covered = []
    for seed in range(12):
        truth, patterns = draw_study(seed, n_classes=40, n_readers=4, n_exams=3000, within=within)
        result = pooled.fit(patterns, tolerance=1e-10)
        covered.append((np.abs(logit(estimates(result)) - logit(truth)) < Z * result.errors)[:20])
    rates = np.array(covered)
    of_readers = [rates[:, :, 1:5].mean(), rates[:, :, 5:].mean()]
    assert 0.91 < rates[:, :, 0].mean() < 0.99
    assert of_readers[0] > 0.91
    assert of_readers[1] > 0.86
