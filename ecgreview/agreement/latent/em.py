"""EM for the two-state model's likelihood, for many rows of counts together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import ABSENT, PRESENT

Floats = NDArray[np.float64]

_TINY = 1e-300  # replaces 0 in logarithms and denominators, to keep results finite
_LONGEST_JUMP = 256.0
# Matrix products up to this size fit into the cache and run on one thread. OpenBLAS would split
# larger ones across threads, which costs more time than it saves.
_PRODUCTS_AT_ONCE = 200_000
_LEAST_ROWS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Ascent:
    """The results of EM for many rows.

    Attributes:
        theta: shape (n_rows, 1 + 2 n_readers); the prevalence, each reader's probability of
            answering "present" when the class is present, then when it is absent.
        log_likelihood: shape (n_rows,); log-likelihood of ``theta``, without the pseudo-counts.
        n_steps: shape (n_rows,), int64; number of EM steps.
        is_converged: shape (n_rows,); whether EM converged within the maximum number of steps.
    """

    theta: Floats
    log_likelihood: Floats
    n_steps: NDArray[np.int64]
    is_converged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """The likelihood of answer patterns if readings are independent given the true state.

    Attributes:
        indicators: shape (n_patterns, 1 + 2 n_readers), float64; a column of ones, then for each
            reader 1 where they answer "present", then for each reader 1 where they answer "absent".
        pseudo_count: added to the numbers of readings "present" and "absent", for each reader and
            true state.
    """

    indicators: Floats
    pseudo_count: float = 0.0

    @classmethod
    def of(cls, patterns: NDArray[np.int8], pseudo_count: float = 0.0) -> Model:
        """Return the model of ``patterns``, shape (n_patterns, n_readers)."""
        every = np.ones((len(patterns), 1))
        indicators = np.concatenate([every, patterns == PRESENT, patterns == ABSENT], axis=1)
        return cls(indicators, pseudo_count)

    @property
    def n_readers(self) -> int:
        """Number of readers, including readers without readings."""
        return int(self.indicators.shape[1]) // 2

    def posterior(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return the posterior of each pattern.

        Returns:
            The probabilities that the class is present and absent, shape (n_rows, 2, n_patterns),
            and the logarithm of the pattern's probability, shape (n_rows, n_patterns).
        """
        n_rows, n_readers = len(theta), self.n_readers
        logs = np.empty((n_rows, 2, 1 + 2 * n_readers))
        logs[:, 0, 0] = theta[:, 0]
        logs[:, 1, 0] = 1 - theta[:, 0]
        rates = theta[:, 1:].reshape(n_rows, 2, n_readers)
        logs[:, :, 1 : 1 + n_readers] = rates
        np.subtract(1, rates, out=logs[:, :, 1 + n_readers :])
        np.log(np.maximum(logs, _TINY, out=logs), out=logs)
        joint = logs.reshape(2 * n_rows, 1 + 2 * n_readers) @ self.indicators.T
        joint = joint.reshape(n_rows, 2, len(self.indicators))
        highest = np.maximum(joint[:, 0], joint[:, 1])
        joint -= highest[:, None]
        np.exp(joint, out=joint)
        total = joint[:, 0] + joint[:, 1]
        joint /= total[:, None]
        return joint, highest + np.log(total)

    def maximum(self, counts: Floats, posterior: Floats) -> Floats:
        """Return the parameters, shape (n_rows, 1 + 2 n_readers), that best fit ``posterior``.

        Without pseudo-counts, parameters without data are 0.
        """
        n_rows, n_readers = len(counts), self.n_readers
        weights = counts[:, None, :] * posterior
        expected = weights.reshape(2 * n_rows, len(self.indicators)) @ self.indicators
        expected[:, 1:] += self.pseudo_count
        present = expected[:, 1 : 1 + n_readers]
        rates = present / np.maximum(present + expected[:, 1 + n_readers :], _TINY)
        theta = np.empty((n_rows, 1 + 2 * n_readers))
        theta[:, 1:] = rates.reshape(n_rows, 2 * n_readers)
        with_class, without = expected[::2, 0], expected[1::2, 0]
        theta[:, 0] = with_class / np.maximum(with_class + without, _TINY)
        return theta

    def step(self, theta: Floats, counts: Floats) -> tuple[Floats, Floats]:
        """Return the parameters after one EM step, and the objective before it, per row."""
        posterior, log_probability = self.posterior(theta)
        objective = np.einsum("rp,rp->r", counts, log_probability) + self._penalty(theta)
        return self.maximum(counts, posterior), objective

    def log_likelihood(self, theta: Floats, counts: Floats) -> Floats:
        """Return the log-likelihood of the observed patterns, shape (n_rows,)."""
        return np.asarray(np.einsum("rp,rp->r", counts, self.posterior(theta)[1]))

    def _penalty(self, theta: Floats) -> Floats | float:
        if not self.pseudo_count:
            return 0.0
        rates = theta[:, 1:]
        logs = np.log(np.maximum(rates, _TINY)) + np.log(np.maximum(1 - rates, _TINY))
        return np.asarray(self.pseudo_count * logs.sum(axis=1))


