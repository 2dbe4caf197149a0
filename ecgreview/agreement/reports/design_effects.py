r"""How many times larger variances are because patients have several exams.

Exams of one patient are alike, and so are the errors that readers make with them: a hundred exams
of thirty patients tell less than a hundred of a hundred. Where only a table of counts is at hand,
intervals are made of so many times fewer exams: of the "effective sample size".

The effect of a coefficient is that of its linearised values :math:`x_i`, whose sum over all exams
is 0, with patients u as units:

.. math:: d = \sum_u (\sum_{i \in u} x_i)^2 / \sum_i x_i^2

That of a table is one number, the largest of its percent agreement, positive agreement and kappa,
and never below 1. A few patients say little of how alike their exams are. The effect is therefore
drawn towards the largest that exams can have, that of exams of a patient which are all alike, as
if PRIOR_PATIENTS more patients had been seen to be so. What this makes of coverage is in
tests/domain/agreement/test_coverage_of_patients.py and docs/reference/agreement.md.

Source:
    Kish 1965, Survey Sampling, sections 5.4 and 8.2; Rao & Scott 1981, J Am Stat Assoc
    76(374):221-230; for proportions of clustered exams Rao & Scott 1992, Biometrics 48:577-585;
    for few cases Korn & Graubard 1998, Survey Methodology 24(2):193-201, who widen where few units
    tell; Donner & Klar 2000, Design and Analysis of Cluster Randomization Trials.
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

PRIOR_PATIENTS = 5
"""How many patients the belief counts for that all exams of a patient are alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """How many times fewer exams tell as much, 1 or more; any shape.

    Attributes:
        agreement: for how far readers agree.
        given: for how often they give the class, of which the exams of a patient tell less still.
    """

    agreement: Array
    given: Array

    def to_json(self) -> dict[str, list[Any]]:
        """Return both by ``NAMES``, as plain numbers."""
        columns = (self.agreement, self.given)
        return {name: np.round(one, 3).tolist() for name, one in zip(NAMES, columns, strict=True)}

    def __getitem__(self, places: NDArray[np.bool_] | slice | int) -> Effects:
        """Return the effects of some of the tables."""
        return Effects(self.agreement[places], self.given[places])

    def of_columns(self, columns: Sequence[int]) -> Effects:
        """Return those of some classes of pairs, shape (n_pairs * n_columns,), pair by pair."""
        return Effects(self.agreement[:, columns].ravel(), self.given[:, columns].ravel())


def of_classes(answers: Answers) -> Effects | None:
    """Return the effects of each class, shape (n_classes,); None where nobody has several exams."""
    if not answers.is_clustered:
        return None
    count = answers.count()
    table = np.stack([(count.patterns == said).sum(axis=1) for said in (ABSENT, PRESENT)], axis=1)
    cells = Cells(table.astype(np.float64), count.counts)
    return _effects(Clusters.of(answers).excess(_features(cells)), cells)


def stored(lines: Sequence[Mapping[str, Any]]) -> Effects | None:
    """Return the effects that classes or pairs of a report were stored with.

    Args:
        lines: of classes, or pairs with a list for all classes.

    Returns:
        Shape (n_lines,) or (n_lines, n_classes); None where a version had none.
    """
    if not all(NAMES[0] in line for line in lines):
        return None
    return Effects(*(np.array([line[name] for line in lines], dtype=np.float64) for name in NAMES))


def largest(lines: Sequence[Mapping[str, Any]]) -> Array | None:
    """Return the larger effect of each line: for how common a class is and how well it is read."""
    found = stored(lines)
    return None if found is None else np.maximum(found.agreement, found.given)


NAMES = ("design_effect", "design_effect_given")


