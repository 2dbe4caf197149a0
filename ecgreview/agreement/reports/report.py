"""The agreement of readers as one JSON-serializable report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import bands
from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.counts.patterns import BadCounts, BadRatings, PatternCount
from ecgreview.agreement.sampling import joint
from ecgreview.agreement.sampling.resampling import DEFAULT, Resampling
from ecgreview.agreement.values.intervals import MeasureJson, Measures
from ecgreview.agreement.values.reasons import Reason

from . import design_effects, everyone
from .design_effects import Effects
from .overall import overall, set_alphas
from .pairs import FIELDS, counted, pair_counts, pair_measures

# Incremented whenever the same readings would result in a different report.
VERSION = "7"

# The coefficients that have verbal bands for their size.
BEYOND_CHANCE = (
    "light_kappa",
    "conger_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "gwet_ac1",
    "pabak",
)

_PRESENT = 1  # the second column of binary cells


def report(
    answers: Answers,
    readers: Sequence[str],
    classes: Sequence[str],
    *,
    repeats: NDArray[np.float64] | None = None,
    patterns: PatternCount | None = None,
    n_voters: int | None = None,
    how: Resampling = DEFAULT,
) -> dict[str, Any]:
    """Return the agreement of ``readers``, class by class, pair by pair and overall.

    Every measure is ``{"estimate", "low", "high", "n", "reason", "method"}``: the estimate is null
    when it is undefined, and the reason says why; next to an estimate, it is a caution or says why
    there is no interval. ``n`` is the number of exams with answers of at least two readers. Pairs
    without an exam in common are left out; pairs have counts only, from which ``pair_lines``
    computes measures. Readers have no answer for classes that they could not assess;
    ``n_not_assessable`` is the number of such readings of a class. ``bands`` are the probable bands
    of Landis and Koch, empty where there is no interval. Where patients have several exams, classes
    and pairs have a ``design_effect`` and a ``design_effect_given``.

    Args:
        answers: the answers of all readers.
        readers: names of the readers.
        classes: names of the classes.
        repeats: shape (n_readers, n_classes, 2, 2); exams by a reader's first answer (absent,
            present) and second answer. None: nobody read an exam twice.
        patterns: ``answers`` if already counted. None: they are counted here.
        n_voters: the first ``n_voters`` readers are people. The others (models, published
            references) are compared in pairs only and enter no statistic of all readers
            together: their errors are not independent, and they are not another person's
            opinion. None: all are people.
        how: settings of the intervals.

    Raises:
        BadRatings: the numbers of names and of readers or classes differ, or ``n_voters`` is out of
            range.
        BadCounts: ``patterns`` and ``answers`` differ in their number of exams, readers or classes.
    """
    n_voters = len(readers) if n_voters is None else n_voters
    _refuse_wrong_numbers(answers, readers, classes, n_voters)
    patterns = answers.count() if patterns is None else _checked(patterns, answers)
    patterns = patterns.occurring()
    voting = answers.of_first(n_voters)
    n_read = voting.has_read.sum(axis=1)
    return {
        "version": VERSION,
        "method": _method(answers, how),
        "n_readers": n_voters,
        "n_exams": int(voting.weights.sum()),
        "n_exams_compared": int(voting.weights[n_read >= 2].sum()),
        "n_readings": int((voting.weights * n_read).sum()),
        "readers": list(readers),
        "classes": class_lines(
            voting,
            patterns if voting is answers else voting.count().occurring(),
            classes,
            how,
        ),
        "pairs": pair_counts(patterns, answers),
        "repeats": _repeats(repeats),
        "overall": _overall(voting, how),
    }


def _refuse_wrong_numbers(
    answers: Answers, readers: Sequence[str], classes: Sequence[str], n_voters: int
) -> None:
    if (len(readers), len(classes)) != (answers.n_readers, answers.n_classes):
        raise BadRatings(
            f"got names of {len(readers)} readers and {len(classes)} classes, but answers of "
            f"{answers.n_readers} and {answers.n_classes}"
        )
    if not 0 <= n_voters <= len(readers):
        raise BadRatings(f"{n_voters} of {len(readers)} readers cannot vote")


def _method(answers: Answers, how: Resampling) -> dict[str, Any]:
    return {
        "confidence": how.confidence,
        "n_replicates": how.n_replicates,
        "seed": how.seed,
        "unit": "patient" if answers.is_clustered else "exam",
        "rare_below": everyone.RARE,
    }


def _checked(patterns: PatternCount, answers: Answers) -> PatternCount:
    """Return ``patterns`` if they have as many exams, readers and classes as ``answers``."""
    shape = (answers.n_classes, answers.n_readers)
    if (len(patterns.counts), patterns.n_readers) != shape:
        raise BadCounts(
            f"counts have {len(patterns.counts)} classes and {patterns.n_readers} readers, "
            f"answers have {shape[0]} and {shape[1]}"
        )
    n_exams = answers.weights.sum()
    if (patterns.counts.sum(axis=1) != n_exams).any():
        raise BadCounts(
            f"the counts of a class do not sum to the {n_exams:.0f} exams of the answers"
        )
    return patterns


def pair_lines(
    results: Mapping[str, Any], *, how: Resampling = DEFAULT, classes: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return a line for each pair of readers and class of a report.

    Args:
        results: as returned by ``report``.
        how: settings of the intervals.
        classes: names of the classes to include; by default all.

    Returns:
        ``{"readers": [first, second], "kinds": [...], "class", "n11", "n10", "n01", "n00", measure:
        ...}``, pairs and classes in the order of the report. Counts are of exams in which
        both answered the class. The kinds are those of the report, or "person" if it has none.
    """
    names = [line["class"] for line in results["classes"]]
    columns = [names.index(name) for name in classes] if classes else range(len(names))
    lines = [
        {
            **_two(results, pair),
            "class": names[column],
            **{field: pair[field][column] for field in FIELDS},
        }
        for pair in results["pairs"]
        for column in columns
    ]
    if not (lines and _is_of_patients(results)):
        return _with_measures(lines, how)
    effects = design_effects.stored(results["pairs"])
    if effects is None:  # from a report version without effects
        return _with_measures(lines, replace(how, n_replicates=0), Reason.PAIRS_OF_PATIENTS)
    return _with_measures(lines, how, effects=effects.of_columns(list(columns)))


