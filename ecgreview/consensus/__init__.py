"""Consensus labels of exams from several readings, by named and versioned rules."""

from __future__ import annotations

from .alone import LoneVote, lone_votes, readability_vote
from .decision import (
    MIN_READINGS,
    Ballot,
    Basis,
    Cell,
    Certainty,
    Decision,
    Kind,
    Purpose,
    Reason,
    Ruling,
    Stage,
    State,
    Status,
)
from .exam import Exam
from .relations import Relations
from .rules import (
    DEFAULT_K,
    DEFAULT_RULE,
    DEFAULT_THRESHOLD,
    RULES,
    Adjudication,
    BadParameter,
    Choice,
    ContradictoryReading,
    Parameter,
    Rule,
    UnknownRule,
    decide,
)
from .signal import LEVELS, Quality, SignalBallot, SignalDecision, decide_signal, problem_codes
from .signal import VERSION as SIGNAL_VERSION
from .signal_agreement import ItemAgreement, SignalVotes, signal_agreement

__all__ = [
    "DEFAULT_K",
    "DEFAULT_RULE",
    "DEFAULT_THRESHOLD",
    "LEVELS",
    "MIN_READINGS",
    "RULES",
    "SIGNAL_VERSION",
    "Adjudication",
    "BadParameter",
    "Ballot",
    "Basis",
    "Cell",
    "Certainty",
    "Choice",
    "ContradictoryReading",
    "Decision",
    "Exam",
    "ItemAgreement",
    "Kind",
    "LoneVote",
    "Parameter",
    "Purpose",
    "Quality",
    "Reason",
    "Relations",
    "Rule",
    "Ruling",
    "SignalBallot",
    "SignalDecision",
    "SignalVotes",
    "Stage",
    "State",
    "Status",
    "UnknownRule",
    "decide",
    "decide_signal",
    "lone_votes",
    "problem_codes",
    "readability_vote",
    "signal_agreement",
]