def climb(
    model: Model, theta: Floats, counts: Floats, *, tolerance: float, max_steps: int
) -> Ascent:
    """Repeat EM steps from ``theta`` until each row has converged or ``max_steps`` is reached.

    Args:
        model: the likelihood.
        theta: shape (n_rows, 1 + 2 n_readers); the starting point.
        counts: shape (n_rows, n_patterns), float64; number of exams with each pattern.
        tolerance: a row has converged when two successive cycles gain at most this per exam.
        max_steps: no cycle of three EM steps begins after this many steps.
    """
    block = max(_LEAST_ROWS, _PRODUCTS_AT_ONCE // max(1, 2 * model.indicators.size))
    parts = [
        _climb(model, theta[at : at + block], counts[at : at + block], tolerance, max_steps)
        for at in range(0, max(len(theta), 1), block)
    ]
    return Ascent(
        np.concatenate([part.theta for part in parts]),
        np.concatenate([part.log_likelihood for part in parts]),
        np.concatenate([part.n_steps for part in parts]),
        np.concatenate([part.is_converged for part in parts]),
    )


def _climb(model: Model, theta: Floats, counts: Floats, tolerance: float, max_steps: int) -> Ascent:
    """Maximize in cycles of two EM steps and a third EM step from their extrapolation.

    The extrapolation is SQUAREM's (Varadhan & Roland 2008, Scandinavian Journal of Statistics
    35:335-353). It is accepted only where the objective is no lower than after the first step, so
    the objective never falls. A row has converged when the first step of two successive cycles
    gains at most the tolerance: on a ridge, one short step does not show convergence. Converged
    rows are left out of further steps.
    """
    arrived = theta.copy()
    n_steps = np.zeros(len(theta), dtype=np.int64)
    is_converged = np.zeros(len(theta), dtype=np.bool_)
    rows, current, of_rows = np.arange(len(theta)), theta, counts
    enough = tolerance * counts.sum(axis=1)
    was_still = np.zeros(len(theta), dtype=np.bool_)
    step_count = 0
    while rows.size and step_count < max_steps:
        first, before = model.step(current, of_rows)
        second, after = model.step(first, of_rows)
        step_count += 2
        is_still = after - before <= enough[rows]
        is_done = is_still & was_still
        arrived[rows[is_done]] = second[is_done]
        n_steps[rows], is_converged[rows] = step_count, is_done
        going = ~is_done
        rows, of_rows, was_still = rows[going], of_rows[going], is_still[going]
        first, second, after = first[going], second[going], after[going]
        jump = _jump(current[going], first, second)
        third, there = model.step(jump, of_rows)
        step_count += 1
        current = np.where((there >= after)[:, None], third, second)
        arrived[rows] = current
    return Ascent(arrived, model.log_likelihood(arrived, counts), n_steps, is_converged)


def _jump(start: Floats, first: Floats, second: Floats) -> Floats:
    """Extrapolate two EM steps from ``start``. Values outside 0 to 1 are taken from ``second``."""
    step = first - start
    bend = second - first - step
    steps, bends = (step**2).sum(axis=1), (bend**2).sum(axis=1)
    length = np.sqrt(np.divide(steps, bends, out=np.ones_like(steps), where=bends > 0))
    length = np.clip(length, 1.0, _LONGEST_JUMP)[:, None]
    jump = start + 2 * length * step + length**2 * bend
    return np.where((jump > 0) & (jump < 1), jump, second)
