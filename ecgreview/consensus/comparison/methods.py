"""The rules with all their settings: one estimate serves every threshold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import numpy as np

from ecgreview.consensus.counting import Count
from ecgreview.consensus.decision import Decision
from ecgreview.consensus.exam import Exam, readers_of
from ecgreview.consensus.latent_rules import MIN_READERS, Skills, by_posteriors
from ecgreview.consensus.relations import Relations
from ecgreview.consensus.rules import RULES, Choice, Rule, with_rulings
from ecgreview.consensus.skill_rule import by_weights, weights

# The thresholds that are compared: 0.50, 0.51, ..., 0.99.
THRESHOLDS = tuple(round(0.5 + 0.01 * step, 2) for step in range(50))

# Rules that estimate something from all exams together.
FITTED = frozenset({"skill_weighted", "dawid_skene", "dawid_skene_pooled"})


class Unsupported(StrEnum):
    """Why the readings do not support what a rule estimates."""

    FEW_READERS = "few_readers"  # fewer than three readers
    FEW_READINGS = "few_readings"  # no exam has three readings
    NOT_IDENTIFIED = "not_identified"  # no class has a usable fit
    NO_OTHERS = "no_others"  # no exam of the reader has two other readings


class NotSupported(Exception):
    """The readings do not support what the rule estimates."""

    def __init__(self, reason: Unsupported) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Method(Protocol):
    """A rule, fitted to all exams, at each of its settings."""

    def breaks(self, exam: Exam) -> Iterable[int]:
        """Return the settings at which the decision on ``exam`` may differ from the one before."""

    def decide(self, exam: Exam, place: int) -> Decision:
        """Decide ``exam`` at the setting with this index."""

    @property
    def without_estimate(self) -> tuple[str, ...]:
        """Codes of the classes without a posterior, for rules that estimate one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a rule, in ascending order, as choices of a study."""

    choices: tuple[Choice, ...]
    values: tuple[float | None, ...]
    chosen: int


def settings_of(rule: str, study: Choice, n_readers: int) -> Settings:
    """Return the settings of ``rule`` to compare: the study's own is always among them.

    Args:
        rule: a key of ``RULES``.
        study: the rule and parameters of the study.
        n_readers: the largest number of readers of an exam.
    """
    base = replace(study, rule=rule)
    if rule == "k_of_n":
        ks = sorted({*range(1, n_readers + 1), study.k})
        return Settings(tuple(replace(base, k=k) for k in ks), tuple(ks), ks.index(study.k))
    if RULES[rule].parameters:
        grid = sorted({*THRESHOLDS, study.threshold})
        choices = tuple(replace(base, threshold=threshold) for threshold in grid)
        return Settings(choices, tuple(grid), grid.index(study.threshold))
    return Settings((base,), (None,), 0)


def method_of(rule: str, settings: Settings, exams: Sequence[Exam], relations: Relations) -> Method:
    """Return ``rule``, fitted to ``exams``, with the rulings of adjudicators.

    Raises:
        NotSupported: the exams do not support what the rule estimates.
    """
    return _WithRulings(_fitted(rule, settings, exams, relations), RULES[rule], relations)


def _fitted(rule: str, settings: Settings, exams: Sequence[Exam], relations: Relations) -> Method:
    if rule not in FITTED:
        return _ByVotes(settings, relations, {})
    _check(exams)
    if rule == "skill_weighted":
        return _BySkill(weights(exams), relations)
    skills = Skills.of(exams, is_pooled=rule == "dawid_skene_pooled")
    if np.isnan(skills.prior).all():
        raise NotSupported(Unsupported.NOT_IDENTIFIED)
    return _ByPosterior(settings, relations, skills)


def _check(exams: Sequence[Exam]) -> None:
    readers = {ballot.reader for exam in exams for ballot in readers_of(exam)}
    if len(readers) < MIN_READERS:
        raise NotSupported(Unsupported.FEW_READERS)
    if not any(len(readers_of(exam)) >= MIN_READERS for exam in exams):
        raise NotSupported(Unsupported.FEW_READINGS)


@dataclass(frozen=True, slots=True, eq=False)
class _WithRulings:
    """A rule whose decisions adjudicators may overrule."""

    method: Method
    rule: Rule
    relations: Relations

    @property
    def without_estimate(self) -> tuple[str, ...]:
        return self.method.without_estimate

    def breaks(self, exam: Exam) -> Iterable[int]:
        return self.method.breaks(exam)

    def decide(self, exam: Exam, place: int) -> Decision:
        return with_rulings(self.rule, self.method.decide(exam, place), exam, self.relations)


@dataclass(frozen=True, slots=True, eq=False)
class _ByVotes:
    """A rule that decides each exam by its own votes, regardless of who cast them."""

    settings: Settings
    relations: Relations
    decided: dict[tuple[object, ...], Decision]

    without_estimate: tuple[str, ...] = ()

    def breaks(self, exam: Exam) -> Iterable[int]:
        if len(self.settings.choices) == 1:
            return (0,)
        count = Count.of([ballot for ballot in exam.ballots if not ballot.is_adjudication])
        n_missing = max(exam.n_wanted - count.n_readings, 0)
        # A class with n votes is present up to k = n, and absent from k = n + n_missing + 1.
        last = {n + more for n in {0, *count.marked.values()} for more in (0, n_missing)}
        return {0, *(bisect_right(self.settings.values, k) for k in last)}  # type: ignore[type-var]

    def decide(self, exam: Exam, place: int) -> Decision:
        key = (
            place,
            exam.n_wanted,
            *((b.classes, b.unassessed, b.is_adjudication) for b in exam.ballots),
        )
        known = self.decided.get(key)
        if known is None:
            choice = self.settings.choices[place]
            (known,) = RULES[choice.rule].decide([exam], self.relations, choice)
            self.decided[key] = known
        return known


@dataclass(frozen=True, slots=True, eq=False)
class _BySkill:
    skills: Mapping[str, float]
    relations: Relations
    without_estimate: tuple[str, ...] = ()

    def breaks(self, exam: Exam) -> Iterable[int]:
        return (0,)

    def decide(self, exam: Exam, place: int) -> Decision:
        return by_weights(exam, self.relations, self.skills)


@dataclass(frozen=True, slots=True, eq=False)
class _ByPosterior:
    settings: Settings
    relations: Relations
    skills: Skills

    @property
    def without_estimate(self) -> tuple[str, ...]:
        return tuple(code for code, row in self.skills.codes.items()
                     if np.isnan(self.skills.prior[row]))  # fmt: skip

    def breaks(self, exam: Exam) -> Iterable[int]:
        grid = [choice.threshold for choice in self.settings.choices]
        complements = [-(1 - threshold) for threshold in grid]
        result = {0}
        for posterior in self.skills.posteriors(exam).values():
            result.add(bisect_right(grid, posterior))
            result.add(bisect_right(complements, -posterior))
        return result

    def decide(self, exam: Exam, place: int) -> Decision:
        threshold = self.settings.choices[place].threshold
        return by_posteriors(exam, self.relations, threshold, self.skills.posteriors(exam))
