"""The rules that label by the posterior of a latent class model of all exams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from math import exp, isnan

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import PatternCount
from ecgreview.agreement.latent import pooled, pooled_report, two_states
from ecgreview.agreement.latent.design import Design
from ecgreview.agreement.latent.plausibility import (
    FEW_TRUE_POSITIVES,
    MIN_SENSITIVITY,
    MIN_TRUE_POSITIVES,
)

from .decision import MIN_READINGS, UNANIMOUSLY_ABSENT, Basis, Cell, Decision, State
from .exam import Exam, codes_of, pattern_count, readers_of
from .per_class import Criterion, Tally, decide_classes, undecided
from .relations import Relations
from .vote_rules import majority

# Probabilities closer to 0 or 1 say more than any number of readings can support.
_MARGIN = 1e-6

# Keeps the skills of readers with few readings of a class away from 0 and 1.
_PSEUDO_COUNT = 0.5

_MAX_LOGIT = 700.0

# With fewer, sensitivity and prevalence are not identified, whatever the number of exams.
MIN_READERS = 3


def dawid_skene(exams: Sequence[Exam], relations: Relations, threshold: float) -> list[Decision]:
    """Decide each class by its posterior under Dawid and Skene's model, class by class.

    The pooled model replaces the fit of a class where that fit is degenerate: not identified, not
    converged, implausible, or with too few true positives. A class that neither identifies has no
    posterior and is decided by the majority of its votes.

    A class that nobody marked in an exam is absent there. Missing readings are not waited for: two
    votes are enough, and the posterior says how much they are worth. The model is fitted to the
    readings without adjudications, because adjudicators read only disputed exams. The majority of
    the adjudicators settles what the posterior leaves undecided.

    Args:
        exams: the readings of all exams; the fit uses them together.
        relations: what must hold; classes that violate it are undecided.
        threshold: at least 0.5. A class is present if its posterior is at least this, absent if
            it is at most ``1 - threshold``, and else undecided.

    Source:
        Dawid & Skene 1979, Applied Statistics 28(1):20-28. Pooled: Paun et al. 2018, Transactions
        of the ACL 6:571-585.
    """
    return _decide(exams, relations, threshold, Skills.of(exams))


def dawid_skene_pooled(
    exams: Sequence[Exam], relations: Relations, threshold: float
) -> list[Decision]:
    """Decide like ``dawid_skene``, with the pooled model for every class."""
    return _decide(exams, relations, threshold, Skills.of(exams, is_pooled=True))


@dataclass(frozen=True, eq=False)  # without slots: cached_property needs a dictionary
class Skills:
    """Estimated prevalence and skill, as log-likelihood ratios.

    Attributes:
        readers: the readers, in the order of the columns.
        codes: the classes, in the order of the rows.
        prior: shape (n_classes,); logit of the prevalence, NaN if the class is not identified.
        if_marked: shape (n_classes, n_readers); what a reader's mark adds to the logit.
        if_unmarked: the same shape; what the lack of a mark adds to it.
    """

    readers: Mapping[str, int]
    codes: Mapping[str, int]
    prior: NDArray[np.float64]
    if_marked: NDArray[np.float64]
    if_unmarked: NDArray[np.float64]

    @classmethod
    def of(cls, exams: Sequence[Exam], *, is_pooled: bool = False) -> Skills:
        """Estimate the skills of all readers from ``exams``."""
        ballots = [ballot for exam in exams for ballot in readers_of(exam)]
        readers = sorted({ballot.reader for ballot in ballots})
        codes = sorted(codes_of(ballots))
        places = ({name: i for i, name in enumerate(readers)}, {c: i for i, c in enumerate(codes)})
        if len(readers) < MIN_READERS or not codes:
            nothing = np.full((len(codes), len(readers)), np.nan)
            return cls(*places, np.full(len(codes), np.nan), nothing, nothing)
        patterns = pattern_count(exams, readers, codes)
        prevalence, sensitivity, specificity = _estimates(patterns, is_pooled=is_pooled)
        return cls(
            *places,
            np.log(prevalence / (1 - prevalence)),
            np.log(sensitivity / (1 - specificity)),
            np.log((1 - sensitivity) / specificity),
        )

    def posteriors(self, exam: Exam) -> dict[str, float]:
        """Return P(present | votes) of each identified class that a reader of ``exam`` marked."""
        ballots = readers_of(exam)
        marked = set().union(*(ballot.classes or () for ballot in ballots))
        votes = [
            (self.readers[ballot.reader], ballot.classes or (), ballot.unassessed)
            for ballot in ballots
        ]
        result = {}
        for code in sorted(marked):
            row = self.codes[code]
            if isnan(self.prior[row]):
                continue
            logit, if_marked, if_unmarked = self._ratios[row]
            for reader, classes, unassessed in votes:
                if code not in unassessed:
                    logit += if_marked[reader] if code in classes else if_unmarked[reader]
            # math.exp overflows beyond 709.
            result[code] = 1 / (1 + exp(min(-logit, _MAX_LOGIT)))
        return result

    @cached_property
    def _ratios(self) -> list[tuple[float, list[float], list[float]]]:
        """The three arrays row by row: indexing a list is several times as fast."""
        arrays = (self.prior, self.if_marked, self.if_unmarked)
        return list(zip(*(array.tolist() for array in arrays), strict=True))


def _estimates(
    patterns: PatternCount, *, is_pooled: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return prevalence, sensitivity and specificity; prevalence is NaN if not identified."""
    joint = pooled.fit(patterns).classes
    # Pairs of readers identify nothing, however many readers there are (ADR 40).
    refused = np.logical_or.reduce([m for m, _ in pooled_report.refusals(Design.of(patterns))])
    is_poolable = ~refused & joint.is_converged
    prevalence = np.where(is_poolable, _usable(joint, MIN_TRUE_POSITIVES), np.nan)
    sensitivity, specificity = joint.sensitivity.values, joint.specificity.values
    if not is_pooled:
        alone = two_states.fit(patterns, pseudo_count=_PSEUDO_COUNT)
        usable = _usable(alone, FEW_TRUE_POSITIVES)
        is_usable = ~np.isnan(usable) & alone.is_converged
        prevalence = np.where(is_usable, usable, prevalence)
        sensitivity = np.where(is_usable[:, None], alone.sensitivity.values, sensitivity)
        specificity = np.where(is_usable[:, None], alone.specificity.values, specificity)
    return (
        np.clip(prevalence, _MARGIN, 1 - _MARGIN),
        np.clip(sensitivity, _MARGIN, 1 - _MARGIN),
        np.clip(specificity, _MARGIN, 1 - _MARGIN),
    )


