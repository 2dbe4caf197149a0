"""Generate a complete design: assignments, repeats and order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from . import chance, ordering
from .allocation import new_assignments, repeats_due
from .readings import Ids, Plan, Readings
from .repeats import Mixing, repeats
from .request import Frame, Request


def generate(request: Request) -> Plan:
    """Return the readings that ``request`` adds to its history.

    New readings come after the history, so adding readers or exams later does not change the order
    of earlier readings.

    Raises:
        BadDesign: a value in the request has the wrong shape or is out of range.
        TooFewReaders: an exam needs more readers than there are.
        NobodyLeft: an exam has too few readers who may read it.
        CapBelowAnchors: a reader's cap does not cover the anchors.
        CapsTooSmall: the caps together do not cover the readings.
        WashoutTooLong: a reader has too few exams for the washout.
    """
    frame = Frame.of(request)
    at_reader, at_exam = np.nonzero(new_assignments(frame))
    readers, exams = frame.readers[at_reader], frame.exams[at_exam]
    digests = ordering.digests(
        request.seed, ((*pair, 1) for pair in zip(readers.tolist(), exams.tolist(), strict=True))
    )
    by_key = ordering.by_digest(readers, digests)
    firsts = Readings(
        readers=readers,
        exams=exams,
        patients=frame.patients[at_exam],
        occurrences=np.ones(len(readers), dtype=np.int64),
        positions=np.zeros(len(readers), dtype=np.int64),
    ).chosen(by_key)
    starts = np.searchsorted(firsts.readers, frame.readers)
    ends = np.searchsorted(firsts.readers, frame.readers, side="right")
    pieces = [
        _queue(request, int(reader), firsts, start, end)
        for reader, start, end in zip(frame.readers, starts.tolist(), ends.tolist(), strict=True)
    ]
    return _plan(request.seed, firsts, digests[by_key], pieces)


def _queue(
    request: Request, reader: int, firsts: Readings, start: int, end: int
) -> tuple[Ids, Ids, Ids]:
    """Return a reader's new readings in order: rows of ``firsts``, occurrences and positions."""
    past = request.history.chosen(request.history.readers == reader)
    past = past.chosen(np.argsort(past.positions, kind="stable"))
    before = past.patients[max(0, len(past) - request.patient_gap + 1) :].tolist()
    patients = firsts.patients[start:end]
    rows = ordering.apart(patients, request.patient_gap, before)
    rng = chance.generator(request.seed, f"repeats:{reader}:{len(past)}")
    n_exams = end - start
    repeated = repeats(
        reader=reader,
        n_exams=n_exams,
        n_repeats=repeats_due(request.history, reader, n_exams, request.repeat_fraction),
        washout_exams=request.washout_exams,
        rng=rng,
    )
    mixing = Mixing(
        patients=ordering.with_unknown_numbered(patients[rows]),
        repeated=repeated,
        washout_exams=request.washout_exams,
        patient_gap=request.patient_gap,
    )
    ranks, occurrences = mixing.mix(rng)
    last = int(past.positions[-1]) if len(past) else 0
    return start + rows[ranks], occurrences, last + 1 + np.arange(len(ranks))


def _plan(
    seed: str,
    firsts: Readings,
    digests: NDArray[np.uint8],
    pieces: Iterable[tuple[Ids, Ids, Ids]],
) -> Plan:
    none = np.zeros(0, dtype=np.int64)
    rows, occurrences, positions = (
        np.concatenate([none, *columns]) for columns in zip((none,) * 3, *pieces, strict=False)
    )
    readings = Readings(
        readers=firsts.readers[rows],
        exams=firsts.exams[rows],
        patients=firsts.patients[rows],
        occurrences=occurrences,
        positions=positions,
    )
    digests = digests[rows]
    second = np.flatnonzero(occurrences == 2)
    again = zip(readings.readers[second].tolist(), readings.exams[second].tolist(), strict=True)
    digests[second] = ordering.digests(seed, ((*pair, 2) for pair in again))
    return Plan(readings, digests)
