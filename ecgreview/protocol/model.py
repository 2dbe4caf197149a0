"""The protocol of a study: the rules that are fixed before the first exam is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ecgreview.strict_files import Problem as ProtocolProblem

from . import values

ResultsOpen: TypeAlias = Literal["live", "batch_closed", "study_locked"]
ClinicalInformation: TypeAlias = Literal["none", "age_and_sex", "full"]
PriorExam: TypeAlias = Literal["hidden", "shown"]
QtCorrection: TypeAlias = Literal["bazett", "fridericia", "framingham", "hodges"]
SuggestionPolicy: TypeAlias = Literal["none", "after_commit", "concurrent", "randomised"]
ArmName: TypeAlias = Literal["none", "after_commit", "concurrent"]
Adjudication: TypeAlias = Literal["masked", "open", "masked_then_open"]

# Levels of readers, for ``minimum_reader_level``.
TRAINEE, CARDIOLOGIST, SENIOR = 1, 2, 3


class InvalidProtocol(ValueError):
    """The protocol is invalid; ``problems`` lists what is wrong with it."""

    def __init__(self, problems: Iterable[ProtocolProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a randomized suggestion policy, and its weight."""

    arm: ArmName
    weight: int


@dataclass(frozen=True, slots=True)
class Qualification:
    """The test that readers may have to pass before they read for the study.

    Attributes:
        required: whether readers must pass it.
        pass_mark: share of the reference answers to match, 0 to 1.
    """

    required: bool = False
    pass_mark: float = 0.8


@dataclass(frozen=True, slots=True)
class Protocol:
    """The rules of a study, fixed before it opens. An instance is always valid.

    Attributes:
        taxonomy: name, a space, version, as in ``ecg-review-66 0.2-draft``.
        consensus_rule: see ``ecgreview.consensus.RULES``.
        consensus_k: for the rule ``k_of_n``: number of readers who must mark a class.
        consensus_threshold: for rules with a posterior: the least posterior of a present class, at
            least 0.5 and less than 1.
        results_open: when people with permission can see results; see ``values.KEYS``.
        prior_exam: whether readers may look at the same patient's previous exam.
        qt_correction: formula with which the criteria model corrects QT for the heart rate.
        suggestion_arms: at least two if ``suggestion_policy`` is ``randomised``, else none.
        repeat_fraction: share of each reader's exams that come back as hidden repeats, 0 to 0.5.
        gold_fraction: share of each reader's exams that are hidden gold exams, 0 to 0.2.
        washout_days: minimum number of days between the two readings of a hidden repeat.
        washout_exams: minimum number of other exams between them.
        patient_gap: desired number of other exams between two exams of one patient.
        undo_window_s: for how many seconds a submission can be corrected; 0 if it cannot.
        minimum_reader_level: 1 trainee, 2 cardiologist, 3 senior.
        frequent_classes: codes for the number keys, in order; None uses the taxonomy's defaults.
        order_seed: secret of 64 hex digits for drawing orders and arms; None if not yet drawn.

    Raises:
        InvalidProtocol: a value is invalid, by itself or in combination with another.
    """

    name: str
    taxonomy: str
    consensus_rule: str = "union_then_adjudicate"
    consensus_k: int = 2
    consensus_threshold: float = 0.5
    readers_per_exam: int = 2
    results_open: ResultsOpen = "batch_closed"
    clinical_information: ClinicalInformation = "age_and_sex"
    prior_exam: PriorExam = "hidden"
    suggestion_policy: SuggestionPolicy = "after_commit"
    suggestion_arms: tuple[Arm, ...] = ()
    qt_correction: QtCorrection = "bazett"
    adjudication: Adjudication = "masked"
    repeat_fraction: float = 0.0
    gold_fraction: float = 0.0
    washout_days: int = 0
    washout_exams: int = 0
    patient_gap: int = 10
    undo_window_s: int = 60
    minimum_reader_level: int = TRAINEE
    qualification: Qualification = field(default_factory=Qualification)
    frequent_classes: tuple[str, ...] | None = None
    order_seed: str | None = field(default=None, repr=False)  # a secret: kept out of logs

    def __post_init__(self) -> None:
        refuse(values.problems(self.settings()))

    def settings(self) -> dict[str, Any]:
        """Return every key with its value as JSON values, including the secret seed."""
        return {
            **{key: getattr(self, key) for key in values.KEYS},
            "suggestion_arms": [
                {"arm": arm.arm, "weight": arm.weight} for arm in self.suggestion_arms
            ],
            "repeat_fraction": _without_negative_zero(self.repeat_fraction),
            "gold_fraction": _without_negative_zero(self.gold_fraction),
            "qualification": {
                "required": self.qualification.required,
                "pass_mark": _without_negative_zero(self.qualification.pass_mark),
            },
            "frequent_classes": None
            if self.frequent_classes is None
            else list(self.frequent_classes),
        }


def parse(settings: Mapping[str, object]) -> Protocol:
    """Return the protocol with the given values, such as those of a form or of JSON.

    Args:
        settings: values by key; keys with a default may be omitted.

    Raises:
        InvalidProtocol: at least one value is invalid; lists the problems.
    """
    refuse(values.problems(settings))
    arguments: dict[str, Any] = dict(settings)
    if "suggestion_arms" in arguments:
        arguments["suggestion_arms"] = tuple(Arm(**arm) for arm in arguments["suggestion_arms"])
    if "qualification" in arguments:
        arguments["qualification"] = Qualification(**arguments["qualification"])
    if arguments.get("frequent_classes") is not None:
        arguments["frequent_classes"] = tuple(arguments["frequent_classes"])
    return Protocol(**arguments)


def refuse(problems: Iterable[ProtocolProblem]) -> None:
    """Raise InvalidProtocol with all ``problems``, if there are any."""
    if listed := tuple(problems):
        raise InvalidProtocol(listed)


def _without_negative_zero(share: float) -> float:
    # 0, 0.0 and -0.0 are equal, and must give equal digests.
    return float(share) + 0.0
