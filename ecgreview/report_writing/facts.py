"""Facts about a study that a report needs besides the agreement numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from ecgreview.protocol.model import Protocol


@dataclass(frozen=True, slots=True)
class Tally:
    """The count of one category, such as a sex, data set or level. Its name is shown as is."""

    name: str
    n: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Quartiles of a quantity over the ``n_known`` items for which it is known."""

    low: float
    median: float
    high: float
    n_known: int


class Selection(StrEnum):
    DRAWN = "drawn"
    NAMED = "named"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Exams that were added to a study together.

    Attributes:
        n: number of exams added.
        dataset: data set from which the exams were drawn; empty if they were not drawn.
        n_available: number of exams that could have been drawn.
        stratified_by: origin of the strata, ``source`` or ``suggested`` labels; empty for none.
        quota: how strata contributed: ``equal``, ``proportional`` or ``listed`` numbers.
        per_patient: maximum number of exams per patient; None means no limit.
    """

    n: int
    selection: Selection = Selection.UNKNOWN
    dataset: str = ""
    n_available: int | None = None
    stratified_by: str = ""
    quota: str = ""
    per_patient: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """One combination of display settings used when readings were submitted, as stored.

    Attributes:
        n: readings submitted with these settings.
        arrangement: rows by columns, as in ``3x4``.
        rhythm: leads of the rhythm strips.
        filter: name of the filter; ``off`` for no filter, empty if not recorded.
    """

    n: int
    arrangement: str
    speed_mm_per_s: float
    gain_mm_per_mv: float
    rhythm: tuple[str, ...] = ()
    filter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exams:
    """The exams of the study or batch.

    Attributes:
        n: number of exams assigned to readers.
        n_patients: number of patients; None if unknown.
        sampling: how the exams were chosen, as described by the author.
        draws: how the study's exams were chosen, as recorded; None if not recorded.
        n_removed: exams removed from the study before they were assigned to anyone.
        read_by: number of exams by number of readers; the names of the tallies are these numbers.
        datasets: number of exams by data set.
        age_years: age of the patient at each exam.
        sex: number of exams by the patient's sex, including unknown.
    """

    n: int | None = None
    n_patients: int | None = None
    sampling: str = ""
    draws: tuple[Draw, ...] | None = None
    n_removed: int = 0
    read_by: tuple[Tally, ...] = ()
    datasets: tuple[Tally, ...] = ()
    age_years: Spread | None = None
    sex: tuple[Tally, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """The readers of the study or batch.

    Attributes:
        n: number of people who read at least one exam.
        others: number of models and references with readings, by kind.
        levels: number of these people by level of experience.
        n_qualified: number of these people who had passed the study's qualification; None if
            unknown.
        n_saw_results: number of readers who viewed results and were given no exams after that.
        exams_each: number of exams that each of these people read.
        background: training and experience, as described by the author.
    """

    n: int | None = None
    others: tuple[Tally, ...] = ()
    levels: tuple[Tally, ...] = ()
    exams_each: Spread | None = None
    background: str = ""
    n_qualified: int | None = None
    n_saw_results: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The design of the study, with values as in a protocol; None or "" if unknown.

    Attributes:
        is_blinded: whether the software kept each reader from seeing the readings of others. None
            for readings that were made elsewhere and imported.
    """

    readers_per_exam: int | None = None
    repeat_fraction: float | None = None
    washout_days: int = 0
    washout_exams: int = 0
    patient_gap: int = 0
    is_order_random: bool | None = None
    is_blinded: bool | None = None
    results_open: str = ""
    clinical_information: str = ""
    prior_exam: str = ""
    suggestion_policy: str = ""
    minimum_reader_level: int | None = None
    pass_mark: float | None = None
    undo_window_s: int | None = None

    @classmethod
    def of(cls, protocol: Protocol) -> Design:
        """Return the design of a study that runs under ``protocol``."""
        qualification = protocol.qualification
        return cls(
            readers_per_exam=protocol.readers_per_exam,
            repeat_fraction=protocol.repeat_fraction,
            washout_days=protocol.washout_days,
            washout_exams=protocol.washout_exams,
            patient_gap=protocol.patient_gap,
            is_order_random=True,
            is_blinded=True,
            results_open=protocol.results_open,
            clinical_information=protocol.clinical_information,
            prior_exam=protocol.prior_exam,
            suggestion_policy=protocol.suggestion_policy,
            minimum_reader_level=protocol.minimum_reader_level,
            pass_mark=qualification.pass_mark if qualification.required else None,
            undo_window_s=protocol.undo_window_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of readings by outcome; None if unknown.

    Attributes:
        assigned: assignments, including hidden repeats but not withdrawn ones.
        read: readings submitted and in effect, whatever their answers.
        unreadable: those of ``read`` that called the exam unreadable.
        abstained: those of ``read`` in which the reader abstained.
        not_assessable: answers "not assessable", each about one class of one exam.
        corrected: submissions superseded by a later one of the same reader.
        repeats: those of ``read`` that are the reader's second reading of the exam.
        repeats_planned: hidden repeats that were assigned, whether or not they were read.
        repeat_days: days between the two readings of a repeat.
        suggestions_shown: readings with suggestions shown, before or after submission.
        displays: how tracings were displayed, most common first.
        display_other: readings displayed in ways not listed in ``displays``.
        display_unknown: readings without recorded display settings.
    """

    assigned: int | None = None
    read: int | None = None
    unreadable: int | None = None
    abstained: int | None = None
    not_assessable: int | None = None
    corrected: int | None = None
    repeats: int | None = None
    repeats_planned: int | None = None
    repeat_days: Spread | None = None
    suggestions_shown: int | None = None
    displays: tuple[Display, ...] = ()
    display_other: int = 0
    display_unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """Dates of the study; ``closed`` is the day on which the last batch was closed."""

    opened: date | None = None
    first_reading: date | None = None
    last_reading: date | None = None
    closed: date | None = None
    locked: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What is needed to reproduce the report.

    Attributes:
        software: name and version.
        digest: SHA-256 of the answers and settings that the numbers were computed from.
        protocol_version: the version of the protocol in effect.
        protocol_digest: SHA-256 of the frozen protocol document.
        written_at: creation time, stored with the report so that the same facts give the same file.
    """

    software: str = ""
    digest: str = ""
    protocol_version: int | None = None
    protocol_digest: str = ""
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What a report needs besides agreement numbers. Unknown facts become gaps for the author.

    Attributes:
        scope: name of the batch; empty when the report covers the whole study.
        taxonomy: name of the list of classes.
        sample_size: rationale for the numbers of exams and readers, as described by the author.
        display: readings by display settings, as text; only in reports stored before
            ``counts.displays`` existed.
    """

    study: str
    scope: str = ""
    taxonomy: str = ""
    taxonomy_version: str = ""
    sample_size: str = ""
    exams: Exams = field(default_factory=Exams)
    readers: Readers = field(default_factory=Readers)
    design: Design = field(default_factory=Design)
    counts: Counts = field(default_factory=Counts)
    dates: Dates = field(default_factory=Dates)
    display: tuple[Tally, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
