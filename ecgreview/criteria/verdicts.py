"""The verdict of the criteria model on each class it checks, with the deciding measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ecgreview.measure.measurements import Missing

from .marks import Marks


class State(StrEnum):
    """The three possible verdicts. Stored with suggestion runs: never rename a value."""

    SUGGESTED = "suggested"
    NOT_MET = "not_met"
    WITHHELD = "withheld"


class Reason(StrEnum):
    """Why a class is not suggested. Stored with suggestion runs: never rename a value."""

    CRITERIA = "criteria_not_met"
    NOT_MEASURED = "not_measured"
    UNCERTAIN = "uncertain"
    NEAR_LIMIT = "near_limit"
    CHILD = "child"
    P_INCONSISTENT = "p_wave_inconsistent"
    P_NOT_UPRIGHT = "p_wave_not_upright"
    SECOND_P = "second_p_wave"
    IRREGULAR = "rhythm_irregular"
    PACED = "paced"
    FLUTTER_RATE = "flutter_possible"
    PREEXCITATION = "preexcitation_possible"
    WIDE_QRS = "wide_qrs"
    BAZETT_RATE = "bazett_outside_60_to_100"
    LIMB_LEADS = "limb_leads_normal"
    RBBB_SHAPE = "right_bundle_branch_shape"
    LBBB_SHAPE = "left_bundle_branch_shape"
    LBBB_POSSIBLE = "left_bundle_branch_block_possible"


class Outcome(StrEnum):
    """The result of one comparison."""

    MET = "met"
    FAILED = "failed"
    NEAR_LIMIT = "near_limit"
    UNCERTAIN = "uncertain"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One measurement compared with a limit.

    Attributes:
        measurement: name of a field of ``Measurements``.
        comparison: ``above``, ``below``, ``at_least`` or ``at_most``.
        value: None if it could not be measured; ``missing`` then has the reason.
        decimals: number of decimals that keeps the value distinct from the limit.
    """

    measurement: str
    comparison: str
    limit: float
    value: float | None
    unit: str
    decimals: int
    n_beats: int
    n_beats_found: int
    outcome: Outcome
    missing: Missing | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "measurement": self.measurement,
            "comparison": self.comparison,
            "limit": self.limit,
            "value": self.value,
            "unit": self.unit,
            "decimals": self.decimals,
            "n_beats": self.n_beats,
            "n_beats_found": self.n_beats_found,
            "outcome": self.outcome.value,
            "missing": self.missing.value if self.missing else None,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of the model on one class.

    Attributes:
        code: class code in the taxonomy.
        reason: None when the class is suggested.
        checks: the first criterion, or the criterion that failed. If another comparison is why the
            class is not suggested, it is second. Empty if the patient is a child.
        source: publication of the limits.
    """

    code: str
    state: State
    reason: Reason | None
    checks: tuple[Check, ...]
    source: str

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, as stored with suggestion runs."""
        return {
            "class": self.code,
            "state": self.state.value,
            "reason": self.reason.value if self.reason else None,
            "checks": [check.to_json() for check in self.checks],
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """A suggested class with its evidence.

    Attributes:
        evidence: one English line, such as "PR 238 ms > 200 ms (9 of 9 beats)".
        marks: where to draw the evidence on the sheet; None if unknown.
        evidence_data: the values in ``evidence``, so that pages can word it in another language.
    """

    code: str
    evidence: str
    marks: Marks | None
    evidence_data: Mapping[str, Any]
