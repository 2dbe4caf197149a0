r"""Design effects: how much larger variances are because patients have several exams.

Exams of one patient are alike, and so are the errors that readers make with them: a hundred exams
of thirty patients are less informative than a hundred exams of a hundred patients. Where only a
table of counts is available, intervals are computed for the "effective sample size", the number of
exams divided by the design effect.

The effect of a coefficient is that of its linearized values :math:`x_i`, whose sum over all exams
is 0, with patients u as units:

.. math:: d = \sum_u (\sum_{i \in u} x_i)^2 / \sum_i x_i^2

A table has one effect on agreement, the largest of the effects of its percent agreement, positive
agreement and kappa, and another on how often readers mark the class; neither is below 1. A few
patients reveal little about how alike their exams are. Effects are therefore shrunk towards their
maximum, reached when all exams of a patient are alike, as if PRIOR_PATIENTS more patients of that
sort had been observed. The resulting coverage is in
tests/domain/agreement/test_coverage_of_patients.py and docs/reference/agreement.md.

Source:
    Kish 1965, Survey Sampling, sections 5.4 and 8.2; Rao & Scott 1981, J Am Stat Assoc
    76(374):221-230; for proportions of clustered exams Rao & Scott 1992, Biometrics 48:577-585;
    for few cases Korn & Graubard 1998, Survey Methodology 24(2):193-201, who widen intervals with
    few units; Donner & Klar 2000, Design and Analysis of Cluster Randomization Trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.counts.clusters import Clusters
from ecgreview.agreement.counts.patterns import ABSENT, PRESENT

Array = NDArray[np.float64]

# Weight of the prior belief that all exams of a patient are alike, in patients.
PRIOR_PATIENTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Design effects, 1 or more; any shape.

    Attributes:
        agreement: effects on agreement between readers.
        marked: effects on how often readers mark the class; usually larger.
    """

    agreement: Array
    marked: Array

    def to_json(self) -> dict[str, list[Any]]:
        """Return both effects as lists, by ``NAMES``, rounded to three decimals."""
        columns = (self.agreement, self.marked)
        return {
            name: np.round(effects, 3).tolist()
            for name, effects in zip(NAMES, columns, strict=True)
        }

    def __getitem__(self, places: NDArray[np.bool_] | slice | int) -> Effects:
        return Effects(self.agreement[places], self.marked[places])

    def of_columns(self, columns: Sequence[int]) -> Effects:
        """Return the effects of pairs for the classes ``columns``, shape (n_pairs * n_columns,),
        pair by pair.
        """
        return Effects(self.agreement[:, columns].ravel(), self.marked[:, columns].ravel())


def of_classes(answers: Answers) -> Effects | None:
    """Return the effects of each class, shape (n_classes,); None if no patient has several
    exams.
    """
    if not answers.is_clustered:
        return None
    count = answers.count()
    table = np.stack([(count.patterns == state).sum(axis=1) for state in (ABSENT, PRESENT)], axis=1)
    cells = Cells(table.astype(np.float64), count.counts)
    return _effects(Clusters.of(answers).excess(_features(cells)), cells)


def stored(lines: Sequence[Mapping[str, Any]]) -> Effects | None:
    """Return the effects stored in the class or pair lines of a report.

    Args:
        lines: the lines of classes, or of pairs with a list over all classes.

    Returns:
        Shape (n_lines,) or (n_lines, n_classes); None for report versions without effects.
    """
    if not all(NAMES[0] in line for line in lines):
        return None
    return Effects(*(np.array([line[name] for line in lines], dtype=np.float64) for name in NAMES))


def largest(lines: Sequence[Mapping[str, Any]]) -> Array | None:
    """Return the larger of the two effects of each line; None if ``stored`` returns None."""
    effects = stored(lines)
    return None if effects is None else np.maximum(effects.agreement, effects.marked)


NAMES = ("design_effect", "design_effect_given")


class OfPairs:
    """The effects of pairs of readers, computed in chunks."""

    def __init__(self, answers: Answers) -> None:
        self._clusters = Clusters.of(answers)

    def of(self, pairs: Sequence[tuple[int, int]], tables: Array) -> Effects:
        """Return the effects of ``pairs``, shape (n_pairs, n_classes) each.

        Args:
            pairs: indexes of readers.
            tables: shape (n_pairs, n_classes, 2, 2); counts of all exams.
        """
        own = self._clusters.count.pairs(pairs)
        effects = []
        for row, pair in enumerate(pairs):
            excess = self._clusters.excess_of_pair(pair, own[:, row])
            cells = Cells(_OF_TWO, tables[row].reshape(-1, 4))
            features = _features(cells)
            effects.append(_effects(features.T @ excess @ features, cells))
        return Effects(
            np.stack([effect.agreement for effect in effects]),
            np.stack([effect.marked for effect in effects]),
        )