def pooled_lines(results: Mapping[str, Any], *, how: Resampling = DEFAULT) -> list[dict[str, Any]]:
    """Return a line for each pair of readers, with all answers to all classes pooled.

    Args:
        results: as returned by ``report``.
        how: settings of the intervals.

    Returns:
        Lines as in ``pair_lines``. The class is empty, and there are no intervals, because the
        classes of an exam are not independent.
    """
    lines = [
        {
            **_two(results, pair),
            "class": "",
            **{field: sum(pair[field]) for field in FIELDS},
        }
        for pair in results["pairs"]
    ]
    measured = _with_measures(lines, replace(how, n_replicates=0), Reason.PAIRS_OVER_CLASSES)
    for line, pair in zip(measured, results["pairs"], strict=True):
        n_exams = max(map(sum, zip(*(pair[field] for field in FIELDS), strict=True)), default=0)
        for value in line.values():
            if isinstance(value, dict):
                value["n"] = n_exams
    return measured


def repeat_lines(results: Mapping[str, Any], *, how: Resampling = DEFAULT) -> list[dict[str, Any]]:
    """Return a line of intra-reader agreement for each class and reader with repeated readings."""
    names = [line["class"] for line in results["classes"]]
    lines = [
        {
            "reader": results["readers"][repeat["reader"]],
            "class": name,
            **{field: repeat[field][column] for field in FIELDS},
        }
        for repeat in results["repeats"]
        for column, name in enumerate(names)
    ]
    if _is_of_patients(results):  # repeats do not record which exams belong to one patient
        return _with_measures(lines, replace(how, n_replicates=0), Reason.REPEATS_OF_PATIENTS)
    return _with_measures(lines, how)