def _usable(fit: two_states.Latent, fewest: float) -> NDArray[np.float64]:
    """Return the prevalences of ``fit`` with NaN where no label may be derived from it.

    Labels ask for less than the reports, which refuse every class that readers miss more often than
    they mark it. If its prevalence is also at most the share of exams in which it was marked, its
    posteriors are calibrated and its labels have fewer errors than the majority's
    (``bench.consensus.low_sensitivity``).
    """
    plausibility = fit.plausibility
    is_degenerate = plausibility.is_above & (plausibility.mean_sensitivity < MIN_SENSITIVITY)
    is_few = plausibility.n_true_positives < fewest
    return np.where(is_degenerate | is_few, np.nan, fit.prevalence.values)


def _decide(
    exams: Sequence[Exam], relations: Relations, threshold: float, skills: Skills
) -> list[Decision]:
    @cache
    def decide(exam: Exam) -> Decision:
        return by_posteriors(exam, relations, threshold, skills.posteriors(exam))

    return [decide(exam) for exam in exams]


def by_posteriors(
    exam: Exam, relations: Relations, threshold: float, posteriors: Mapping[str, float]
) -> Decision:
    """Decide one exam by the posteriors of its classes, as ``dawid_skene`` does."""
    criterion = _criterion(posteriors, threshold)
    return decide_classes(exam.ballots, relations, exam.n_wanted, criterion)


def _criterion(posteriors: Mapping[str, float], threshold: float) -> Criterion:
    def criterion(tally: Tally) -> Cell:
        posterior = posteriors.get(tally.code)
        if tally.n_votes < MIN_READINGS:
            return replace(undecided(tally, Basis.SINGLE_VOTE), posterior=posterior)
        if tally.n_marked == 0:
            return UNANIMOUSLY_ABSENT
        if posterior is None:
            votes = Tally(tally.code, tally.n_marked, tally.n_votes)
            return majority(votes, split=Basis.NOT_IDENTIFIED)
        if posterior >= threshold:
            return Cell(State.PRESENT, Basis.POSTERIOR, posterior)
        if posterior <= 1 - threshold:
            return Cell(State.ABSENT, Basis.POSTERIOR, posterior)
        return Cell(State.UNDECIDED, Basis.UNCERTAIN, posterior)

    return criterion
