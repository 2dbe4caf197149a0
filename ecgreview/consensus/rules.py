"""The consensus rules by name. When a rule's outcomes change, it gets a new version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from . import rulings
from .decision import NO_RULING, Ballot, Decision
from .exam import Exam
from .latent_rules import dawid_skene, dawid_skene_pooled
from .relations import Relations
from .skill_rule import skill_weighted
from .two_votes import agreement_then_majority
from .vote_rules import (
    k_of_n,
    majority_per_class,
    two_plus_adjudicator,
    unanimous,
    union_then_adjudicate,
)

# The relations of the built-in taxonomy that no reading may violate.
NORMAL = Relations(exclusive=frozenset({"normal_ecg"}))

DEFAULT_RULE = "union_then_adjudicate"

DEFAULT_K = 2
DEFAULT_THRESHOLD = 0.5


class UnknownRule(ValueError):
    """No consensus rule has this name."""


class BadParameter(ValueError):
    """A parameter of a rule is out of range."""


class ContradictoryReading(ValueError):
    """A reading marks an exclusive class with another class, or a class it has no vote on."""


class Adjudication(StrEnum):
    """What an adjudicator's reading does to a class in dispute."""

    VOTES = "votes"
    DECIDES = "decides"
    IGNORED = "ignored"


class Parameter(StrEnum):
    """What a rule can be set to."""

    K = "k"
    THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule with its parameters, as a study chooses it.

    Attributes:
        rule: a key of ``RULES``.
        k: for ``k_of_n``: number of readers who must mark a class, at least 1.
        threshold: for rules with a posterior: the least posterior of a present class, at least 0.5
            and less than 1.

    Raises:
        UnknownRule: ``rule`` is not in ``RULES``.
        BadParameter: ``k`` or ``threshold`` is out of range.
    """

    rule: str = DEFAULT_RULE
    k: int = DEFAULT_K
    threshold: float = DEFAULT_THRESHOLD

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            available = ", ".join(sorted(RULES))
            raise UnknownRule(f"There is no rule {self.rule!r}. Available: {available}")
        if self.k < 1:
            raise BadParameter(f"k is {self.k}; it must be at least 1")
        if not 0.5 <= self.threshold < 1:
            raise BadParameter(f"the threshold is {self.threshold}; it must be from 0.5 to below 1")

    @property
    def name(self) -> str:
        """The rule with its parameters and version, as stored with each consensus."""
        rule = RULES[self.rule]
        settings = [f"{name}={getattr(self, name):g}" for name in rule.parameters]
        suffix = f"({', '.join(settings)})" if settings else ""
        return f"{self.rule}{suffix} {rule.version}"


_Decide: TypeAlias = Callable[[Sequence[Exam], Relations, Choice], list[Decision]]
_DecideExam: TypeAlias = Callable[[Sequence[Ballot], Relations, int], Decision]


@dataclass(frozen=True, slots=True)
class Rule:
    """A consensus rule. docs/reference/protocol.md says how each treats missing readings.

    Under every rule, only blind readings by people vote: a revised reading does not, because its
    reader has seen suggestions, and neither do models or references. Readers have no vote if they
    abstained, and none on a class that they called not assessable or were not asked about.

    No rule uses the certainty of a vote: "possible" counts like "definite". Published rules that
    do, such as following the more confident of two physicians (Kurvers et al. 2016, PNAS
    113:8777-8782), compare it between readers, and nothing ensures that ours mean the same by it.

    Attributes:
        version: changes when the outcomes of the rule change.
        decide: returns the decisions on several exams, in their order.
        parameters: which parameters of ``Choice`` it uses.
        adjudication: what adjudicators do to a class in dispute.
        takes_extra_readers: whether the vote of one more reader can settle a class in dispute.
            Not under rules that need all readers to agree, or that count only the first two.
        is_exam_local: whether the decision on an exam depends on its own readings alone. Then a
            caller may decide only some exams. The other rules are fitted to all exams: one more
            reading can change the decision on any of them, so all must be decided together.
    """

    version: str
    decide: _Decide
    parameters: tuple[Parameter, ...] = ()
    adjudication: Adjudication = Adjudication.DECIDES
    takes_extra_readers: bool = True
    is_exam_local: bool = True


def _of_each(function: _DecideExam) -> _Decide:
    """Return the rule that decides each exam by its own readings."""

    def decide(exams: Sequence[Exam], relations: Relations, choice: Choice) -> list[Decision]:
        return [function(exam.ballots, relations, exam.n_wanted) for exam in exams]

    return decide


# The rules by the name that protocols store.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "union_then_adjudicate": Rule(
            "1", _of_each(union_then_adjudicate), takes_extra_readers=False
        ),
        "majority_per_class": Rule(
            "2", _of_each(majority_per_class), adjudication=Adjudication.VOTES
        ),
        "two_plus_adjudicator": Rule(
            "1", _of_each(two_plus_adjudicator), takes_extra_readers=False
        ),
        "agreement_then_majority": Rule(
            "2",
            _of_each(agreement_then_majority),
            adjudication=Adjudication.VOTES,
        ),
        "unanimous": Rule(
            "1",
            _of_each(unanimous),
            adjudication=Adjudication.IGNORED,
            takes_extra_readers=False,
        ),
        "k_of_n": Rule(
            "1",
            lambda exams, relations, choice: [
                k_of_n(exam.ballots, relations, exam.n_wanted, k=choice.k) for exam in exams
            ],
            parameters=(Parameter.K,),
        ),
        "skill_weighted": Rule(
            "1",
            lambda exams, relations, choice: skill_weighted(exams, relations),
            is_exam_local=False,
        ),
        "dawid_skene": Rule(
            "1",
            lambda exams, relations, choice: dawid_skene(exams, relations, choice.threshold),
            parameters=(Parameter.THRESHOLD,),
            is_exam_local=False,
        ),
        "dawid_skene_pooled": Rule(
            "1",
            lambda exams, relations, choice: dawid_skene_pooled(exams, relations, choice.threshold),
            parameters=(Parameter.THRESHOLD,),
            is_exam_local=False,
        ),
    }
)

_Key = TypeVar("_Key")


def decide(
    choice: Choice, exams: Mapping[_Key, Exam], relations: Relations = NORMAL
) -> dict[_Key, Decision]:
    """Return the decision on each exam.

    Args:
        choice: the rule and its parameters.
        exams: the readings, by any key. Readings that do not vote are left out.
        relations: what holds in every decision. Exclusive classes must hold in every reading too.

    Raises:
        ContradictoryReading: a voting reading marks an exclusive class together with another class,
            or a class that it has no vote on.
    """
    voting = voting_exams(exams, relations)
    rule = RULES[choice.rule]
    decisions = rule.decide([*voting.values()], relations, choice)
    return {
        key: with_rulings(rule, decision, exam, relations)
        for (key, exam), decision in zip(voting.items(), decisions, strict=True)
    }


def voting_exams(exams: Mapping[_Key, Exam], relations: Relations) -> dict[_Key, Exam]:
    """Return the exams with the ballots that vote.

    Raises:
        ContradictoryReading: as ``decide``.
    """
    voting = {key: exam.voting(relations) for key, exam in exams.items()}
    for exam in voting.values():
        for ballot in exam.ballots:
            codes = ballot.classes or frozenset()
            if relations.contradictions(codes) or codes & ballot.unassessed:
                raise ContradictoryReading(", ".join(sorted(codes)))
    return voting


def with_rulings(rule: Rule, decision: Decision, exam: Exam, relations: Relations) -> Decision:
    """Return the decision of ``rule`` on ``exam`` with the rulings of the exam's adjudicators."""
    if rule.adjudication == Adjudication.IGNORED:
        return decision
    if all(ballot.ruling == NO_RULING for ballot in exam.ballots):
        return decision
    return rulings.apply(decision, exam.ballots, relations)
