from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.agreement import BadCounts, Cluster, Resampling
from ecgreview.agreement.coefficients import weighted, weights
from ecgreview.agreement.reports.certainty import Graded, certainty
from ecgreview.agreement.values.reasons import Reason

from .tables import value

QUICK = Resampling(n_replicates=200)
MISSING, ABSENT, POSSIBLE, PROBABLE, DEFINITE = range(5)
NAMES = ("a", "b")

grades = arrays.arrays(
    np.int8,
    st.tuples(st.integers(1, 4), st.integers(0, 8), st.just(len(NAMES))),
    elements=st.integers(MISSING, DEFINITE),
)


def graded(levels: np.ndarray) -> list[Graded]:
    """Return the profile of each exam of ``levels``, shape (n_readers, n_exams, n_classes)."""
    result = []
    for exam in np.moveaxis(levels, 1, 0):
        has_read = (exam != MISSING).any(axis=1)
        counts = [
            tuple(
                int((exam[has_read, column] == item).sum()) for item in range(ABSENT, DEFINITE + 1)
            )
            for column in range(exam.shape[1])
        ]
        n_readers = int(has_read.sum())
        states = tuple(
            (column, count) for column, count in enumerate(counts) if count != (n_readers, 0, 0, 0)
        )
        result.append(Graded(n_readers, states))
    return result


def certainty_lines(
    levels: np.ndarray, units: Sequence[Cluster] | None = None, how: Resampling = QUICK
):
    alone = [Cluster(((place, 1),)) for place in range(levels.shape[1])]
    return certainty(graded(levels), alone if units is None else units, NAMES, how=how)["classes"]


def random_grades(seed: int, n_exams: int = 300) -> np.ndarray:
    """Simulate two readers with mostly equal grades; the second class is rare."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([ABSENT, POSSIBLE, PROBABLE, DEFINITE], n_exams, p=[0.5, 0.1, 0.1, 0.3])
    own = rng.integers(ABSENT, DEFINITE + 1, (2, n_exams))
    first = np.where(rng.random((2, n_exams)) < 0.7, truth, own)
    rare = np.full((2, n_exams), ABSENT)
    rare[:, :3] = DEFINITE
    rare[1, 0] = POSSIBLE
    return np.stack([first, rare], axis=2).astype(np.int8)


@given(levels=grades)
def test_coefficients_equal_those_of_the_raw_grades(levels):
    lines = certainty_lines(levels, how=Resampling(n_replicates=0))
    for column, line in enumerate(lines):
        codes = np.where(levels[:, :, column] == MISSING, np.nan, levels[:, :, column])
        cells = weighted.Votes.of(codes.astype(float), range(ABSENT, DEFINITE + 1)).cells
        alpha = value(weighted.krippendorff_ordinal_alpha(cells))
        ac2 = value(weighted.gwet_ac2(cells, weights.ordinal([1, 2, 3, 4])))
        for name, expected in (("ordinal_alpha", alpha), ("gwet_ac2", ac2)):
            result = line[name]["estimate"]
            assert result == (expected if expected is None else pytest.approx(expected, abs=1e-12))
            assert (result is None) <= bool(line[name]["reason"])


@given(levels=grades)
def test_readers_who_marked_the_class_are_compared_in_pairs(levels):
    lines = certainty_lines(levels, how=Resampling(n_replicates=0))
    for column, line in enumerate(lines):
        shares = []
        for exam in levels[:, :, column].T:
            marked_grades = exam[exam > ABSENT]
            pairs = [
                (first, second)
                for i, first in enumerate(marked_grades)
                for second in marked_grades[i + 1 :]
            ]
            if pairs:
                shares.append(np.mean([first == second for first, second in pairs]))
        assert line["n_both"] == line["same_certainty"]["n"] == len(shares)
        expected = pytest.approx(np.mean(shares)) if shares else None
        assert line["same_certainty"]["estimate"] == expected


def test_intervals_contain_their_estimates():
    line, rare = certainty_lines(random_grades(1))
    for name in ("ordinal_alpha", "gwet_ac2", "same_certainty"):
        interval = line[name]
        assert interval["low"] < interval["estimate"] < interval["high"]
        assert interval["method"] == "bootstrap"
        assert (rare[name]["low"], rare[name]["reason"]) == (None, Reason.FEW_EXAMS_OF_CLASS)


def test_the_interval_has_the_width_of_the_jackknife():
    levels = random_grades(2)
    line, _ = certainty_lines(levels, how=Resampling(n_replicates=1000))
    codes = levels[:, :, 0].astype(float)
    left_out = [
        weighted.krippendorff_ordinal_alpha(
            weighted.Votes.of(np.delete(codes, place, axis=1), range(1, 5)).cells
        ).values
        for place in range(codes.shape[1])
    ]
    values = np.array(left_out, dtype=np.float64)
    error = np.sqrt((values.size - 1) * values.var())
    width = line["ordinal_alpha"]["high"] - line["ordinal_alpha"]["low"]
    assert width == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_exams_of_a_patient_are_drawn_together():
    twice = np.repeat(random_grades(3), 2, axis=1)
    patients = [Cluster(((place, 1), (place + 1, 1))) for place in range(0, twice.shape[1], 2)]
    alone, together = (
        certainty_lines(twice, units)[0]["ordinal_alpha"] for units in (None, patients)
    )
    assert alone["estimate"] == together["estimate"]
    widths = [value["high"] - value["low"] for value in (alone, together)]
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(2), rel=0.2)


def test_identical_units_may_be_counted():
    levels = np.repeat(random_grades(4, n_exams=40), 5, axis=1)
    profiles = graded(levels[:, ::5])
    counted = certainty(
        profiles, [Cluster(((place, 1),), 5) for place in range(40)], NAMES, how=QUICK
    )
    ungrouped = certainty_lines(levels)
    for result, expected in zip(counted["classes"], ungrouped, strict=True):
        assert result["gwet_ac2"]["estimate"] == pytest.approx(expected["gwet_ac2"]["estimate"])
        assert result["n_definite"] == expected["n_definite"]


def test_a_class_that_nobody_marked_has_a_reason():
    line = certainty_lines(np.full((2, 5, 2), ABSENT, dtype=np.int8))[0]
    assert line["gwet_ac2"]["reason"] == Reason.ABSENCE_ONLY
    assert line["ordinal_alpha"]["estimate"] is None
    assert line["same_certainty"]["reason"] == Reason.NEVER_GIVEN


@pytest.mark.parametrize("n_exams", [0, 3])
def test_single_readings_have_a_reason(n_exams):
    line = certainty_lines(np.full((1, n_exams, 2), DEFINITE, dtype=np.int8))[0]
    for name in ("ordinal_alpha", "gwet_ac2", "same_certainty"):
        assert (line[name]["estimate"], line[name]["reason"]) == (None, Reason.NOT_COMPARED)


@pytest.mark.parametrize(
    ("profiles", "units"),
    [
        ([Graded(2, ())], [Cluster(((1, 1),))]),
        ([Graded(2, ())], [Cluster(((0, 1),), -1)]),
        ([Graded(2, ())], [Cluster(((0, -1),))]),
        ([Graded(2, ((2, (0, 0, 0, 2)),))], [Cluster(((0, 1),))]),
    ],
)
def test_invalid_counts_are_refused(profiles, units):
    with pytest.raises(BadCounts):
        certainty(profiles, units, NAMES)
