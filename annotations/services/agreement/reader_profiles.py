"""A reader held against the consensus, or against the others: where they stand, and drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from annotations.models import Exam, ReaderKind, Scope, Study
from annotations.services.agreement import json_values, reading_matrix
from annotations.services.agreement.reading_matrix import ReadingMatrix
from ecgreview.agreement import MISSING
from ecgreview.agreement.accuracy import blocks, performance
from ecgreview.agreement.accuracy.performance import Performance
from ecgreview.agreement.values.bounded import Measure

SEED = 0
N_REPLICATES = 1000
N_REPLICATES_OF_BLOCKS = 200
MIN_OTHERS = 2
"""Votes of others of which a majority is made."""


class Against(StrEnum):
    """What a reader is held against."""

    CONSENSUS = "consensus"
    """The labels that the rule of the study made, the reader's own vote among their makers."""
    OTHERS = "others"
    """What most of at least two other people said, without the reader."""
    REFERENCE = "reference"
    """What a reader of kind reference says."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a reader does over all classes; each has a scope of their own.

    Attributes:
        reader_id: who.
        n_exams: compared.
        micro_f1: None when undefined.
        macro_f1: likewise.
    """

    reader_id: int
    n_exams: int
    micro_f1: float | None
    macro_f1: float | None


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of time or of a sitting.

    Attributes:
        number: from 0.
        n_readings: so many, whether or not there is anything to hold them against.
        micro_f1: n is the exams compared.
        quartiles_ms: of the active time; None when no reading has one.
        first_day: of a period of the calendar; None for a stretch of a sitting.
        last_day: likewise.
    """

    number: int
    n_readings: int
    micro_f1: Measure
    quartiles_ms: tuple[float, float, float] | None
    first_day: datetime | None = None
    last_day: datetime | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A reader held against something.

    Attributes:
        against: what.
        is_whole: whether the others stand there with all of their exams, not only those that this
            reader read too: of a large study that would take too long.
        is_offered: for each thing to hold against, whether there is anything of it.
        n_read: exams that the reader could read.
        n_compared: of these, those for which there is a reference.
        n_own: of these, exams to whose reference the reader's own vote contributed.
        codes: the classes, in the order of ``found.classes``.
        found: how the reader did.
        others: everybody in the scope, the reader among them, the best first.
        calendar: by periods of days.
        sitting: by stretches of twenty exams of a sitting.
        reference_id: the reader who is the reference; None where it is not a reader.
    """

    against: Against
    is_whole: bool
    is_offered: Mapping[Against, bool]
    n_read: int
    n_compared: int
    n_own: int
    codes: tuple[str, ...]
    found: Performance
    others: tuple[Standing, ...]
    calendar: tuple[Block, ...]
    sitting: tuple[Block, ...]
    reference_id: int | None = None

    def of_classes_met(self) -> Profile:
        """Return the same without the classes that neither reader nor reference gave."""
        rows = zip(self.codes, self.found.classes, strict=True)
        met = [(code, one) for code, one in rows if one.is_met]
        found = replace(self.found, classes=tuple(one for _, one in met))
        return replace(self, codes=tuple(code for code, _ in met), found=found)


@dataclass(frozen=True, eq=False)
class Ground:
    """What readers of a scope are held against.

    Attributes:
        study: of the scope, with its classes.
        said: what everybody said.
        is_whole: whether that is all, not only what was said of the exams of one reader.
        references: for each thing to hold against, shape (n, n_classes), int8.
        patients: shape (n,), int64; the patient of each exam, a number below 0 where nobody knows.
        kinds: what the readers are, by id.
        reference_id: the reader of kind reference who read most; None without one.
    """

    study: Study
    said: ReadingMatrix
    is_whole: bool
    references: Mapping[Against, NDArray[np.int8]]
    patients: NDArray[np.int64]
    kinds: Mapping[int, str]
    reference_id: int | None = None

    def digest(self) -> str:
        """Return SHA-256 of all of it."""
        columns = (getattr(self.said, one.name) for one in fields(self.said))
        consensus = self.references[Against.CONSENSUS]
        kinds = sorted(self.kinds.items())
        return json_values.digest(
            *columns, self.is_whole, consensus, self.patients, tuple(kinds), self.reference_id
        )

    @cached_property
    def standings(self) -> Mapping[Against, tuple[Standing, ...]]:
        """How everybody does against each of the references, the best first."""
        return {one: _standings(self.said, found) for one, found in self.references.items()}


def ground(scope: Scope, study: Study, *, beside: int | None = None) -> Ground:
    """Return what readers of ``scope`` are held against, of readings that are open.

    Args:
        scope: of which exams.
        study: of the scope, with its classes.
        beside: only of the exams of this reader, where there are too many readings for more.

    Raises:
        agreement_said.TooMany: there are too many readings even so.
        mappings.NoMapping: a reading was made under classes from which no mapping leads here.
    """
    said = reading_matrix.of_scope(scope, study, beside=beside)
    kinds = reading_matrix.kinds(said)
    reference_id = reading_matrix.reference_reader(said, kinds)
    references = {
        Against.CONSENSUS: reading_matrix.consensus(said, study),
        Against.OTHERS: reading_matrix.majority_of_others(
            said, reading_matrix.of_people(said, kinds), least=MIN_OTHERS
        ),
        Against.REFERENCE: reading_matrix.reference(said, reference_id),
    }
    patients = _patients(said)
    return Ground(study, said, beside is None, references, patients, kinds, reference_id)


