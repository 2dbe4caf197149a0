"""One reader's performance against a reference: per class, compared with others, and over time.

The field names of ``Profile``, ``Standing`` and ``Block`` are keys of stored reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgreview import json_values
from ecgreview.agreement.counts.patterns import MISSING
from ecgreview.agreement.values.bounded import Measure

from . import blocks, performance, reading_matrix
from .performance import Performance
from .reading_matrix import PERSON, ReadingMatrix, States

SEED = 0
N_REPLICATES = 1000
N_REPLICATES_OF_BLOCKS = 200
MIN_OTHERS = 2
"""Minimum number of votes by other people for a majority."""


class Against(StrEnum):
    """The reference that a reader is compared with."""

    CONSENSUS = "consensus"
    """Consensus labels. They include the reader's own vote."""
    OTHERS = "others"
    """The majority of at least two other people, without the reader."""
    REFERENCE = "reference"
    """The answers of a reference reader."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One reader's row in the ranking of all readers, over all classes.

    Attributes:
        reader_id: the reader.
        n_exams: number of exams with a reference.
        micro_f1: None if undefined.
        macro_f1: None if undefined.
    """

    reader_id: int
    n_exams: int
    micro_f1: float | None
    macro_f1: float | None


@dataclass(frozen=True, slots=True)
class Block:
    """A calendar period, or a range of readings within one session.

    Attributes:
        number: from 0.
        n_readings: all readings, with or without a reference.
        micro_f1: n is the number of exams with a reference.
        quartiles_ms: quartiles of the active time; None if no reading has one.
        first_day: first day of a calendar period; None for a range within a session.
        last_day: last day of a calendar period; None for a range within a session.
    """

    number: int
    n_readings: int
    micro_f1: Measure
    quartiles_ms: tuple[float, float, float] | None
    first_day: datetime | None = None
    last_day: datetime | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One reader compared with one reference.

    Attributes:
        against: the reference.
        is_whole: whether ``others`` covers all exams of the other readers. In large studies it
            covers only the exams that this reader also read.
        is_offered: for each reference, whether it has an answer for any of this reader's exams.
        n_read: exams that the reader read, without unreadable ones.
        n_compared: exams among ``n_read`` that have a reference.
        n_own: exams among ``n_compared`` whose reference includes the reader's own vote.
        codes: classes, in the order of ``found.classes``.
        found: performance per class and overall.
        others: all readers of the scope, including this one, best first.
        calendar: performance by calendar period.
        sitting: performance by position in the session, in stretches of 20 exams; the fifth
            includes the rest of the session.
        reference_id: the reference reader; None for the other references.
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

    def without_unused_classes(self) -> Profile:
        """Return the profile without the classes that neither reader nor reference marked."""
        rows = zip(self.codes, self.found.classes, strict=True)
        met = [(code, result) for code, result in rows if result.is_in_scope]
        performance = replace(self.found, classes=tuple(result for _, result in met))
        return replace(self, codes=tuple(code for code, _ in met), found=performance)