# For each count in the table of two readers, the number of readers who answered absent and present.
_OF_TWO = np.array([[2.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 2.0]])

_COMPARED, _AGREED, _BOTH, _TURNS, _SHARE, _READ, _ALL, _SOME, _NONE = range(9)


def _features(cells: Cells) -> Array:
    """Return the features of coefficients, shape (n_cells, 9), in the order of the names above."""
    absent, present = cells.table.T
    n_read, is_compared = cells.n_readings, cells.is_compared
    share = np.divide(present, n_read, out=np.zeros_like(present), where=n_read > 0)
    columns = (
        is_compared,
        np.where(is_compared, 1 - cells.disagreement, 0.0),
        present * (present - 1),
        present * (n_read - 1),
        share,
        n_read > 0,
        is_compared & (absent == 0),
        is_compared & (absent > 0) & (present > 0),
        is_compared & (present == 0),
    )
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _effects(excess: Array, cells: Cells) -> Effects:
    """Return the effects of classes, shape (n_classes,) each.

    Args:
        excess: shape (n_classes, 9, 9); ``Clusters.excess`` of ``_features``.
        cells: n_exams of shape (n_classes, n_cells).
    """
    features = _features(cells)
    totals = cells.n_exams @ features
    largest = np.max(
        [_alike(excess, totals, types) for types in ((_COMPARED,), (_ALL, _SOME), (_SOME, _NONE))],
        axis=0,
    )
    n_informative = np.min(
        [totals[:, kind] / _alike(excess, totals, (kind,)) for kind in (_ALL, _SOME, _NONE)],
        axis=0,
    )
    share = PRIOR_PATIENTS / (PRIOR_PATIENTS + n_informative)
    agreement, marked = (
        np.max([_observed(slope, excess, cells, features) for slope in slopes], axis=0)
        for slopes in _slopes(totals)
    )
    return Effects(
        *(np.maximum(1.0, np.maximum(observed, observed + share * (largest - observed)))
          for observed in (agreement, marked))
    )  # fmt: skip


def _alike(excess: Array, totals: Array, types: Sequence[int]) -> Array:
    """Return Kish's design effect if all exams of a patient that are of these types are alike.

    It is the mean, over exams of these types, of the number of such exams of the same patient;
    1 if there are none.
    """
    common = excess[:, types][:, :, types].sum(axis=(1, 2))
    n_exams = totals[:, types].sum(axis=1)
    return np.asarray(1 + np.maximum(common, 0.0) / np.maximum(n_exams, 1))


def _observed(slope: Array, excess: Array, cells: Cells, features: Array) -> Array:
    """Return the design effect of a coefficient; 1 if it has no scatter.

    ``slope`` has its derivatives with respect to the totals of the features.
    """
    common = np.einsum("ci,cij,cj->c", slope, excess, slope)
    alone = (cells.n_exams * (slope @ features.T) ** 2).sum(axis=1)
    has_scatter = alone > _ROUNDING
    ratio = np.divide(common, alone, out=np.zeros_like(common), where=has_scatter)
    return np.asarray(1 + ratio)


def _slopes(totals: Array) -> tuple[list[Array], list[Array]]:
    """Return derivatives with respect to the totals of the features.

    The first are those of the agreement coefficients, the second those of how often readers mark
    the class. Each has shape (n_classes, 9); a constant factor, which cancels in the design
    effects, is left out.
    """
    n_compared, n_read = (np.maximum(totals[:, column], 1) for column in (_COMPARED, _READ))
    agreed = totals[:, _AGREED] / n_compared
    positive = totals[:, _BOTH] / np.maximum(totals[:, _TURNS], 1)
    marked = totals[:, _SHARE] / n_read
    chance = 2 * marked * (1 - marked)
    of_agreed, of_positive, of_marked, of_kappa = (np.zeros(totals.shape) for _ in range(4))
    of_agreed[:, _AGREED], of_agreed[:, _COMPARED] = 1, -agreed
    of_positive[:, _BOTH], of_positive[:, _TURNS] = 1, -positive
    of_marked[:, _SHARE], of_marked[:, _READ] = 1, -marked
    moved = (1 - agreed) * 2 * (1 - 2 * marked) * n_compared / n_read
    of_kappa += of_agreed * chance[:, None] + of_marked * moved[:, None]
    return [of_agreed, of_positive, of_kappa], [of_marked]


_ROUNDING = 1e-18
