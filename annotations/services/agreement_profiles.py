"""A reader held against the consensus, or against the others: where they stand, and drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from annotations.models import Reading, Scope, Study, User
from annotations.services import agreement_said
from annotations.services.agreement_said import Said
from ecgreview.agreement import MISSING
from ecgreview.agreement.accuracy import blocks, performance
from ecgreview.agreement.accuracy.performance import Performance
from ecgreview.agreement.values.bounded import Measure

SEED = 0
N_REPLICATES = 1000
N_REPLICATES_OF_BLOCKS = 200
LEAST_OTHERS = 2
"""Votes of others of which a majority is made."""


class Against(StrEnum):
    """What a reader is held against."""

    CONSENSUS = "consensus"
    """The labels that the rule of the study made, the reader's own vote among their makers."""
    OTHERS = "others"
    """What most of at least two others said, without the reader."""


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


def of_reader(
    scope: Scope,
    study: Study,
    reader_id: int,
    user: User,
    *,
    zone: tzinfo = UTC,
    against: Against | None = None,
) -> Profile:
    """Return how ``reader_id`` does in ``scope``, as far as ``user`` may see readings.

    Args:
        scope: of which exams.
        study: of the scope, with its classes.
        reader_id: who.
        user: who looks.
        zone: in which days begin.
        against: None: the consensus where there is any, else the others.

    Raises:
        agreement_said.TooMany: even on the exams of the reader alone there are too many readings.
        mappings.NoMapping: a reading was made under classes from which no mapping leads here.
    """
    said, is_whole = _said(scope, study, reader_id, user)
    references = {
        Against.CONSENSUS: agreement_said.consensus(said, study, user),
        Against.OTHERS: agreement_said.majority_of_others(said, least=LEAST_OTHERS),
    }
    is_mine = said.readers == reader_id
    offered = {name: bool(found[is_mine].any()) for name, found in references.items()}
    chosen = against or next((one for one in Against if offered[one]), Against.CONSENSUS)
    reference = references[chosen]
    mine, mine_reference = said[is_mine], reference[is_mine]
    n_compared = _n_compared(mine.states, mine_reference)
    when = _when(mine, study, user)
    return Profile(
        against=chosen,
        is_whole=is_whole,
        is_offered=offered,
        n_read=len(mine),
        n_compared=n_compared,
        n_own=n_compared if chosen is Against.CONSENSUS else 0,
        codes=said.codes,
        found=performance.performance(
            mine.states, mine_reference, np.random.default_rng(SEED), n_replicates=N_REPLICATES
        ),
        others=_standings(said, reference),
        calendar=_calendar(mine, mine_reference, when, zone),
        sitting=_sitting(mine, mine_reference, when),
    )


def _said(scope: Scope, study: Study, reader_id: int, user: User) -> tuple[Said, bool]:
    try:
        return agreement_said.of_scope(scope, study, user), True
    except agreement_said.TooMany:
        return agreement_said.of_scope(scope, study, user, beside=reader_id), False


def _n_compared(answers: NDArray[np.int8], reference: NDArray[np.int8]) -> int:
    return int(((answers != MISSING) & (reference != MISSING)).any(axis=1).sum())


def _standings(said: Said, reference: NDArray[np.int8]) -> tuple[Standing, ...]:
    found = []
    for reader in np.unique(said.readers).tolist():
        rows = said.readers == reader
        one = performance.performance(
            said.states[rows], reference[rows], np.random.default_rng(SEED), n_replicates=0
        )
        found.append(Standing(reader, one.micro_f1.n, one.micro_f1.estimate, one.macro_f1.estimate))
    return tuple(sorted(found, key=lambda one: (-(one.micro_f1 or -1.0), one.reader_id)))


@dataclass(frozen=True, slots=True, eq=False)
class _When:
    """When each reading was first signed, how far into its sitting, and in how much time.

    Attributes:
        at: the moments.
        places: shape (n,); readings before it in the sitting.
        active_ms: shape (n,); 0 where unknown.
    """

    at: list[datetime]
    places: NDArray[np.int64]
    active_ms: NDArray[np.int64]


def _when(mine: Said, study: Study, user: User) -> _When:
    """Return when the reader made these readings.

    A sitting is made of all that they read in the study, hidden repeats too; a correction is no
    second reading, and what it took is not the time of a reading.
    """
    if not len(mine):
        return _When([], np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    seen = Reading.objects.visible_to(user).blind()
    seen = seen.filter(reader=int(mine.readers[0]), assignment__batch__study=study, supersedes=None)
    rows = list(seen.order_by("pk").values_list("assignment", "submitted_at", "active_ms"))
    places = blocks.positions(np.array([at.timestamp() for _, at, _ in rows], dtype=np.float64))
    of = {row[0]: (row[1], place, row[2]) for row, place in zip(rows, places, strict=True)}
    told = [of[assignment] for assignment in mine.assignments.tolist()]
    return _When(
        [at for at, _, _ in told],
        np.array([place for _, place, _ in told], dtype=np.int64),
        np.array([ms for _, _, ms in told], dtype=np.int64),
    )


def _calendar(
    mine: Said, reference: NDArray[np.int8], when: _When, zone: tzinfo
) -> tuple[Block, ...]:
    days = np.array([at.astimezone(zone).toordinal() for at in when.at], dtype=np.int64)
    which, length = blocks.periods(days)
    found = []
    for block in _blocks(mine, reference, when, which):
        first = datetime.fromordinal(int(days.min()) + block.number * length)
        last = first + timedelta(days=length - 1)
        found.append(
            Block(block.number, block.n_readings, block.micro_f1, block.quartiles_ms, first, last)
        )
    return tuple(found)


def _sitting(mine: Said, reference: NDArray[np.int8], when: _When) -> tuple[Block, ...]:
    return tuple(_blocks(mine, reference, when, blocks.stretches(when.places)))


def _blocks(
    mine: Said, reference: NDArray[np.int8], when: _When, which: NDArray[np.int64]
) -> list[Block]:
    found = performance.by_block(
        mine.states, reference, which, np.random.default_rng(SEED),
        n_replicates=N_REPLICATES_OF_BLOCKS,
    )  # fmt: skip
    return [
        Block(
            number,
            int((which == number).sum()),
            one.micro_f1,
            _quartiles(when.active_ms[which == number]),
        )
        for number, one in found.items()
    ]


def _quartiles(active_ms: NDArray[np.int64]) -> tuple[float, float, float] | None:
    known = active_ms[active_ms > 0]
    if not known.size:
        return None
    first, median, third = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
    return first, median, third