@dataclass(frozen=True, eq=False)
class References:
    """Readings of a scope, with the references that readers are compared with.

    Attributes:
        matrix: the readings.
        is_whole: False if only the exams of one reader are included.
        states: states of each reference, shape (n, n_classes), int8.
        patients: patient of each row's exam, shape (n,), int64; a unique negative number if
            unknown.
        kinds: kind of each reader, by id.
        reference_id: the reference reader with the most exams, if any.
    """

    matrix: ReadingMatrix
    is_whole: bool
    states: Mapping[Against, States]
    patients: NDArray[np.int64]
    kinds: Mapping[int, str]
    reference_id: int | None = None

    @classmethod
    def build(
        cls,
        matrix: ReadingMatrix,
        consensus: States,
        patients: NDArray[np.int64],
        kinds: Mapping[int, str],
        *,
        is_whole: bool,
    ) -> References:
        """Return ``matrix`` with its three references.

        Args:
            matrix: the readings.
            consensus: consensus states of each row's exam, shape (n, n_classes).
            patients: see the attribute.
            kinds: kind of each reader, by ascending id.
            is_whole: see the attribute.
        """
        reference_id = reading_matrix.reference_reader(matrix, kinds)
        voters = reading_matrix.is_by_person(matrix, kinds)
        states = {
            Against.CONSENSUS: consensus,
            Against.OTHERS: reading_matrix.majority_of_others(
                matrix, voters, min_others=MIN_OTHERS
            ),
            Against.REFERENCE: reading_matrix.reference_states(matrix, reference_id),
        }
        return cls(matrix, is_whole, states, patients, kinds, reference_id)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the data from which profiles and paired errors are computed, except times."""
        return self.matrix.digest(
            self.is_whole,
            self.states[Against.CONSENSUS],
            self.patients,
            tuple(sorted(self.kinds.items())),
            self.reference_id,
        )

    @cached_property
    def standings(self) -> Mapping[Against, tuple[Standing, ...]]:
        """All readers against each reference, best first."""
        return {against: _standings(self.matrix, states) for against, states in self.states.items()}


@dataclass(frozen=True, slots=True, eq=False)
class ReadingTimes:
    """Times of one reader's readings, in the order of their rows in the matrix.

    Attributes:
        at: when each reading was first submitted.
        places: shape (n,); number of earlier readings in the same session.
        active_ms: shape (n,); active reading time; 0 if unknown.
    """

    at: tuple[datetime, ...]
    places: NDArray[np.int64]
    active_ms: NDArray[np.int64]

    def digest(self) -> str:
        """Return the SHA-256 of all fields."""
        return json_values.digest(self.at, self.places, self.active_ms)


def profile(
    references: References,
    reader_id: int,
    times: ReadingTimes,
    *,
    zone: tzinfo = UTC,
    against: Against | None = None,
) -> Profile:
    """Return the profile of ``reader_id``.

    Args:
        references: readings of the scope, including the reader's.
        reader_id: the reader.
        times: times of the reader's readings.
        zone: time zone in which days begin.
        against: the reference; default: the first one with an answer for any of the reader's exams,
            or the consensus if there is none.
    """
    is_mine = references.matrix.readers == reader_id
    offered = {name: bool(states[is_mine].any()) for name, states in references.states.items()}
    chosen = against or next((name for name in Against if offered[name]), Against.CONSENSUS)
    own, reference = references.matrix[is_mine], references.states[chosen][is_mine]
    patients = references.patients[is_mine]
    n_compared = _n_compared(own.states, reference)
    drift = _Drift(own, reference, patients, times)
    is_person = references.kinds.get(reader_id) == PERSON
    return Profile(
        against=chosen,
        is_whole=references.is_whole,
        is_offered=offered,
        n_read=len(own),
        n_compared=n_compared,
        n_own=n_compared if chosen is Against.CONSENSUS and is_person else 0,
        codes=references.matrix.codes,
        found=performance.performance(
            own.states, reference, np.random.default_rng(SEED),
            patients=patients, n_replicates=N_REPLICATES,
        ),
        others=references.standings[chosen],
        calendar=_calendar(drift, zone),
        sitting=_session_blocks(drift),
        reference_id=references.reference_id if chosen is Against.REFERENCE else None,
    )  # fmt: skip


def _n_compared(answers: States, reference: States) -> int:
    return int(((answers != MISSING) & (reference != MISSING)).any(axis=1).sum())


def _standings(matrix: ReadingMatrix, reference: States) -> tuple[Standing, ...]:
    standings = []
    for reader in np.unique(matrix.readers).tolist():
        rows = matrix.readers == reader
        result = performance.performance(
            matrix.states[rows], reference[rows], np.random.default_rng(SEED), n_replicates=0
        )
        micro, macro = result.micro_f1, result.macro_f1
        standings.append(Standing(reader, micro.n, micro.estimate, macro.estimate))
    return tuple(sorted(standings, key=lambda row: (-(row.micro_f1 or -1.0), row.reader_id)))


@dataclass(frozen=True, slots=True, eq=False)
class _Drift:
    """One reader's readings with their reference and times."""

    mine: ReadingMatrix
    reference: States
    patients: NDArray[np.int64]
    times: ReadingTimes


def _calendar(drift: _Drift, zone: tzinfo) -> tuple[Block, ...]:
    days = np.array([at.astimezone(zone).toordinal() for at in drift.times.at], dtype=np.int64)
    period, length = blocks.periods(days)
    result = []
    for block in _blocks(drift, period):
        first = datetime.fromordinal(int(days.min()) + block.number * length)
        last = first + timedelta(days=length - 1)
        result.append(replace(block, first_day=first, last_day=last))
    return tuple(result)


def _session_blocks(drift: _Drift) -> tuple[Block, ...]:
    return tuple(_blocks(drift, blocks.stretches(drift.times.places)))


def _blocks(drift: _Drift, block_of_row: NDArray[np.int64]) -> list[Block]:
    results = performance.by_block(
        drift.mine.states, drift.reference, block_of_row, np.random.default_rng(SEED),
        patients=drift.patients, n_replicates=N_REPLICATES_OF_BLOCKS,
    )  # fmt: skip
    return [
        Block(
            number,
            int((block_of_row == number).sum()),
            result.micro_f1,
            _quartiles(drift.times.active_ms[block_of_row == number]),
        )
        for number, result in results.items()
    ]


def _quartiles(active_ms: NDArray[np.int64]) -> tuple[float, float, float] | None:
    timed = active_ms[active_ms > 0]
    if not timed.size:
        return None
    first, median, third = np.quantile(timed, [0.25, 0.5, 0.75]).tolist()
    return first, median, third
