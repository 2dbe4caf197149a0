"""Pairs of readers held against one reference: who errs more often, of readings that are open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.models import ReaderKind
from annotations.services.agreement.reader_profiles import Against, Ground
from ecgreview.agreement.accuracy import paired_errors
from ecgreview.agreement.counts.patterns import MISSING, PRESENT

MAX_PAIRS = 3_000
"""More pairs than these are not tested: 77 readers against one reference."""


class TooManyPairs(Exception):
    """There are more pairs of readers than are tested."""


class Caution(StrEnum):
    """What to mind of a test."""

    OWN_VOTE_OF_FIRST = "own_vote_of_first"
    """The first reader's vote is one of those from which the consensus was made."""
    OWN_VOTE_OF_SECOND = "own_vote_of_second"
    """Likewise the second's."""
    PATIENTS_WITH_SEVERAL_EXAMS = "patients_with_several_exams"
    """Exams of one patient are not independent, which the test takes them to be."""


class Missing(StrEnum):
    """Why two readers are not tested against any reference."""

    NOT_STORED = "not_stored"
    """The version was computed before there were such tests."""
    NOT_OPEN = "not_open"
    """No single reading is open yet, or not to who asks."""
    TOO_MANY = "too_many"
    """There are more readings, or more readers, than are compared at once."""
    NO_MAPPING = "no_mapping"
    """Readings were made under classes from which no mapping leads to those in force."""
    NO_REFERENCE = "no_reference"
    """No reader is a reference, and there is no consensus."""
    IS_REFERENCE = "is_reference"
    """One of the two is the reference itself."""
    NO_COMMON_EXAM = "no_common_exam"
    """There is no exam that both and a reference can tell of."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two readers and what they are held against.

    Attributes:
        first: a reader's id.
        second: another's.
        against: a reader of kind reference, or the consensus.
        reference_id: that reader; None for the consensus.
        n_exams: that both have read and the reference tells of.
        cautions: what to mind.
        codes: of the classes that any of the three gave.
        counts: for each of them ``paired_errors.Counts``.
    """

    first: int
    second: int
    against: Against
    reference_id: int | None
    n_exams: int
    cautions: tuple[Caution, ...]
    codes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def compare(on: Ground) -> tuple[Comparison, ...]:
    """Return all pairs of readers against each reference there is, people first.

    Raises:
        TooManyPairs: they are more than ``MAX_PAIRS``.
    """
    order = sorted(on.kinds, key=lambda one: (on.kinds[one] != ReaderKind.PERSON, one))
    references = [one for one in order if on.kinds[one] == ReaderKind.REFERENCE]
    n_pairs = len(order) * (len(order) - 1) // 2 * (len(references) + 1)
    if n_pairs > MAX_PAIRS:
        raise TooManyPairs(n_pairs)
    rows = {reader: np.flatnonzero(on.said.readers == reader) for reader in order}
    found: list[Comparison] = []
    for reference_id in references:
        said = rows[reference_id]
        truth = _Truth(on.said.exams[said], on.said.states[said], reference_id)
        found += _pairs(on, truth, [one for one in order if one != reference_id], rows)
    exams, first = np.unique(on.said.exams, return_index=True)
    consensus = _Truth(exams, on.references[Against.CONSENSUS][first], None)
    found += _pairs(on, consensus, order, rows)
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Truth:
    """What readers are held against: the states of its exams, of which none comes twice."""

    exams: NDArray[np.int64]
    states: NDArray[np.int8]
    reference_id: int | None


def _pairs(
    on: Ground, truth: _Truth, readers: Sequence[int], rows: Mapping[int, NDArray[np.intp]]
) -> Iterator[Comparison]:
    is_told = (truth.states != MISSING).any(axis=1)
    known, told = truth.exams[is_told], truth.states[is_told]
    for first, second in combinations(readers, 2):
        one, other = rows[first], rows[second]
        common, at_one, at_other = np.intersect1d(
            on.said.exams[one], on.said.exams[other], return_indices=True
        )
        exams, at_common, at_truth = np.intersect1d(common, known, return_indices=True)
        if not len(exams):
            continue
        mine, theirs = one[at_one[at_common]], other[at_other[at_common]]
        states = (on.said.states[mine], on.said.states[theirs], told[at_truth])
        is_met = np.logical_or.reduce([(part == PRESENT).any(axis=0) for part in states])
        counts = paired_errors.count(*states)[is_met]
        yield Comparison(
            first=first,
            second=second,
            against=Against.CONSENSUS if truth.reference_id is None else Against.REFERENCE,
            reference_id=truth.reference_id,
            n_exams=len(exams),
            cautions=_cautions(on, truth, (first, second), on.patients[mine]),
            codes=tuple(np.array(on.said.codes)[is_met].tolist()),
            counts=tuple(map(tuple, counts.tolist())),
        )


def _cautions(
    on: Ground, truth: _Truth, pair: tuple[int, int], patients: NDArray[np.int64]
) -> tuple[Caution, ...]:
    own = (Caution.OWN_VOTE_OF_FIRST, Caution.OWN_VOTE_OF_SECOND)
    found = [
        caution
        for reader, caution in zip(pair, own, strict=True)
        if truth.reference_id is None and on.kinds[reader] == ReaderKind.PERSON
    ]
    if len(np.unique(patients)) < len(patients):
        found.append(Caution.PATIENTS_WITH_SEVERAL_EXAMS)
    return tuple(found)


def of_pair(found: Sequence[Comparison], first: int, second: int) -> list[Comparison]:
    """Return the comparisons of two readers, against readers first."""
    return [one for one in found if {one.first, one.second} == {first, second}]


def lines(
    found: Sequence[Comparison], names: Mapping[int, str], kinds: Mapping[int, str]
) -> Iterator[dict[str, Any]]:
    """Yield a line for each pair, reference and class, as programs are told it.

    Args:
        found: the comparisons.
        names: of readers, by id.
        kinds: of readers, by id.

    Yields:
        ``{"readers", "kinds", "reference", "against", "class", "n_exams", "both_right",
        "first_right", "second_right", "both_wrong", "n", "chi2", "p", "exact_p", "holm_p",
        "undefined", "cautions"}``; the name of the reference is empty for the consensus.
    """
    for one in found:
        pair = (one.first, one.second)
        head = {
            "readers": [names.get(reader, "?") for reader in pair],
            "kinds": [kinds.get(reader, ReaderKind.PERSON.value) for reader in pair],
            "reference": "" if one.reference_id is None else names.get(one.reference_id, "?"),
            "against": one.against.value,
            "n_exams": one.n_exams,
            "cautions": [caution.value for caution in one.cautions],
        }
        for code, test in zip(one.codes, paired_errors.tests(one.counts), strict=True):
            told = asdict(test)
            undefined = test.undefined.value if test.undefined else None
            yield {**head, "class": code, **told, "n": test.n, "undefined": undefined}
