"""Simulated readings with a known truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.consensus import Ballot, Decision, Exam, State

N_CLASSES = 66
PREVALENCES = np.geomspace(0.0005, 0.30, N_CLASSES)
CODES = [f"class_{place:02}" for place in range(N_CLASSES)]


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """Readings of exams whose truth is known.

    Attributes:
        truth: shape (n_exams, n_classes); whether the class is present.
        exams: the readings by the row of ``truth``.
    """

    truth: NDArray[np.bool_]
    exams: dict[int, Exam]

    def errors(self, decisions: dict[int, Decision]) -> int:
        """Return the number of wrong labels; an undecided class counts as absent."""
        labels = np.zeros_like(self.truth)
        for row, decision in decisions.items():
            for code in decision.labels:
                labels[row, CODES.index(code)] = True
        return int((labels != self.truth).sum())

    def posteriors(
        self, decisions: dict[int, Decision]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the posteriors of all marked classes, and whether each class is present."""
        rows = [
            (cell.posterior, self.truth[row, CODES.index(code)])
            for row, decision in decisions.items()
            for code, cell in decision.cells.items()
            if cell.posterior is not None
        ]
        posteriors, is_present = np.array(rows, dtype=np.float64).T
        return posteriors, is_present.astype(np.bool_)


def simulate(
    n_readers: int,
    *,
    seed: int,
    n_exams: int = 8475,
    missing: float = 0.15,
    spread: float = 0.5,
) -> Simulated:
    """Draw a study of readers of different skill, who each miss ``missing`` of the exams.

    Sensitivity is about 80% and varies by class, by reader, and by both; false alarms are more
    frequent in common classes. ``spread`` is the standard deviation of the logit of sensitivity
    between classes; with 1.0, readers miss some classes more often than they mark them.
    """
    rng = np.random.default_rng(seed)
    truth = rng.random((n_exams, N_CLASSES)) < PREVALENCES
    shape = (N_CLASSES, n_readers)

    def skills(logits: NDArray[np.float64]) -> NDArray[np.float64]:
        of_readers = rng.normal(0, 0.5, n_readers)
        logits = logits[:, None] + of_readers + rng.normal(0, 0.5, shape)
        return np.asarray(1 / (1 + np.exp(-logits)))

    sensitivity = skills(rng.normal(1.5, spread, N_CLASSES))
    false_alarms = skills(np.log(PREVALENCES) - 2)
    exams = {}
    for row in range(n_exams):
        marks = rng.random(shape) < np.where(truth[row, :, None], sensitivity, false_alarms)
        exams[row] = Exam(
            tuple(
                Ballot(frozenset(CODES[c] for c in np.flatnonzero(marks[:, r])), reader=f"r{r}")
                for r in np.flatnonzero(rng.random(n_readers) >= missing)
            )
        )
    return Simulated(truth, exams)


def n_undecided(decisions: dict[int, Decision]) -> int:
    """Return the number of undecided classes."""
    return sum(
        cell.state == State.UNDECIDED
        for decision in decisions.values()
        for cell in decision.cells.values()
    )
