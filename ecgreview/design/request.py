"""The request to the design generator, and its validation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .readings import UNKNOWN, Ids, Readings
from .refusals import BadDesign

# Cap of a reader without a limit.
NO_CAP = -1

PATIENT_GAP = 10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Request:
    """The exams, readers and settings of a design.

    Attributes:
        seed: the study's secret seed. Equal requests give the same plan.
        exams: shape (n_exams,); ids, each once. Exams in the history may be listed again: they
            only get the readers they still lack.
        readers: shape (n_readers,); ids, each once.
        readers_per_exam: number of different readers per exam, including those in the history.
        patients: shape (n_exams,); the patient of each exam, ``UNKNOWN`` where unknown. All
            unknown by default.
        anchors: shape (n_exams,), bool; True for exams that go to every reader who may read them.
            No anchors by default.
        caps: shape (n_readers,); maximum readings of each reader, including repeats and history;
            ``NO_CAP`` for no limit. No caps by default.
        excluded: shape (n, 2); pairs of reader and exam that must not be assigned. Ids that are
            not in the request are ignored.
        history: readings already assigned. They never move, and loads and pairs include them.
            Readers who are not in ``readers`` only count toward ``readers_per_exam``.
        repeat_fraction: share of each reader's exams to be read twice, from 0 to 1.
        washout_exams: minimum distance of a repeat from its first reading, in positions: 1 is the
            very next exam.
        patient_gap: desired minimum distance between two exams of one patient, in positions.
    """

    seed: str
    exams: ArrayLike
    readers: ArrayLike
    readers_per_exam: int
    patients: ArrayLike | None = None
    anchors: ArrayLike | None = None
    caps: ArrayLike | None = None
    excluded: ArrayLike | None = None
    history: Readings = field(default_factory=Readings.none)
    repeat_fraction: float = 0.0
    washout_exams: int = 1
    patient_gap: int = PATIENT_GAP


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A validated request, with exams and readers sorted by id.

    Sorting makes the plan independent of the order in which the request lists them.

    Attributes:
        request: the original request.
        exams, patients, anchors: shape (n_exams,).
        readers, caps: shape (n_readers,).
        loads: shape (n_readers,); number of exams of each reader in the history.
        present: shape (n_readers, n_exams), bool; pairs in the history.
        allowed: the same shape; pairs that may be assigned.
        needs: shape (n_exams,); number of readers that each exam still lacks.
    """

    request: Request
    exams: Ids
    patients: Ids
    anchors: NDArray[np.bool_]
    readers: Ids
    caps: Ids
    loads: Ids
    present: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    needs: Ids

    @classmethod
    def of(cls, request: Request) -> Frame:
        """Validate ``request`` and convert it to arrays.

        Raises:
            BadDesign: a value has the wrong shape or is out of range, or an id is listed twice.
        """
        _refuse_numbers(request)
        exams, by_exam = _ids("exams", request.exams)
        readers, by_reader = _ids("readers", request.readers)
        anchors = _column("anchors", request.anchors, len(exams), 0)[by_exam] != 0
        present = _meetings(_pairs_of(request.history), readers, exams)
        blocked = _meetings(_excluded(request.excluded), readers, exams)
        allowed = ~present & ~blocked
        lacking = request.readers_per_exam - _n_readers(request.history, exams)
        needs = np.where(anchors, np.maximum(lacking, allowed.sum(axis=0)), lacking)
        return cls(
            request=request,
            exams=exams,
            patients=_column("patients", request.patients, len(exams), UNKNOWN)[by_exam],
            anchors=anchors,
            readers=readers,
            caps=_column("caps", request.caps, len(readers), NO_CAP)[by_reader],
            loads=_loads(request.history, readers),
            present=present,
            allowed=allowed,
            needs=np.maximum(needs, 0),
        )


def place(ids: Ids, among: Ids) -> tuple[Ids, NDArray[np.bool_]]:
    """Find ``ids`` in sorted ``among``: return their indices, and a mask of those found."""
    if len(among) == 0:
        return np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=bool)
    at = np.minimum(np.searchsorted(among, ids), len(among) - 1)
    return at, among[at] == ids


def _refuse_numbers(request: Request) -> None:
    if request.readers_per_exam < 1:
        raise BadDesign("readers_per_exam", "must be at least 1")
    if not 0 <= request.repeat_fraction <= 1:
        raise BadDesign("repeat_fraction", "must be from 0 to 1")
    if request.washout_exams < 1:
        raise BadDesign("washout_exams", "must be at least 1")
    if request.patient_gap < 1:
        raise BadDesign("patient_gap", "must be at least 1")


def _ids(name: str, values: ArrayLike) -> tuple[Ids, NDArray[np.intp]]:
    ids = np.asarray(values, dtype=np.int64)
    if ids.ndim != 1:
        raise BadDesign(name, "must be one row of ids")
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    if len(ids) and (same := np.flatnonzero(ids[1:] == ids[:-1])).size:
        raise BadDesign(name, f"{ids[same[0]]} is listed twice")
    return ids, order


def _column(name: str, values: ArrayLike | None, length: int, default: int) -> Ids:
    column = np.full(length, default) if values is None else np.asarray(values, dtype=np.int64)
    if column.shape != (length,):
        raise BadDesign(name, f"has shape {column.shape}, not ({length},)")
    return column


def _excluded(pairs: ArrayLike | None) -> Ids:
    table = np.asarray([] if pairs is None else pairs, dtype=np.int64)
    if table.size and (table.ndim != 2 or table.shape[1] != 2):
        raise BadDesign("excluded", "must be pairs of reader and exam")
    return table.reshape(-1, 2)


def _pairs_of(history: Readings) -> Ids:
    """Return the distinct pairs of reader and exam, shape (n, 2)."""
    pairs = np.stack([history.readers, history.exams], axis=1)
    return np.unique(pairs, axis=0)


def _meetings(pairs: Ids, readers: Ids, exams: Ids) -> NDArray[np.bool_]:
    """Convert pairs of reader and exam to a mask, shape (n_readers, n_exams)."""
    table = np.zeros((len(readers), len(exams)), dtype=bool)
    at_reader, is_reader = place(pairs[:, 0], readers)
    at_exam, is_exam = place(pairs[:, 1], exams)
    is_requested = is_reader & is_exam
    table[at_reader[is_requested], at_exam[is_requested]] = True
    return table


def _n_readers(history: Readings, exams: Ids) -> Ids:
    """Return the number of readers of each exam in the history, including readers not requested."""
    at, is_known = place(_pairs_of(history)[:, 1], exams)
    return np.bincount(at[is_known], minlength=len(exams)).astype(np.int64)


def _loads(history: Readings, readers: Ids) -> Ids:
    at, is_known = place(_pairs_of(history)[:, 0], readers)
    return np.bincount(at[is_known], minlength=len(readers)).astype(np.int64)
