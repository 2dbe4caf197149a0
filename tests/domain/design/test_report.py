"""The balance report says what is there, the order statistics what should not be."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from ecgreview import design

from .tables import known, loads, request, shared, who_reads

# Ana is 1, Bruno 2: she reads 10, 11, 12 and 10 again; he reads 11 and 10.
ROWS = [
    (1, 10, 7, 1, 1),
    (1, 11, 7, 1, 3),
    (1, 12, 8, 1, 4),
    (1, 10, 7, 2, 6),
    (2, 11, 7, 1, 1),
    (2, 10, 7, 1, 2),
]


def test_the_report_counts_what_is_there():
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


def test_readers_are_those_of_the_readings_unless_told():
    result = design.balance(design.Readings.of(ROWS))
    assert result.exams_by_reader == {1: 3, 2: 2}


def test_a_repeat_is_no_other_exam_of_the_patient():
    rows = [(1, 10, 7, 1, 1), (1, 10, 7, 2, 3), (1, 11, 7, 1, 9)]
    assert design.balance(design.Readings.of(rows)).least_patient_gap == 6


def test_an_unknown_patient_is_near_nobody():
    rows = [(1, 10, -1, 1, 1), (1, 11, -1, 1, 2)]
    assert design.balance(design.Readings.of(rows)).least_patient_gap is None


def test_nothing_to_read_has_no_spread():
    result = design.balance(design.Readings.none())
    assert result.loads == result.pairs == design.Spread(None, None, None)
    assert (result.least_patient_gap, result.least_washout, result.hours) == (None, None, 0)


def test_reports_are_plain_values():
    readings = design.generate(request(40, 4, 2, repeat_fraction=0.2)).readings
    for report in (design.balance(readings), design.order_statistics(readings)):
        assert json.loads(json.dumps(report.as_dict()))


@given(st.integers(1, 40), st.integers(2, 6))
def test_the_report_agrees_with_counting_by_hand(n_exams, n_readers):
    asked = request(n_exams, n_readers, 2, repeat_fraction=0.3)
    readings = design.generate(asked).readings
    firsts = readings.chosen(readings.occurrences == 1)
    by_hand = who_reads((firsts.readers, firsts.exams))
    result = design.balance(readings, readers=asked.readers)
    assert list(result.exams_by_reader.values()) == loads(by_hand, asked.readers)
    counts = shared(by_hand, asked.readers)
    assert (result.pairs.least, result.pairs.most) == (min(counts), max(counts))
    assert result.exams_by_number_of_readers == {2: n_exams}


def test_correlations_are_those_of_scipy():
    readings = design.generate(request(60, 2, 2)).readings
    mine, yours = (readings.chosen(readings.readers == reader) for reader in (1, 2))
    mine = mine.chosen(np.argsort(mine.exams))
    yours = yours.chosen(np.argsort(yours.exams))
    theirs = spearmanr(mine.positions, yours.positions).statistic
    result = design.order_statistics(readings)
    assert result.between_readers.mean == pytest.approx(theirs)
    assert result.between_readers.largest == pytest.approx(abs(theirs))
    assert result.between_readers.expected_sd == pytest.approx(59**-0.5)
    with_import = [spearmanr(own.exams, own.positions).statistic for own in (mine, yours)]
    assert result.with_import.mean == pytest.approx(np.mean(with_import))
    assert result.with_import.sd == pytest.approx(np.sqrt(np.mean(np.square(with_import))))


def test_the_order_of_a_generated_design_has_no_pattern():
    patients = np.random.default_rng(5).integers(0, 700, 1200)
    asked = request(1200, 12, 3, patients=patients, repeat_fraction=0.05, washout_exams=50)
    result = design.order_statistics(design.generate(asked).readings)
    for of in (result.between_readers, result.with_import):
        expected = known(of.expected_sd)
        assert abs(known(of.mean)) < 4 * expected / of.n**0.5
        assert of.sd == pytest.approx(expected, rel=0.5)
        assert known(of.largest) < 4.5 * expected


def test_a_shared_order_is_found_out():
    rows = [(reader, exam, -1, 1, exam) for reader in (1, 2) for exam in range(1, 21)]
    result = design.order_statistics(design.Readings.of(rows))
    assert result.between_readers.largest == pytest.approx(1)
    assert result.with_import.largest == pytest.approx(1)


def test_two_exams_in_common_say_nothing_of_the_order():
    rows = [(reader, exam, -1, 1, exam) for reader in (1, 2) for exam in (1, 2)]
    result = design.order_statistics(design.Readings.of(rows))
    assert result.between_readers == design.Correlations(0, None, None, None, None)


def test_every_public_name_is_listed_once_in_order():
    names = design.__all__
    assert names == sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))
    assert len(set(names)) == len(names)
    assert all(hasattr(design, name) for name in names)
