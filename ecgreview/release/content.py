"""What a release contains, independent of the formats in which it is written.

Everything here is already de-identified: a writer may write all of it and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from ecgreview.ecg.signal import Signal
from ecgreview.taxonomy.model import Taxonomy


class LabelState(StrEnum):
    """The states of a consensus (``ecgreview.consensus.State``), and that of embargoed labels."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDECIDED = "undecided"
    INCOMPLETE = "incomplete"
    NOT_ASSESSED = "not_assessed"
    EMBARGOED = "embargoed"


@dataclass(frozen=True, slots=True)
class Source:
    """A data set from which exams were imported.

    Attributes:
        licence: SPDX identifier or name, as stated at import.
        attribution: how its authors want to be cited.
    """

    name: str
    licence: str
    attribution: str
    is_synthetic: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of the release as a whole.

    Attributes:
        study: name of the study; ``slug`` is the same as a file name.
        version: of the release, such as ``1.0``.
        released_on: year and month only, such as ``2026-11``; releases contain no dates.
        program_version: version of ECG Review that wrote it.
        protocol_digest: SHA-256 of the protocol in force.
        rule: name of the consensus rule; ``rule_parameters`` are its parameters.
        licence: of the labels, and of the signals if they are included.
        authors: in order of citation; may be empty.
        has_signals: whether the release includes the tracings.
        folds: number of patient-disjoint folds; 0 if exams have none.
        n_exams, n_readings, n_readers: counts, including what is embargoed.
        n_embargoed: number of exams without labels and readings, because these are embargoed.
    """

    study: str
    slug: str
    version: str
    released_on: str
    program_version: str
    protocol_version: int
    protocol_digest: str
    rule: str
    rule_parameters: Mapping[str, float]
    taxonomy: Taxonomy
    licence: str
    authors: Sequence[str]
    sources: Sequence[Source]
    has_signals: bool
    folds: int
    n_exams: int
    n_readings: int
    n_readers: int
    n_embargoed: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    """The consensus on one class of one exam.

    Attributes:
        basis: why the class has its state (``docs/reference/protocol.md``).
        n_marked: number of votes for the class.
        n_votes: number of votes for or against it.
        posterior: P(present | votes), if the rule estimates it.
    """

    state: LabelState
    basis: str
    n_marked: int
    n_votes: int
    posterior: float | None = None

    @property
    def hard(self) -> float:
        """1 if present, 0 if absent, NaN if neither."""
        return {LabelState.PRESENT: 1.0, LabelState.ABSENT: 0.0}.get(self.state, float("nan"))

    @property
    def soft(self) -> float:
        """The posterior or, if there is none, the share of votes; NaN without votes."""
        if self.posterior is not None:
            return self.posterior
        return self.n_marked / self.n_votes if self.n_votes else float("nan")


EMBARGOED = Label(LabelState.EMBARGOED, "", 0, 0)


@dataclass(frozen=True, slots=True)
class ReleasedExam:
    """One exam.

    Attributes:
        number: 1, 2, ... in the order of the release.
        code: its name in this release and in later releases of the study.
        source_key: its name in the source, or a keyed HMAC of it.
        patient: a pseudonym of this study, or empty if the patient is unknown.
        age_years: None if unknown or above 89; then ``is_over_89`` distinguishes the two.
        sex: "F", "M" or empty.
        fold: 1 to ``Facts.folds``, or None.
        split: official split of the source, such as "test", or empty.
        outcome: how the consensus was reached, a value of ``consensus.Status``, or "embargoed".
        labels: for every class of the taxonomy, in its order, by code.
        n_readings: number of votes, including those that call the exam unreadable.
        tracings: number of tracings; 0 if only readings were imported.
        is_embargoed: whether its labels and readings are embargoed. What writers get is without
            them (``embargoed``).
    """

    number: int
    code: str
    source: str
    source_key: str
    patient: str
    age_years: float | None
    is_over_89: bool
    sex: str
    fold: int | None
    split: str
    outcome: str
    labels: Mapping[str, Label]
    n_readings: int
    n_unreadable: int
    tracings: int
    is_embargoed: bool = False

    @property
    def present(self) -> list[str]:
        """Codes of the present classes."""
        return [code for code, label in self.labels.items() if label.state == LabelState.PRESENT]

    def embargoed(self) -> ReleasedExam:
        """Return the exam without labels, and without counts that tell how readers voted."""
        return replace(
            self, outcome=LabelState.EMBARGOED.value, labels=dict.fromkeys(self.labels, EMBARGOED),
            n_readings=0, n_unreadable=0, is_embargoed=True,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Area:
    """A place in a tracing where a reader saw a finding; ``tracing`` counts from 1."""

    tracing: int
    leads: Sequence[str]
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A class that a reader marked. ``certainty`` is definite, probable or possible."""

    code: str
    certainty: str
    areas: Sequence[Area] = ()


@dataclass(frozen=True, slots=True)
class ReleasedReading:
    """One blind reading by a person, a model or a reference.

    Attributes:
        exam: code of the exam.
        reader: pseudonym; constant in all releases of a study.
        kind: person, model or reference.
        purpose: data, reread or adjudication.
        quality: good, acceptable, poor or unreadable.
        findings: the classes marked, in the order of the taxonomy.
        unassessed: codes of classes not assessable, or that the reader was not asked about.
        active_ms: time the reader worked on the exam; 0 if unknown.
    """

    exam: str
    reader: str
    kind: str
    purpose: str
    quality: str
    findings: Sequence[Finding]
    unassessed: frozenset[str]
    active_ms: int

    @property
    def is_readable(self) -> bool:
        return self.quality != "unreadable"

    def states(self, codes: Iterable[str]) -> dict[str, str]:
        """Return for each class present, absent, not_assessable or, for an unreadable exam,
        not_assessed.
        """
        if not self.is_readable:
            return dict.fromkeys(codes, "not_assessed")
        states = dict.fromkeys(codes, "absent")
        marked = {finding.code: "present" for finding in self.findings}
        left_out = dict.fromkeys(self.unassessed, "not_assessable")
        states.update(
            (code, state) for code, state in (marked | left_out).items() if code in states
        )
        return states

    def cells(self, codes: Iterable[str]) -> Iterator[tuple[str, str, str | None]]:
        """Yield each class with its state and, if it is present, its certainty."""
        certainties = {finding.code: finding.certainty for finding in self.findings}
        for code, state in self.states(codes).items():
            yield code, state, certainties[code] if state == "present" else None


class Content(Protocol):
    """The rows of a release. Every iteration starts over and yields the same rows in order."""

    @property
    def facts(self) -> Facts: ...

    def exams(self) -> Iterator[ReleasedExam]:
        """Yield the exams by ``number``."""
        ...

    def readings(self) -> Iterator[ReleasedReading]:
        """Yield the readings, sorted by the exam's ``number``, then by reader and purpose."""
        ...

    def signals(self) -> Iterator[tuple[ReleasedExam, Sequence[Signal]]]:
        """Yield each exam that has tracings with its signals, by ``number``."""
        ...
