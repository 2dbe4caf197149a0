"""Agreement between readers about certainty: absent, possible, probable or definite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import weighted, weights
from ecgreview.agreement.counts.answers import Answers, Cluster
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.counts.patterns import BadCounts
from ecgreview.agreement.sampling import joint
from ecgreview.agreement.sampling.resampling import DEFAULT, Resampling
from ecgreview.agreement.values.coefficient import Estimates
from ecgreview.agreement.values.intervals import measures
from ecgreview.agreement.values.reasons import Reason

from .everyone import RARE

# The categories from lowest to highest; the columns of a table.
LEVELS = ("absent", "possible", "probable", "definite")


# The number of readers of an exam who chose each of ``LEVELS``.
Levels = tuple[int, ...]


class Graded(NamedTuple):
    """Exams with the same number of readers and the same grades, over all classes together.

    Attributes:
        n_readers: number of readers of each exam.
        levels: for each class that at least one reader did not call absent, its index and how many
            readers chose each of ``LEVELS``; readers who could not assess the class are not
            counted.
    """

    n_readers: int
    levels: tuple[tuple[int, Levels], ...]


def certainty(
    profiles: Sequence[Graded],
    units: Sequence[Cluster],
    classes: Sequence[str],
    *,
    how: Resampling = DEFAULT,
) -> dict[str, Any]:
    """Return the agreement between readers about certainty, class by class.

    Args:
        profiles: the distinct ways in which exams were graded.
        units: what is resampled together: an exam, or a patient with all exams. Each has the
            indexes of its exams' profiles and the number of such units.
        classes: names of the classes.
        how: settings of the bootstrap over units.

    Returns:
        ``{"levels": LEVELS, "classes": lines}``, a line for each class: ``{"class", "n_exams",
        "n_both", "n_possible", "n_probable", "n_definite", measure: ...}``. ``n_exams`` is the
        number of exams that at least two readers could assess; ``n_possible`` to ``n_definite`` are
        the numbers of their readings at each level. ``n_both`` is the number of exams in which at
        least two readers marked the class. Of the measures, ``ordinal_alpha`` is Krippendorff's,
        ``gwet_ac2`` has Gwet's ordinal weights, and ``same_certainty`` is the probability that two
        readers who both marked the class in an exam chose the same level. There is no interval with
        fewer than RARE informative exams: see ``_few``.

    Raises:
        BadCounts: a unit with an unknown profile, an unknown class, or a negative number.

    Source:
        Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section D; Gwet 2014,
        Handbook of Inter-Rater Reliability, 4th ed., chapters 3 and 4.
    """
    answers = _answers(profiles, units, len(classes))
    table = answers.patterns.astype(np.float64)
    cells = Cells(table, answers.counts(answers.weights[None])[0])
    columns = _measures(cells, list(_replicates(answers, table, how)), how)
    counts = _counts(cells)
    return {
        "levels": list(LEVELS),
        "classes": [
            {
                "class": name,
                **{key: round(float(values[row])) for key, values in counts.items()},
                **{key: values[row] for key, values in columns.items()},
            }
            for row, name in enumerate(classes)
        ],
    }


def _measures(
    cells: Cells, drawn: Sequence[Mapping[str, NDArray[np.float64]]], how: Resampling
) -> dict[str, Any]:
    """Return each coefficient of each class, with its interval from the replicates ``drawn``."""
    columns = {}
    for name, estimates in _coefficients(cells).items():
        nothing = np.full((1, len(estimates.values)), np.nan)
        values = np.concatenate([replicates[name] for replicates in drawn]) if drawn else nothing
        compared = _both(cells) if name == "same_certainty" else cells
        is_plain = np.zeros(len(estimates.values), dtype=np.bool_)
        measured = measures(
            estimates, values, n=compared.n_compared, is_rare=is_plain, confidence=how.confidence
        )
        columns[name] = measured.without_interval(
            _few(name, cells), Reason.FEW_EXAMS_OF_CLASS
        ).to_json()
    return columns


def _answers(profiles: Sequence[Graded], units: Sequence[Cluster], n_classes: int) -> Answers:
    """Return the grades as answers whose "patterns" are numbers of readers at each level."""
    index_of: dict[tuple[int, ...], int] = {}
    base = [
        index_of.setdefault((profile.n_readers, 0, 0, 0), len(index_of)) for profile in profiles
    ]
    graded = [
        [(column, index_of.setdefault(levels, len(index_of))) for column, levels in profile.levels]
        for profile in profiles
    ]
    rows = [(profile_of, n, unit) for unit, one in enumerate(units) for profile_of, n in one.exams]
    _refuse_bad(rows, profiles, units, n_classes)
    entries = [
        (row, column, pattern)
        for row, (profile_of, _, _) in enumerate(rows)
        for column, pattern in graded[profile_of]
    ]
    row, column, pattern = np.array(entries, dtype=np.intp).reshape(-1, 3).T
    profile_of, n_exams, unit = np.array(rows, dtype=np.intp).reshape(-1, 3).T
    return Answers(
        patterns=np.array(list(index_of), dtype=np.int8).reshape(-1, len(LEVELS)),
        n_classes=n_classes,
        n_exams=n_exams.astype(np.float64),
        unit=unit,
        times=np.array([unit.n_patients for unit in units], dtype=np.int64),
        base=np.array(base, dtype=np.intp)[profile_of],
        row=row,
        column=column,
        pattern=pattern,
    )


def _refuse_bad(
    rows: Sequence[tuple[int, int, int]],
    profiles: Sequence[Graded],
    units: Sequence[Cluster],
    n_classes: int,
) -> None:
    if any(not 0 <= profile < len(profiles) for profile, _, _ in rows):
        raise BadCounts(f"a unit has exams with an unknown profile among {len(profiles)}")
    if any(n < 0 for _, n, _ in rows) or any(unit.n_patients < 0 for unit in units):
        raise BadCounts("there is a negative number of exams or patients")
    if any(not 0 <= column < n_classes for graded in profiles for column, _ in graded.levels):
        raise BadCounts(f"a class index is outside the {n_classes} classes")


def _replicates(
    answers: Answers, table: NDArray[np.float64], how: Resampling
) -> Iterator[Mapping[str, NDArray[np.float64]]]:
    """Yield the values of each coefficient for the next n replicates, shape (n, n_classes)."""
    if not how.n_replicates or not answers.times.sum():
        return
    count = answers.counter()
    for part in joint.weights(answers, how):
        coefficients = _coefficients(Cells(table, count(part)))
        yield {name: estimates.values for name, estimates in coefficients.items()}


def _coefficients(cells: Cells) -> dict[str, Estimates]:
    marked = cells.compared_readings[..., 1:].sum(axis=-1)
    never = (marked == 0) & (cells.n_compared > 0)
    both = _both(cells)
    same = weighted.percent_agreement(both)
    has_none = both.n_compared == 0
    causes = (
        (cells.n_compared == 0, Reason.NOT_COMPARED),
        (has_none & never, Reason.NEVER_GIVEN),
        (has_none, Reason.NEVER_GIVEN_BY_TWO),
    )
    return {
        "ordinal_alpha": weighted.krippendorff_ordinal_alpha(cells),
        "gwet_ac2": weighted.gwet_ac2(cells, _WEIGHTS).with_caution(never, Reason.ABSENCE_ONLY),
        "same_certainty": Estimates(same.values, causes),
    }


_WEIGHTS = weights.ordinal(range(len(LEVELS)))


def _both(cells: Cells) -> Cells:
    """Return the cells of the readers who marked the class, by certainty."""
    return Cells(cells.table[:, 1:], cells.n_exams)


def _counts(cells: Cells) -> dict[str, NDArray[np.float64]]:
    readings = cells.compared_readings
    return {
        "n_exams": cells.n_compared,
        "n_both": _both(cells).n_compared,
        **{f"n_{level}": readings[..., place] for place, level in enumerate(LEVELS) if place},
    }


def _few(name: str, cells: Cells) -> NDArray[np.bool_]:
    """Return the classes with too few informative exams for the bootstrap, shape (n_classes,).

    As in ``everyone.rare``, a coefficient needs exams in which all readers mark the class, exams in
    which none does, and exams in which they differ; ``same_certainty`` needs exams in which levels
    are equal and exams in which they differ.
    """
    table = cells.table
    is_mixed = np.count_nonzero(table, axis=1) > 1
    informative = [table[:, 0] == 0, table[:, 1:].sum(axis=1) == 0, is_mixed]
    is_compared = cells.is_compared
    if name == "same_certainty":
        both = _both(cells)
        is_mixed = np.count_nonzero(both.table, axis=1) > 1
        informative, is_compared = [is_mixed, ~is_mixed], both.is_compared
    n_informative = [
        cells.n_exams @ (is_type & is_compared).astype(np.float64) for is_type in informative
    ]
    return np.asarray(np.min(n_informative, axis=0) < RARE)
