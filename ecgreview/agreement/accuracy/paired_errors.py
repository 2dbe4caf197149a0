"""Comparison of two readers' errors against one reference, by McNemar's test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgreview.agreement.coefficients import two_readers
from ecgreview.agreement.counts.patterns import MISSING, PRESENT

from .performance import BadComparison
from .reader_profiles import Against, References
from .reading_matrix import PERSON, REFERENCE, States

# Shape (..., 4): exams on which both are right, only the first, only the second, neither.
Counts = NDArray[np.int64]


class Undefined(StrEnum):
    """Why there is no test of a class."""

    # No exam has answers of both readers and the reference for the class.
    NOTHING_COMPARED = "nothing_compared"
    # Both were right about the same exams and wrong about the same exams.
    NEVER_DIFFERED = "never_differed"


@dataclass(frozen=True, slots=True)
class ErrorTest:
    """Two readers' errors in one class.

    Attributes:
        both_right: exams on which both are right, that is, equal to the reference, present or
            absent.
        first_right: exams on which only the first is right.
        second_right: exams on which only the second is right.
        both_wrong: exams on which both are wrong.
        chi2: (b - c)**2 / (b + c), where b and c are ``first_right`` and ``second_right``; without
            continuity correction.
        p: p value of ``chi2``, with one degree of freedom.
        exact_p: two-sided p value of the binomial test of the discordant exams.
        holm_p: ``exact_p`` with Holm's adjustment for the classes tested together.
        undefined: why there is no test; None if there is one.
    """

    both_right: int
    first_right: int
    second_right: int
    both_wrong: int
    chi2: float | None
    p: float | None
    exact_p: float | None
    holm_p: float | None
    undefined: Undefined | None

    @property
    def n(self) -> int:
        """Exams with answers of both readers and the reference for the class."""
        return self.both_right + self.first_right + self.second_right + self.both_wrong


def count(first: NDArray[np.int8], second: NDArray[np.int8], reference: NDArray[np.int8]) -> Counts:
    """Count the exams of each class by which of the two readers agree with the reference.

    Args:
        first: shape (n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
        second: the same shape and states, for the same exams.
        reference: the same shape and states. An exam counts for a class if none of the three
            states is missing.

    Returns:
        Shape (n_classes, 4).

    Raises:
        BadComparison: the arrays differ in shape or are not two-dimensional.
    """
    if first.ndim != 2 or not first.shape == second.shape == reference.shape:
        raise BadComparison(
            f"answers {first.shape}, {second.shape} and reference {reference.shape} must have the"
            " same shape (exams, classes)"
        )
    is_assessed = (first != MISSING) & (second != MISSING) & (reference != MISSING)
    first_right, second_right = first == reference, second == reference
    parts = (
        first_right & second_right,
        first_right & ~second_right,
        ~first_right & second_right,
        ~first_right & ~second_right,
    )
    return np.stack([(part & is_assessed).sum(axis=0) for part in parts], axis=-1).astype(np.int64)


def tests(counts: ArrayLike) -> list[ErrorTest]:
    """Return McNemar's test of each class, from the exams on which only one of the two
    readers is right.

    The test assumes independent exams, but exams of the same patient are not independent.

    Args:
        counts: shape (n_classes, 4), as in ``Counts``.

    Raises:
        BadComparison: ``counts`` has another shape or a negative number.

    Source:
        McNemar 1947, Psychometrika 12:153-157; for the errors of two classifiers, Dietterich 1998,
        Neural Computation 10(7):1895-1923; for several classes, Holm 1979, Scand J Stat 6:65-70.
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] != 4 or (table.size and table.min() < 0):
        raise BadComparison("expected four counts of exams per class")
    test = two_readers.mcnemar(table.reshape(-1, 2, 2))
    columns = (
        value.coefficients() for value in (test.chi2, test.p, test.exact_p)
    )  # the first row is (both right, only the first right): the middle two cells are discordant
    rows = list(zip(table.tolist(), *columns, strict=True))
    adjusted = iter(holm([exact.value for *_, exact in rows if exact.value is not None]))
    return [
        ErrorTest(
            both_right=cells[0],
            first_right=cells[1],
            second_right=cells[2],
            both_wrong=cells[3],
            chi2=chi2.value,
            p=p.value,
            exact_p=exact.value,
            holm_p=None if exact.value is None else next(adjusted),
            undefined=_why(cells),
        )
        for cells, chi2, p, exact in rows
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values adjusted by Holm's step-down method, in the order given.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6:65-70.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def _why(cells: Sequence[int]) -> Undefined | None:
    both_right, first_right, second_right, both_wrong = cells
    if first_right + second_right:
        return None
    if both_right + both_wrong:
        return Undefined.NEVER_DIFFERED
    return Undefined.NOTHING_COMPARED


# -- All pairs of readers of a scope --------------------------------------------------------------

MAX_PAIRS = 3_000
"""Maximum number of comparisons, each of two readers with one reference.

Enough for 77 readers if the consensus is the only reference.
"""


class TooManyPairs(Exception):
    """There are more than ``MAX_PAIRS`` comparisons: pairs of readers times references."""


class Caution(StrEnum):
    """A limitation of a test."""

    OWN_VOTE_OF_FIRST = "own_vote_of_first"
    """The consensus includes the first reader's vote."""
    OWN_VOTE_OF_SECOND = "own_vote_of_second"
    """The consensus includes the second reader's vote."""
    PATIENTS_WITH_SEVERAL_EXAMS = "patients_with_several_exams"
    """The test assumes independent exams; exams of one patient are not."""


class Missing(StrEnum):
    """Why two readers are not tested against any reference."""

    NOT_STORED = "not_stored"
    """The report version was computed before these tests existed."""
    NOT_OPEN = "not_open"
    """Individual readings are not visible yet, or not to this user."""
    TOO_MANY = "too_many"
    """There are too many readings, or too many readers."""
    NO_MAPPING = "no_mapping"
    """Some readings use a class list that has no mapping to the one in force."""
    NO_REFERENCE = "no_reference"
    """There is no reference reader and no consensus."""
    IS_REFERENCE = "is_reference"
    """One of the two is the reference."""
    NO_COMMON_EXAM = "no_common_exam"
    """No exam read by both has a reference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two readers against one reference. Its field names are keys of stored reports.

    Attributes:
        first: id of one reader.
        second: id of the other reader.
        against: whether the reference is a reference reader or the consensus.
        reference_id: the reference reader; None for the consensus.
        n_exams: exams that both have read and that have a reference.
        cautions: what limits the tests.
        codes: classes that either reader or the reference marked.
        counts: ``Counts`` of each of these classes.
    """

    first: int
    second: int
    against: Against
    reference_id: int | None
    n_exams: int
    cautions: tuple[Caution, ...]
    codes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def compare(references: References) -> tuple[Comparison, ...]:
    """Compare all pairs of readers against each reference, people first.

    Raises:
        TooManyPairs: there are more than ``MAX_PAIRS`` comparisons.
    """
    matrix, kinds = references.matrix, references.kinds
    order = sorted(kinds, key=lambda reader: (kinds[reader] != PERSON, reader))
    reference_readers = [reader for reader in order if kinds[reader] == REFERENCE]
    n_pairs = len(order) * (len(order) - 1) // 2 * (len(reference_readers) + 1)
    if n_pairs > MAX_PAIRS:
        raise TooManyPairs(n_pairs)
    rows = {reader: np.flatnonzero(matrix.readers == reader) for reader in order}
    comparisons: list[Comparison] = []
    for reference_id in reference_readers:
        own = rows[reference_id]
        truth = _Truth(matrix.exams[own], matrix.states[own], reference_id)
        others = [reader for reader in order if reader != reference_id]
        comparisons += _pairs(references, truth, others, rows)
    exams, first = np.unique(matrix.exams, return_index=True)
    consensus = _Truth(exams, references.states[Against.CONSENSUS][first], None)
    comparisons += _pairs(references, consensus, order, rows)
    return tuple(comparisons)


def of_pair(comparisons: Sequence[Comparison], first: int, second: int) -> list[Comparison]:
    """Return the comparisons of two readers, in either order; reference readers come first."""
    return [row for row in comparisons if {row.first, row.second} == {first, second}]


def lines(
    comparisons: Sequence[Comparison], names: Mapping[int, str], kinds: Mapping[int, str]
) -> Iterator[dict[str, Any]]:
    """Yield one line per pair, reference and class, for the API and for downloads.

    Args:
        comparisons: as returned by ``compare``.
        names: names of readers, by id.
        kinds: kinds of readers, by id.

    Yields:
        ``{"readers", "kinds", "reference", "against", "class", "n_exams", "both_right",
        "first_right", "second_right", "both_wrong", "n", "chi2", "p", "exact_p", "holm_p",
        "undefined", "cautions"}``; ``reference`` is empty for the consensus.
    """
    for row in comparisons:
        pair = (row.first, row.second)
        head = {
            "readers": [names.get(reader, "?") for reader in pair],
            "kinds": [kinds.get(reader, PERSON) for reader in pair],
            "reference": "" if row.reference_id is None else names.get(row.reference_id, "?"),
            "against": row.against.value,
            "n_exams": row.n_exams,
            "cautions": [caution.value for caution in row.cautions],
        }
        for code, test in zip(row.codes, tests(row.counts), strict=True):
            undefined = test.undefined.value if test.undefined else None
            yield {**head, "class": code, **asdict(test), "n": test.n, "undefined": undefined}


@dataclass(frozen=True, slots=True, eq=False)
class _Truth:
    """A reference: its exams, each once, and their states. ``reference_id`` is None for the
    consensus.
    """

    exams: NDArray[np.int64]
    states: States
    reference_id: int | None


def _pairs(
    references: References,
    truth: _Truth,
    readers: Sequence[int],
    rows: Mapping[int, NDArray[np.intp]],
) -> Iterator[Comparison]:
    matrix = references.matrix
    is_known = (truth.states != MISSING).any(axis=1)
    exams_, answers = truth.exams[is_known], truth.states[is_known]
    for first, second in combinations(readers, 2):
        common, at_first, at_second = np.intersect1d(
            matrix.exams[rows[first]], matrix.exams[rows[second]], return_indices=True
        )
        exams, at_common, at_truth = np.intersect1d(common, exams_, return_indices=True)
        if not len(exams):
            continue
        first_rows = rows[first][at_first[at_common]]
        second_rows = rows[second][at_second[at_common]]
        states = (matrix.states[first_rows], matrix.states[second_rows], answers[at_truth])
        occurs = np.logical_or.reduce([(part == PRESENT).any(axis=0) for part in states])
        counts = count(*states)[occurs]
        yield Comparison(
            first=first,
            second=second,
            against=Against.CONSENSUS if truth.reference_id is None else Against.REFERENCE,
            reference_id=truth.reference_id,
            n_exams=len(exams),
            cautions=_cautions(references, truth, (first, second), first_rows),
            codes=tuple(np.array(matrix.codes)[occurs].tolist()),
            counts=tuple(map(tuple, counts.tolist())),
        )


def _cautions(
    references: References, truth: _Truth, pair: tuple[int, int], rows: NDArray[np.intp]
) -> tuple[Caution, ...]:
    own_votes = (Caution.OWN_VOTE_OF_FIRST, Caution.OWN_VOTE_OF_SECOND)
    cautions = [
        caution
        for reader, caution in zip(pair, own_votes, strict=True)
        if truth.reference_id is None and references.kinds[reader] == PERSON
    ]
    patients = references.patients[rows]
    if len(np.unique(patients)) < len(patients):
        cautions.append(Caution.PATIENTS_WITH_SEVERAL_EXAMS)
    return tuple(cautions)
