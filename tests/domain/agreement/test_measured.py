from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ecgreview.agreement.coefficients import measurements
from ecgreview.agreement.reports.measured import MAX_POINTS, Measured, measured
from ecgreview.agreement.values.reasons import Reason


def line_of(values: np.ndarray, *, is_clustered: bool = False) -> dict[str, Any]:
    """Return the report line of ``values``, shape (n_readers, n_exams); NaN is not measured."""
    exams = tuple(
        tuple(
            (reader, float(pair_line))
            for reader, pair_line in enumerate(exam)
            if not np.isnan(pair_line)
        )
        for exam in values.T
    )
    (line,) = measured([Measured(1, "interval", exams, is_clustered)], ["a", "b"])
    return line


def pr_intervals(seed: int, n_readers: int = 3, n_exams: int = 40) -> np.ndarray:
    rng = np.random.default_rng(seed)
    truth = rng.normal(160, 25, n_exams)
    return truth + rng.normal(0, 5, (n_readers, n_exams)) + np.arange(n_readers)[:, None] * 4


def test_all_readers_who_measured_are_compared_together():
    values = pr_intervals(1)
    line, expected = line_of(values), measurements.intraclass(values)
    assert (line["class"], line["kind"], line["n_exams"]) == ("b", "interval", 40)
    assert line["icc"]["readers"] == [0, 1, 2]
    assert line["icc"]["agreement"] == expected.agreement.to_json()
    assert line["icc"]["consistency"] == expected.consistency.to_json()
    assert line["icc"]["agreement"]["estimate"] < line["icc"]["consistency"]["estimate"]


def test_pairs_have_lins_coefficient_with_limits_of_agreement():
    values = pr_intervals(2)
    pairs = line_of(values)["pairs"]
    assert [pair["readers"] for pair in pairs] == [[0, 1], [0, 2], [1, 2]]
    limits = measurements.limits_of_agreement(values[0], values[2])
    pair_line = pairs[1]
    assert pair_line["ccc"] == measurements.lin_concordance(values[0], values[2]).to_json()
    assert (pair_line["bias"], pair_line["deviation"]) == (limits.bias.to_json(), limits.deviation)
    assert (pair_line["lower"], pair_line["upper"]) == (
        limits.lower.to_json(),
        limits.upper.to_json(),
    )
    assert pair_line["bias"]["estimate"] == pytest.approx(-8, abs=3)


def test_the_reader_set_with_the_most_measurements_is_compared():
    values = pr_intervals(3)
    values[2, 2:] = np.nan
    assert line_of(values)["icc"]["readers"] == [0, 1]
    assert line_of(values)["icc"]["agreement"]["n"] == 40


def test_readers_without_a_common_exam_are_not_a_pair():
    values = pr_intervals(4)
    values[2, :20] = values[0, 20:] = np.nan
    line = line_of(values)
    assert [pair["readers"] for pair in line["pairs"]] == [[0, 1], [1, 2]]
    assert [pair["n"] for pair in line["pairs"]] == [20, 20]


def test_one_exam_has_only_a_reason():
    line = line_of(pr_intervals(5, n_exams=1))
    assert line["icc"]["agreement"]["reason"] == Reason.FEW_EXAMS_MEASURED
    assert line["pairs"][0]["ccc"]["reason"] == Reason.FEW_MEASURED_TWICE
    assert (line["pairs"][0]["bias"]["estimate"], line["pairs"][0]["deviation"]) == (None, None)


def test_several_exams_per_patient_remove_the_intervals():
    line, unclustered = line_of(pr_intervals(6), is_clustered=True), line_of(pr_intervals(6))
    for result, expected in (
        (line["icc"]["agreement"], unclustered["icc"]["agreement"]),
        (line["pairs"][0]["bias"], unclustered["pairs"][0]["bias"]),
    ):
        assert result["estimate"] == expected["estimate"]
        assert (result["low"], result["high"], result["reason"]) == (
            None,
            None,
            Reason.MEASUREMENTS_OF_PATIENTS,
        )
        assert expected["low"] is not None


def test_the_points_are_shuffled():
    values = pr_intervals(7, n_exams=9)
    assert line_of(values)["points"] == line_of(values[:, ::-1])["points"]
    firsts = [exam[0][1] for exam in line_of(values)["points"]]
    assert firsts == sorted(values[0].tolist())


def test_the_number_of_points_is_limited():
    points = line_of(pr_intervals(8, n_exams=3 * MAX_POINTS))["points"]
    assert len(points) == len({exam[0][1] for exam in points}) == MAX_POINTS
