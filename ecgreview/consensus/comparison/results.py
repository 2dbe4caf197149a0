"""The results of a comparison of rules."""

from __future__ import annotations

from dataclasses import dataclass

from ecgreview.consensus.decision import State

# The order of the rows and columns of ``Outcome.changes``.
STATES = tuple(State)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The labels of a rule compared with a reference.

    Only cells that the reference answered are compared: it read the exam, and did not call the
    class not assessable.

    Attributes:
        n_hits: present in both.
        n_extra: present by the rule, absent by the reference.
        n_missed: absent by the rule, present by the reference.
        n_open_present: present by the reference, without a label by the rule.
        n_open_absent: marked by a reader, absent by the reference, without a label by the rule.
        macro_f1: mean of 2 hits / (2 hits + extra + missed + open_present) over the classes that
            the reference marked; None if it marked none.
    """

    n_hits: int
    n_extra: int
    n_missed: int
    n_open_present: int
    n_open_absent: int
    macro_f1: float | None

    @property
    def sensitivity(self) -> float | None:
        """Share of the reference's classes that the labels have; a missing label is a miss."""
        n = self.n_hits + self.n_missed + self.n_open_present
        return self.n_hits / n if n else None

    @property
    def ppv(self) -> float | None:
        """Share of the present labels that the reference marked."""
        n = self.n_hits + self.n_extra
        return self.n_hits / n if n else None

    @property
    def n_errors(self) -> int:
        return self.n_extra + self.n_missed


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What changes if a reader is left out.

    Exams that two other readers did not read are not counted, because they could not be decided.

    Attributes:
        n_decided: number of marked cells that are present or absent with all readers.
        n_changed: number of these whose state differs without the reader.
    """

    n_decided: int
    n_changed: int

    @property
    def share(self) -> float | None:
        return self.n_changed / self.n_decided if self.n_decided else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule decides at one of its settings.

    A marked cell is a class of an exam that at least one reader or adjudicator marked, or that a
    marked class implies. Other cells are never present under any rule.

    Attributes:
        setting: k or the threshold; None if the rule has no parameter.
        present: number of present labels of each class.
        disputed: number of undecided marked cells of each class.
        n_incomplete: number of incomplete marked cells.
        n_exams_disputed: number of exams in dispute, with the adjudications made so far.
        n_exams_incomplete: number of exams for which readings are missing.
        n_exams_to_adjudicate: number of exams in dispute before any adjudication.
        changes: number of marked cells by state under the study's rule (rows) and under this one
            (columns), in the order of ``STATES``.
        left_out: for each reader, what changes without this reader, or None if that cannot be
            computed: see ``RuleOutcomes.left_out_reasons``.
        accuracy: for each reference.
    """

    setting: float | None
    present: tuple[int, ...]
    disputed: tuple[int, ...]
    n_incomplete: int
    n_exams_disputed: int
    n_exams_incomplete: int
    n_exams_to_adjudicate: int
    changes: tuple[tuple[int, ...], ...]
    left_out: tuple[LeftOut | None, ...]
    accuracy: tuple[Accuracy, ...]

    @property
    def n_different(self) -> int:
        """Number of marked cells whose state differs under the study's rule."""
        return sum(
            n
            for row, counts in enumerate(self.changes)
            for column, n in enumerate(counts)
            if row != column
        )


@dataclass(frozen=True, slots=True)
class RuleOutcomes:
    """What a rule decides at each of its settings.

    Attributes:
        rule: a key of ``RULES``.
        reason: a value of ``Unsupported`` if the readings do not support what the rule estimates;
            then there are no outcomes. Otherwise empty.
        outcomes: by setting, in ascending order.
        chosen: the index of the setting that the study has, or would have with this rule.
        without_estimate: codes of the classes that the rule decides by majority, because it cannot
            estimate their posterior.
        left_out_reasons: for each reader, a value of ``Unsupported`` or empty.
    """

    rule: str
    reason: str
    outcomes: tuple[Outcome, ...] = ()
    chosen: int = 0
    without_estimate: tuple[str, ...] = ()
    left_out_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A cell in which a reference contradicts readers who agree.

    Attributes:
        exam: the key of the exam, as text.
        code: the class.
        reference: the index of the reference.
        is_marked: whether the reference marked the class.
        n_votes: number of readers who agree.
    """

    exam: str
    code: str
    reference: int
    is_marked: bool
    n_votes: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rules applied to the same readings.

    Attributes:
        classes: codes of the marked classes, in alphabetical order; the order of all counts by
            class.
        readers: who read for the study, in alphabetical order; adjudicators are not among them.
        references: the references, in the order given.
        n_exams: number of exams.
        n_marked: number of marked cells.
        n_adjudicated: number of exams with an adjudication.
        rules: in the order of ``RULES``.
        contradictions: by exam in the order given, then by class.
    """

    classes: tuple[str, ...]
    readers: tuple[str, ...]
    references: tuple[str, ...]
    n_exams: int
    n_marked: int
    n_adjudicated: int
    rules: tuple[RuleOutcomes, ...]
    contradictions: tuple[Contradiction, ...]