def of_reader(
    on: Ground,
    reader_id: int,
    times: When,
    *,
    zone: tzinfo = UTC,
    against: Against | None = None,
) -> Profile:
    """Return how ``reader_id`` does.

    Args:
        on: what they are held against.
        reader_id: who.
        times: when they read.
        zone: in which days begin.
        against: None: the consensus where there is any, else the others.
    """
    is_mine = on.said.readers == reader_id
    offered = {name: bool(found[is_mine].any()) for name, found in on.references.items()}
    chosen = against or next((one for one in Against if offered[one]), Against.CONSENSUS)
    reference = on.references[chosen]
    mine, mine_reference, patients = on.said[is_mine], reference[is_mine], on.patients[is_mine]
    n_compared = _n_compared(mine.states, mine_reference)
    drift = _Drift(mine, mine_reference, patients, times)
    is_person = on.kinds.get(reader_id) == ReaderKind.PERSON
    return Profile(
        against=chosen,
        is_whole=on.is_whole,
        is_offered=offered,
        n_read=len(mine),
        n_compared=n_compared,
        n_own=n_compared if chosen is Against.CONSENSUS and is_person else 0,
        codes=on.said.codes,
        found=performance.performance(
            mine.states, mine_reference, np.random.default_rng(SEED),
            patients=patients, n_replicates=N_REPLICATES,
        ),
        others=on.standings[chosen],
        calendar=_calendar(drift, zone),
        sitting=_sitting(drift),
        reference_id=on.reference_id if chosen is Against.REFERENCE else None,
    )  # fmt: skip


def _patients(said: ReadingMatrix) -> NDArray[np.int64]:
    """Return whose exams they are, shape (n,); an exam of nobody known is on its own."""
    exams, row_of = np.unique(said.exams, return_inverse=True)
    known = Exam.objects.filter(pk__in=exams.tolist(), patient__isnull=False)
    owners = dict(known.values_list("pk", "patient"))
    of_exam = np.array([owners.get(exam, -exam) for exam in exams.tolist()], dtype=np.int64)
    return np.asarray(of_exam[row_of.reshape(-1)])


def _n_compared(answers: NDArray[np.int8], reference: NDArray[np.int8]) -> int:
    return int(((answers != MISSING) & (reference != MISSING)).any(axis=1).sum())


def _standings(said: ReadingMatrix, reference: NDArray[np.int8]) -> tuple[Standing, ...]:
    found = []
    for reader in np.unique(said.readers).tolist():
        rows = said.readers == reader
        one = performance.performance(
            said.states[rows], reference[rows], np.random.default_rng(SEED), n_replicates=0
        )
        found.append(Standing(reader, one.micro_f1.n, one.micro_f1.estimate, one.macro_f1.estimate))
    return tuple(sorted(found, key=lambda one: (-(one.micro_f1 or -1.0), one.reader_id)))


@dataclass(frozen=True, slots=True, eq=False)
class When:
    """When each reading was first signed, how far into its sitting, and in how much time.

    Attributes:
        at: the moments.
        places: shape (n,); readings before it in the sitting.
        active_ms: shape (n,); 0 where unknown.
    """

    at: tuple[datetime, ...]
    places: NDArray[np.int64]
    active_ms: NDArray[np.int64]

    def digest(self) -> str:
        """Return SHA-256 of all of it."""
        return json_values.digest(self.at, self.places, self.active_ms)


def when(on: Ground, reader_id: int) -> When:
    """Return when ``reader_id`` made their readings, in the order of ``on.said``.

    A sitting is made of all that they read in the study and that is open, hidden repeats too; a
    correction is no second reading, and what it took is not the time of a reading.
    """
    mine = on.said.assignments[on.said.readers == reader_id]
    made = reading_matrix.opened().blind().filter(reader=reader_id, supersedes=None)
    made = made.filter(assignment__batch__study=on.study)
    rows = list(made.order_by("pk").values_list("assignment", "submitted_at", "active_ms"))
    places = blocks.positions(np.array([at.timestamp() for _, at, _ in rows], dtype=np.float64))
    of = {row[0]: (row[1], place, row[2]) for row, place in zip(rows, places, strict=True)}
    told = [of[assignment] for assignment in mine.tolist()]
    return When(
        tuple(at for at, _, _ in told),
        np.array([place for _, place, _ in told], dtype=np.int64),
        np.array([ms for _, _, ms in told], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Drift:
    """What a reader said, with what it is held against, and when."""

    mine: ReadingMatrix
    reference: NDArray[np.int8]
    patients: NDArray[np.int64]
    when: When


def _calendar(drift: _Drift, zone: tzinfo) -> tuple[Block, ...]:
    days = np.array([at.astimezone(zone).toordinal() for at in drift.when.at], dtype=np.int64)
    which, length = blocks.periods(days)
    found = []
    for block in _blocks(drift, which):
        first = datetime.fromordinal(int(days.min()) + block.number * length)
        last = first + timedelta(days=length - 1)
        found.append(replace(block, first_day=first, last_day=last))
    return tuple(found)


def _sitting(drift: _Drift) -> tuple[Block, ...]:
    return tuple(_blocks(drift, blocks.stretches(drift.when.places)))


def _blocks(drift: _Drift, which: NDArray[np.int64]) -> list[Block]:
    found = performance.by_block(
        drift.mine.states, drift.reference, which, np.random.default_rng(SEED),
        patients=drift.patients, n_replicates=N_REPLICATES_OF_BLOCKS,
    )  # fmt: skip
    return [
        Block(
            number,
            int((which == number).sum()),
            one.micro_f1,
            _quartiles(drift.when.active_ms[which == number]),
        )
        for number, one in found.items()
    ]


def _quartiles(active_ms: NDArray[np.int64]) -> tuple[float, float, float] | None:
    known = active_ms[active_ms > 0]
    if not known.size:
        return None
    first, median, third = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
    return first, median, third
