"""What a report tells of its study beside the numbers of agreement; whoever knows fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from ecgreview.protocol.model import Protocol


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of something: of one sex, one data set, one level. The name is shown as it is."""

    name: str
    n: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The quartiles of a quantity, over the ``n_known`` of whom it is known."""

    low: float
    median: float
    high: float
    n_known: int


class Selection(StrEnum):
    """How exams came into a study."""

    DRAWN = "drawn"
    NAMED = "named"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Exams that were added to a study at one time.

    Attributes:
        n: how many were added.
        selection: how they were chosen.
        dataset: where a draw was from; empty for exams that were named.
        n_available: how many exams could have been drawn.
        stratified_by: what strata were taken from, ``source`` or ``suggested``; empty for none.
        quota: ``equal``, ``proportional`` or ``listed`` numbers of each stratum.
        per_patient: the most exams of one patient; None: any number.
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
    """A way in which tracings were displayed when readings were submitted, in its stored values.

    Attributes:
        n: readings that were submitted so.
        arrangement: rows by columns, as in ``3x4``.
        rhythm: the leads of the rhythm strips.
        filter: the name of the filter; ``off`` for none, empty where it was not recorded.
    """

    n: int
    arrangement: str
    speed_mm_per_s: float
    gain_mm_per_mv: float
    rhythm: tuple[str, ...] = ()
    filter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exams:
    """Which exams are read.

    Attributes:
        n: in the study.
        n_patients: whose they are; None where patients are not known.
        sampling: how they were chosen, in the words of whoever chose them.
        draws: how the study's exams were chosen, as recorded; None where nothing was.
        n_removed: exams taken out of the study again before anybody was given them.
        read_by: exams by how many people read them; the names are numbers of readers.
        datasets: where they come from.
        age_years: of the patients.
        sex: of the patients, those of whom it is not known among them.
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
    """Who reads.

    Attributes:
        n: people who have read at least one exam.
        others: models and references of which there are readings, by kind.
        levels: how experienced those are who have read at least one exam.
        n_qualified: of those, who had passed the test of the study; None where not known.
        n_saw_results: who looked at results while reading, and read no more from then on.
        exams_each: exams that each of them has read.
        background: training and experience, in the words of whoever knows.
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
    """How the study is laid out; values are those of a protocol, None and "" where unknown.

    Attributes:
        is_blinded: the software kept each reader from the readings of the others; of readings
            that were made elsewhere and imported it cannot know.
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
        """Return the design of a study that the product runs by ``protocol``."""
        needed = protocol.qualification
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
            pass_mark=needed.pass_mark if needed.required else None,
            undo_window_s=protocol.undo_window_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the readings that were asked for; None where it is not known.

    Attributes:
        assigned: an exam to a reader, hidden repeats among them.
        read: submitted and in force, whatever they say.
        unreadable: of those read, the exam was found unreadable.
        abstained: of those read, the reader did not feel competent.
        not_assessable: answers about one class of one exam.
        corrected: submissions that a later one of the same reader superseded.
        repeats: of those read, the reader's second reading of the exam.
        repeats_planned: hidden repeats that were assigned, whether or not they came up.
        repeat_days: days between the two readings.
        suggestions_shown: readings for which suggestions were shown, before or after them.
        displays: how tracings were displayed, the commonest way first.
        display_other: readings displayed in still other ways.
        display_unknown: readings of which no display was recorded.
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
    """When the study took place; ``closed`` is the day on which the last batch was closed."""

    opened: date | None = None
    first_reading: date | None = None
    last_reading: date | None = None
    closed: date | None = None
    locked: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """By what the report can be made again.

    Attributes:
        software: name and version.
        digest: of the answers and settings that the numbers were computed from.
        protocol_version: in force.
        protocol_digest: of the frozen protocol document.
        written_at: when; part of the report, so that the same facts make the same file.
    """

    software: str = ""
    digest: str = ""
    protocol_version: int | None = None
    protocol_digest: str = ""
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """Everything a report tells beside agreement. What is left out is told to be filled in.

    Attributes:
        study: its name.
        scope: the name of the batch; empty when the report is of the whole study.
        taxonomy: the name of the list of classes.
        taxonomy_version: of it.
        sample_size: why so many exams and readers, in the words of whoever planned them.
        display: readings by how the tracing was shown, each in words, of versions that were stored
            before ``counts.displays`` was.
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
