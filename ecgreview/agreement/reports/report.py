"""The agreement of readers as one JSON-able report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import bands
from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.counts.patterns import MISSING, BadRatings, PatternCount
from ecgreview.agreement.sampling import joint
from ecgreview.agreement.sampling.resampling import DEFAULT, Resampling
from ecgreview.agreement.values.coefficient import OF_CLASSES, OF_PATIENTS
from ecgreview.agreement.values.intervals import MeasureJson, Measures

from . import everyone
from .overall import overall, set_alphas
from .pairs import pair_measures

VERSION = "4"
"""Raised whenever the same readings would give another report."""

BEYOND_CHANCE = (
    "light_kappa",
    "conger_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "gwet_ac1",
    "pabak",
)
"""The coefficients that have words for how large they are."""

_PRESENT = 1  # the second column of binary cells
_FIELDS = {"n00": (0, 0), "n01": (0, 1), "n10": (1, 0), "n11": (1, 1)}


def report(
    answers: Answers,
    readers: Sequence[str],
    classes: Sequence[str],
    *,
    repeats: NDArray[np.float64] | None = None,
    how: Resampling = DEFAULT,
) -> dict[str, Any]:
    """Return how far ``readers`` agree, class by class, pair by pair and as a whole.

    Every measure is ``{"estimate", "low", "high", "n", "reason", "method"}``: the estimate is null
    when it is undefined, and the reason says why; ``n`` is the number of exams that two readers or
    more have read. Pairs that have no exam in common are left out; of a pair there are the counts,
    from which ``pair_lines`` makes measures. A reader may be missing for some classes of an exam,
    which they could not assess: ``n_not_assessable`` counts these readings of a class. ``bands``
    are the words of Landis and Koch that are probable, empty where there is no interval.

    Args:
        answers: what was said.
        readers: the names of the readers.
        classes: the names of the classes.
        repeats: shape (n_readers, n_classes, 2, 2); exams by what a reader said the first time
            (absent, present) and the second. None: nobody read an exam twice.
        how: the intervals are made.

    Raises:
        BadRatings: other numbers of names than of readers and classes.
    """
    if (len(readers), len(classes)) != (answers.n_readers, answers.n_classes):
        raise BadRatings(
            f"{len(readers)} readers and {len(classes)} classes are named, the answers have "
            f"{answers.n_readers} and {answers.n_classes}"
        )
    patterns = answers.count()
    n_read = answers.has_read.sum(axis=1)
    return {
        "version": VERSION,
        "method": {
            "confidence": how.confidence,
            "n_replicates": how.n_replicates,
            "seed": how.seed,
            "unit": "patient" if answers.is_clustered else "exam",
            "rare_below": everyone.RARE,
        },
        "n_readers": len(readers),
        "n_exams": int(answers.weights.sum()),
        "n_exams_compared": int(answers.weights[n_read >= 2].sum()),
        "n_readings": int((answers.weights * n_read).sum()),
        "readers": list(readers),
        "classes": class_lines(answers, patterns, classes, how),
        "pairs": _pairs(patterns),
        "repeats": _repeats(repeats),
        "overall": _overall(answers, how),
    }


def pair_lines(
    found: Mapping[str, Any], *, how: Resampling = DEFAULT, classes: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return a line for each pair of readers and class of the report ``found``.

    Args:
        found: what ``report`` returned.
        how: the intervals are made.
        classes: only of these; by default of all.

    Returns:
        ``{"readers": [first, second], "class", "n11", "n10", "n01", "n00", measure: ...}``, pairs
        in the order of the report, classes in theirs; exams that both have read of a class.
    """
    names = [one["class"] for one in found["classes"]]
    columns = [names.index(name) for name in classes] if classes else range(len(names))
    lines = [
        {
            "readers": [found["readers"][reader] for reader in pair["readers"]],
            "class": names[column],
            **{field: pair[field][column] for field in _FIELDS},
        }
        for pair in found["pairs"]
        for column in columns
    ]
    return _with_measures(lines, *_by_unit(found, how))


def pooled_lines(found: Mapping[str, Any], *, how: Resampling = DEFAULT) -> list[dict[str, Any]]:
    """Return a line for each pair of readers, all answers to all classes as if to one.

    Args:
        found: what ``report`` returned.
        how: the intervals are made.

    Returns:
        As ``pair_lines``; the class is empty, and there are no intervals: the classes of an exam
        are not independent.
    """
    lines = [
        {
            "readers": [found["readers"][reader] for reader in pair["readers"]],
            "class": "",
            **{field: sum(pair[field]) for field in _FIELDS},
        }
        for pair in found["pairs"]
    ]
    measured = _with_measures(lines, replace(how, n_replicates=0), OF_CLASSES)
    for line, pair in zip(measured, found["pairs"], strict=True):
        n_exams = max(map(sum, zip(*(pair[field] for field in _FIELDS), strict=True)), default=0)
        for value in line.values():
            if isinstance(value, dict):
                value["n"] = n_exams
    return measured


def repeat_lines(found: Mapping[str, Any], *, how: Resampling = DEFAULT) -> list[dict[str, Any]]:
    """Return a line for each reader and class who read exams twice: agreement with themselves."""
    names = [one["class"] for one in found["classes"]]
    lines = [
        {
            "reader": found["readers"][one["reader"]],
            "class": name,
            **{field: one[field][column] for field in _FIELDS},
        }
        for one in found["repeats"]
        for column, name in enumerate(names)
    ]
    return _with_measures(lines, *_by_unit(found, how))


