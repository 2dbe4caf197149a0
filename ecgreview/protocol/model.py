"""A study's protocol as a value: what is fixed before the first exam is read."""

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

TRAINEE, CARDIOLOGIST, SENIOR = 1, 2, 3
"""Levels of readers, for ``minimum_reader_level``."""


class InvalidProtocol(ValueError):
    """The protocol cannot be used; ``problems`` holds everything that is wrong with it."""

    def __init__(self, problems: Iterable[ProtocolProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of showing suggestions under a randomised policy, and its share."""

    arm: ArmName
    weight: int


@dataclass(frozen=True, slots=True)
class Qualification:
    """Whether readers pass a set with reference answers first, and the share they must match."""

    required: bool = False
    pass_mark: float = 0.8


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a study fixes before it is opened; it cannot be made with values that make no sense.

    Attributes:
        taxonomy: name, a space, version, as in ``ecg-review-66 0.2-draft``.
        results_open: when readers who may see results see them.
        prior_exam: whether readers may look at the exam of the same patient before this one.
        qt_correction: formula by which the criteria model corrects QT for the heart rate.
        suggestion_arms: two or more, exactly when ``suggestion_policy`` is ``randomised``.
        repeat_fraction: share of each reader's exams that comes a second time, 0 to 0.5.
        washout_days: least time between the two readings of a hidden repeat.
        washout_exams: least number of other exams between them.
        patient_gap: other exams wanted between two exams of one patient.
        undo_window_s: how long after it a submission may be taken back, in seconds; 0 is never.
        minimum_reader_level: 1 trainee, 2 cardiologist, 3 senior.
        frequent_classes: codes for the number keys, in order; None is the taxonomy's usual ones.
        order_seed: secret of 64 hex digits from which orders are derived; None is yet to be drawn.

    Raises:
        InvalidProtocol: a value makes no sense, by itself or beside another.
    """

    name: str
    taxonomy: str
    consensus_rule: str = "majority_per_class"
    readers_per_exam: int = 2
    results_open: ResultsOpen = "batch_closed"
    clinical_information: ClinicalInformation = "age_and_sex"
    prior_exam: PriorExam = "hidden"
    suggestion_policy: SuggestionPolicy = "after_commit"
    suggestion_arms: tuple[Arm, ...] = ()
    qt_correction: QtCorrection = "bazett"
    adjudication: Adjudication = "masked"
    repeat_fraction: float = 0.0
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
        """Return every key with its value as plain JSON values, the secret seed among them."""
        return {
            **{key: getattr(self, key) for key in values.KEYS},
            "suggestion_arms": [
                {"arm": one.arm, "weight": one.weight} for one in self.suggestion_arms
            ],
            "repeat_fraction": _plain(self.repeat_fraction),
            "qualification": {
                "required": self.qualification.required,
                "pass_mark": _plain(self.qualification.pass_mark),
            },
            "frequent_classes": None
            if self.frequent_classes is None
            else list(self.frequent_classes),
        }


def parse(settings: Mapping[str, object]) -> Protocol:
    """Return the protocol that plain values make, such as those of a form or of JSON.

    Args:
        settings: values by key; a key that has a default may be left out.

    Raises:
        InvalidProtocol: with everything that is wrong.
    """
    refuse(values.problems(settings))
    found: dict[str, Any] = dict(settings)
    if "suggestion_arms" in found:
        found["suggestion_arms"] = tuple(Arm(**one) for one in found["suggestion_arms"])
    if "qualification" in found:
        found["qualification"] = Qualification(**found["qualification"])
    if found.get("frequent_classes") is not None:
        found["frequent_classes"] = tuple(found["frequent_classes"])
    return Protocol(**found)


def refuse(problems: Iterable[ProtocolProblem]) -> None:
    """Do nothing when there are no problems.

    Raises:
        InvalidProtocol: there are some.
    """
    if found := tuple(problems):
        raise InvalidProtocol(found)


def _plain(share: float) -> float:
    # 0, 0.0 and -0.0 are equal, and must give equal digests.
    return float(share) + 0.0
