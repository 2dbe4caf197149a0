"""The balance report summarizes a plan; the order statistics detect patterns in its order."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from ecgreview import design

from .tables import loads, not_none, readers_by_exam, request, shared

# Ana is 1, Bruno 2: she reads 10, 11, 12 and 10 again; he reads 11 and 10.
ROWS = [
    (1, 10, 7, 1, 1),
    (1, 11, 7, 1, 3),
    (1, 12, 8, 1, 4),
    (1, 10, 7, 2, 6),
    (2, 11, 7, 1, 1),
    (2, 10, 7, 1, 2),
]


def test_the_report_counts_readings_and_exams():
    result = design.balance(design.Readings.of(ROWS), readers=[1, 2, 3], seconds_per_reading=60)
    assert result == design.Balance(
        n_exams=3,
        n_readings=6,
        exams_by_reader={1: 3, 2: 2, 3: 0},
        repeats_by_reader={1: 1, 2: 0, 3: 0},
        hours_by_reader={1: 4 / 60, 2: 2 / 60, 3: 0.0},
        exams_by_number_of_readers={1: 1, 2: 2},
        loads=design.Spread(0, 3, 5 / 3),
        pairs=design.Spread(0, 2, 2 / 3),
        least_patient_gap=1,
        least_washout=5,
    )
    assert result.hours == pytest.approx(0.1)


def test_readers_default_to_those_of_the_readings():
    result = design.balance(design.Readings.of(ROWS))
    assert result.exams_by_reader == {1: 3, 2: 2}


def test_a_repeat_is_not_another_exam_of_the_patient():
    rows = [(1, 10, 7, 1, 1), (1, 10, 7, 2, 3), (1, 11, 7, 1, 9)]
    assert design.balance(design.Readings.of(rows)).least_patient_gap == 6


def test_exams_of_unknown_patients_have_no_distance():
    rows = [(1, 10, -1, 1, 1), (1, 11, -1, 1, 2)]
    assert design.balance(design.Readings.of(rows)).least_patient_gap is None


def test_an_empty_plan_has_no_spread():
    result = design.balance(design.Readings.none())
    assert result.loads == result.pairs == design.Spread(None, None, None)
    assert (result.least_patient_gap, result.least_washout, result.hours) == (None, None, 0)


def test_reports_are_serializable():
    readings = design.generate(request(40, 4, 2, repeat_fraction=0.2)).readings
    for report in (design.balance(readings), design.order_statistics(readings)):
        assert json.loads(json.dumps(report.as_dict()))


@given(st.integers(1, 40), st.integers(2, 6))
def test_the_report_agrees_with_counting_by_hand(n_exams, n_readers):
    plan_request = request(n_exams, n_readers, 2, repeat_fraction=0.3)
    readings = design.generate(plan_request).readings
    firsts = readings.chosen(readings.occurrences == 1)
    by_hand = readers_by_exam((firsts.readers, firsts.exams))
    result = design.balance(readings, readers=plan_request.readers)
    assert list(result.exams_by_reader.values()) == loads(by_hand, plan_request.readers)
    counts = shared(by_hand, plan_request.readers)
    assert (result.pairs.least, result.pairs.most) == (min(counts), max(counts))
    assert result.exams_by_number_of_readers == {2: n_exams}


def test_correlations_match_scipy():
    readings = design.generate(request(60, 2, 2)).readings
    ana, bruno = (readings.chosen(readings.readers == reader) for reader in (1, 2))
    ana = ana.chosen(np.argsort(ana.exams))
    bruno = bruno.chosen(np.argsort(bruno.exams))
    correlation = spearmanr(ana.positions, bruno.positions).statistic
    result = design.order_statistics(readings)
    assert result.between_readers.mean == pytest.approx(correlation)
    assert result.between_readers.largest == pytest.approx(abs(correlation))
    assert result.between_readers.expected_sd == pytest.approx(59**-0.5)
    with_import = [spearmanr(own.exams, own.positions).statistic for own in (ana, bruno)]
    assert result.with_import.mean == pytest.approx(np.mean(with_import))
    assert result.with_import.sd == pytest.approx(np.sqrt(np.mean(np.square(with_import))))


def test_the_order_of_a_generated_design_has_no_pattern():
    patients = np.random.default_rng(5).integers(0, 700, 1200)
    plan_request = request(1200, 12, 3, patients=patients, repeat_fraction=0.05, washout_exams=50)
    result = design.order_statistics(design.generate(plan_request).readings)
    for statistic in (result.between_readers, result.with_import):
        expected = not_none(statistic.expected_sd)
        assert abs(not_none(statistic.mean)) < 4 * expected / statistic.n**0.5
        assert statistic.sd == pytest.approx(expected, rel=0.5)
        assert not_none(statistic.largest) < 4.5 * expected


def test_a_shared_order_is_detected():
    rows = [(reader, exam, -1, 1, exam) for reader in (1, 2) for exam in range(1, 21)]
    result = design.order_statistics(design.Readings.of(rows))
    assert result.between_readers.largest == pytest.approx(1)
    assert result.with_import.largest == pytest.approx(1)


def test_two_common_exams_are_too_few_for_order_similarity():
    rows = [(reader, exam, -1, 1, exam) for reader in (1, 2) for exam in (1, 2)]
    result = design.order_statistics(design.Readings.of(rows))
    assert result.between_readers == design.Correlations(0, None, None, None, None)


def test_every_public_name_is_listed_once_in_order():
    names = design.__all__
    assert names == sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))
    assert len(set(names)) == len(names)
    assert all(hasattr(design, name) for name in names)