def _two(results: Mapping[str, Any], pair: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of a pair of readers, and their kinds."""
    kinds = results.get("kinds") or ["person"] * len(results["readers"])
    return {
        "readers": [results["readers"][reader] for reader in pair["readers"]],
        "kinds": [kinds[reader] for reader in pair["readers"]],
    }


def _is_of_patients(results: Mapping[str, Any]) -> bool:
    return bool(results["method"]["unit"] == "patient")


def _with_measures(
    lines: Sequence[Mapping[str, Any]],
    how: Resampling,
    why_none: str = "",
    *,
    effects: Effects | None = None,
) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for start in range(0, len(lines), _LINES_AT_ONCE):
        some = lines[start : start + _LINES_AT_ONCE]
        tables = np.zeros((len(some), 2, 2))
        for field, (row, column) in FIELDS.items():
            tables[:, row, column] = [line[field] for line in some]
        nowhere = np.full(len(some), bool(why_none))
        part_effects = effects and effects[start : start + _LINES_AT_ONCE]
        columns = {
            name: measured.without_interval(nowhere, why_none).to_json()
            for name, measured in pair_measures(tables, how, part_effects).items()
        }
        results += [
            {**line, **{name: values[row] for name, values in columns.items()}}
            for row, line in enumerate(some)
        ]
    return results


_LINES_AT_ONCE = 500


def class_lines(
    answers: Answers, patterns: PatternCount, classes: Sequence[str], how: Resampling = DEFAULT
) -> list[dict[str, Any]]:
    """Return the lines of the classes for ``report``.

    Args:
        answers: used for statistics over patients.
        patterns: the same answers, counted.
        classes: names of the classes.
        how: settings of the intervals.
    """
    cells = patterns.cells()
    patients = patients_of(answers, how)
    measured = everyone.class_measures(patterns, how, patients)
    columns = {name: values.to_json() for name, values in measured.items()}
    counts = {name: values.tolist() for name, values in _counts(answers, cells).items()}
    words_of = {name: _bands(measured[name]) for name in BEYOND_CHANCE}
    ranges = _ranges(patterns)
    effects = patients.effects.to_json() if patients else {}
    return [
        {
            "class": name,
            **{key: round(values[row]) for key, values in counts.items()},
            **{key: values[row] for key, values in columns.items()},
            "bands": {key: words[row] for key, words in words_of.items()},
            "without_one_reader": {key: values[row] for key, values in ranges.items()},
            **{key: values[row] for key, values in effects.items()},
        }
        for row, name in enumerate(classes)
    ]


def patients_of(answers: Answers, how: Resampling) -> everyone.Patients | None:
    """Return counts and replicates over patients; None if no patient has several exams."""
    effects = design_effects.of_classes(answers)
    if effects is None:
        return None
    patterns, count = answers.count(), answers.counter()
    drawn = [count(part) for part in joint.weights(answers, how)]
    nothing = np.empty((0, *patterns.counts.shape))
    return everyone.Patients(patterns, np.concatenate([nothing, *drawn]), effects)


def _bands(measured: Measures) -> list[str]:
    """Return the band of each value by Gwet's rule: the highest that is probable."""
    places = bands.LANDIS_KOCH.probable(measured.estimates.values, measured.error)
    return [bands.LANDIS_KOCH.word(place) for place in places.tolist()]


def _counts(answers: Answers, cells: Cells) -> dict[str, NDArray[np.float64]]:
    """Return the counts behind the measures, each of shape (n_classes,)."""
    totals = cells.compared_readings
    absent, present = cells.table.T
    is_any = cells.is_compared & (present > 0)
    n_readings = (answers.weights * answers.has_read.sum(axis=1)).sum()
    return {
        "n_exams": cells.n_compared,
        "n_readings": totals.sum(axis=1),
        "n_positive": totals[:, _PRESENT],
        "n_positive_any": cells.n_exams @ is_any.astype(np.float64),
        "n_positive_all": cells.n_exams @ (is_any & (absent == 0)).astype(np.float64),
        "n_not_assessable": n_readings - cells.n_exams @ cells.n_readings,
    }


def _ranges(patterns: PatternCount) -> dict[str, list[list[float] | None]]:
    """Return the range of each coefficient if one reader at a time is left out, by class.

    Readers are themselves a sample, and no interval over exams can show the influence of a single
    reader. Empty with fewer than three readers; None where the coefficient is undefined without one
    of the readers.
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
            for values in np.stack([estimates[name].values for estimates in without], axis=1)
        ]
        for name in without[0]
    }


_READERS_TO_SPARE = 3


def _repeats(tables: NDArray[np.float64] | None) -> list[dict[str, Any]]:
    """Return the counts of the readers who read exams twice."""
    if tables is None:
        return []
    return [
        {"reader": reader, **counted(table)} for reader, table in enumerate(tables) if table.any()
    ]


def _overall(answers: Answers, how: Resampling) -> dict[str, Any]:
    results = overall(answers, how)
    n_classes = answers.n_classes
    return {
        **{name: _only(measures) for name, measures in results.sets.items()},
        **{name: _only(measures) for name, measures in set_alphas(answers, how).items()},
        "macro": {
            name: {**_only(measures), "n_defined": results.n_defined[name], "n_classes": n_classes}
            for name, measures in results.macro.items()
        },
        "micro": {name: _only(measures) for name, measures in results.micro.items()},
    }


def _only(measures: Measures) -> MeasureJson:
    (measure,) = measures.to_json()
    return measure