def _by_unit(found: Mapping[str, Any], how: Resampling) -> tuple[Resampling, str]:
    """Return how intervals of single tables are made, and why they are not.

    Tables do not tell which exams are of one patient.
    """
    if found["method"]["unit"] == "patient":
        return replace(how, n_replicates=0), OF_PATIENTS
    return how, ""


def _with_measures(
    lines: Sequence[Mapping[str, Any]], how: Resampling, why_none: str = ""
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for start in range(0, len(lines), _LINES_AT_ONCE):
        some = lines[start : start + _LINES_AT_ONCE]
        tables = np.zeros((len(some), 2, 2))
        for field, (row, column) in _FIELDS.items():
            tables[:, row, column] = [line[field] for line in some]
        nowhere = np.full(len(some), bool(why_none))
        columns = {
            name: one.without_interval(nowhere, why_none).to_json()
            for name, one in pair_measures(tables, how).items()
        }
        found += [
            {**line, **{name: values[row] for name, values in columns.items()}}
            for row, line in enumerate(some)
        ]
    return found


_LINES_AT_ONCE = 500


def class_lines(
    answers: Answers, patterns: PatternCount, classes: Sequence[str], how: Resampling = DEFAULT
) -> list[dict[str, Any]]:
    """Return the line of each class as ``report`` has it.

    Args:
        answers: what was said, for what is asked of patients.
        patterns: its counts.
        classes: the names of the classes.
        how: the intervals are made.
    """
    drawn = None
    if answers.is_clustered and how.n_replicates:
        count = answers.counter()
        drawn = np.concatenate([count(part) for part in joint.weights(answers, how)])
    cells = patterns.cells()
    found = everyone.class_measures(patterns, how, drawn)
    columns = {name: one.to_json() for name, one in found.items()}
    counts = {name: values.tolist() for name, values in _counts(answers, cells).items()}
    words_of = {name: _bands(found[name]) for name in BEYOND_CHANCE}
    ranges = _ranges(patterns)
    return [
        {
            "class": name,
            **{key: round(values[row]) for key, values in counts.items()},
            **{key: values[row] for key, values in columns.items()},
            "bands": {key: words[row] for key, words in words_of.items()},
            "without_one_reader": {key: values[row] for key, values in ranges.items()},
        }
        for row, name in enumerate(classes)
    ]


def _bands(measured: Measures) -> list[str]:
    """Return the word for how large each is, by Gwet's rule: the highest that is probable."""
    places = bands.LANDIS_KOCH.probable(measured.estimates.values, measured.error)
    return [bands.LANDIS_KOCH.word(place) for place in places.tolist()]


def _counts(answers: Answers, cells: Cells) -> dict[str, NDArray[np.float64]]:
    """Return the numbers behind the measures, each of shape (n_classes,)."""
    totals = cells.compared_readings
    absent, present = cells.table.T
    is_any = cells.is_compared & (present > 0)
    said = (answers.patterns != MISSING).sum(axis=1)
    n_silent = (said[answers.base[answers.row]] - said[answers.pattern]) * answers.weights[
        answers.row
    ]
    return {
        "n_exams": cells.n_compared,
        "n_readings": totals.sum(axis=1),
        "n_positive": totals[:, _PRESENT],
        "n_positive_any": cells.n_exams @ is_any.astype(np.float64),
        "n_positive_all": cells.n_exams @ (is_any & (absent == 0)).astype(np.float64),
        "n_not_assessable": np.bincount(answers.column, n_silent, minlength=answers.n_classes),
    }


def _ranges(patterns: PatternCount) -> dict[str, list[list[float] | None]]:
    """Return between which values a coefficient lies when one reader is left out, by class.

    Readers are themselves a sample: how much hangs on a single one of them no interval over exams
    can tell. None where there are fewer than three readers, or no value without one of them.
    """
    if patterns.n_readers < _READERS_TO_SPARE:
        return {}
    without = [
        everyone.coefficients(patterns.without(reader).cells())
        for reader in range(patterns.n_readers)
    ]
    return {
        name: [
            None if np.isnan(values).any() else [float(values.min()), float(values.max())]
            for values in np.stack([one[name].values for one in without], axis=1)
        ]
        for name in without[0]
    }


_READERS_TO_SPARE = 3


def _pairs(patterns: PatternCount) -> list[dict[str, Any]]:
    """Return the counts of the pairs of readers that have an exam in common."""
    pairs = patterns.common_pairs()
    found = []
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = pairs[start : start + _PAIRS_AT_ONCE]
        tables = patterns.pairs(some)
        found += [
            {"readers": list(pair), **_fields(tables[:, row])} for row, pair in enumerate(some)
        ]
    return found


_PAIRS_AT_ONCE = 64


def _repeats(tables: NDArray[np.float64] | None) -> list[dict[str, Any]]:
    """Return the counts of the readers who read exams twice."""
    if tables is None:
        return []
    return [
        {"reader": reader, **_fields(table)} for reader, table in enumerate(tables) if table.any()
    ]


def _fields(tables: NDArray[np.float64]) -> dict[str, list[int]]:
    return {
        field: tables[:, row, column].astype(int).tolist()
        for field, (row, column) in _FIELDS.items()
    }


def _overall(answers: Answers, how: Resampling) -> dict[str, Any]:
    found = overall(answers, how)
    n_classes = answers.n_classes
    return {
        **{name: _only(one) for name, one in found.sets.items()},
        **{name: _only(one) for name, one in set_alphas(answers, how).items()},
        "macro": {
            name: {**_only(one), "n_defined": found.n_defined[name], "n_classes": n_classes}
            for name, one in found.macro.items()
        },
        "micro": {name: _only(one) for name, one in found.micro.items()},
    }


def _only(one: Measures) -> MeasureJson:
    (found,) = one.to_json()
    return found