class OfPairs:
    """The effects of pairs of readers, some pairs at a time."""

    def __init__(self, answers: Answers) -> None:
        """Put together the patients of ``answers`` who have several exams."""
        self._clusters = Clusters.of(answers)

    def of(self, pairs: Sequence[tuple[int, int]], tables: Array) -> Effects:
        """Return the effects of ``pairs``, shape (n_pairs, n_classes) each.

        Args:
            pairs: of readers.
            tables: shape (n_pairs, n_classes, 2, 2); of all exams.
        """
        own = self._clusters.count.pairs(pairs)
        found = []
        for row, pair in enumerate(pairs):
            excess = self._clusters.excess_of_pair(pair, own[:, row])
            cells = Cells(_OF_TWO, tables[row].reshape(-1, 4))
            features = _features(cells)
            found.append(_effects(features.T @ excess @ features, cells))
        return Effects(
            np.stack([one.agreement for one in found]), np.stack([one.given for one in found])
        )


_OF_TWO = np.array([[2.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 2.0]])
"""The fields of the table of two readers as divisions over absent and present."""

_COMPARED, _AGREED, _BOTH, _TURNS, _SHARE, _READ, _ALL, _SOME, _NONE = range(9)


def _features(cells: Cells) -> Array:
    """Return all that coefficients are made of, shape (n_cells, 9), in the order of the names."""
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
        excess: of ``Clusters``, shape (n_classes, 9, 9), of ``_features``.
        cells: n_exams of shape (n_classes, n_cells).
    """
    features = _features(cells)
    totals = cells.n_exams @ features
    largest = np.max(
        [_alike(excess, totals, kinds) for kinds in ((_COMPARED,), (_ALL, _SOME), (_SOME, _NONE))],
        axis=0,
    )
    n_telling = np.min(
        [totals[:, kind] / _alike(excess, totals, (kind,)) for kind in (_ALL, _SOME, _NONE)],
        axis=0,
    )
    share = PRIOR_PATIENTS / (PRIOR_PATIENTS + n_telling)
    agreement, given = (
        np.max([_observed(slope, excess, cells, features) for slope in slopes], axis=0)
        for slopes in _slopes(totals)
    )
    return Effects(
        *(np.maximum(1.0, np.maximum(one, one + share * (largest - one)))
          for one in (agreement, given))
    )  # fmt: skip


def _alike(excess: Array, totals: Array, kinds: Sequence[int]) -> Array:
    """Return Kish's effect of exams of a kind that are all alike: the mean exams of a patient.

    It is the mean over exams of how many of that kind their patient has, 1 where there is none.
    """
    common = excess[:, kinds][:, :, kinds].sum(axis=(1, 2))
    n_exams = totals[:, kinds].sum(axis=1)
    return np.asarray(1 + np.maximum(common, 0.0) / np.maximum(n_exams, 1))


def _observed(slope: Array, excess: Array, cells: Cells, features: Array) -> Array:
    """Return the effect of a coefficient with this slope in the features, 1 where it has none."""
    common = np.einsum("ci,cij,cj->c", slope, excess, slope)
    alone = (cells.n_exams * (slope @ features.T) ** 2).sum(axis=1)
    has_scatter = alone > _ROUNDING
    ratio = np.divide(common, alone, out=np.zeros_like(common), where=has_scatter)
    return np.asarray(1 + ratio)


def _slopes(totals: Array) -> tuple[list[Array], list[Array]]:
    """Return how agreement, and how giving the class, change with the features of an exam.

    Each is of shape (n_classes, 9), and up to a factor, which no effect depends on.
    """
    n_compared, n_read = (np.maximum(totals[:, one], 1) for one in (_COMPARED, _READ))
    agreed = totals[:, _AGREED] / n_compared
    positive = totals[:, _BOTH] / np.maximum(totals[:, _TURNS], 1)
    given = totals[:, _SHARE] / n_read
    chance = 2 * given * (1 - given)
    of_agreed, of_positive, of_given, of_kappa = (np.zeros(totals.shape) for _ in range(4))
    of_agreed[:, _AGREED], of_agreed[:, _COMPARED] = 1, -agreed
    of_positive[:, _BOTH], of_positive[:, _TURNS] = 1, -positive
    of_given[:, _SHARE], of_given[:, _READ] = 1, -given
    moved = (1 - agreed) * 2 * (1 - 2 * given) * n_compared / n_read
    of_kappa += of_agreed * chance[:, None] + of_given * moved[:, None]
    return [of_agreed, of_positive, of_kappa], [of_given]


_ROUNDING = 1e-18
