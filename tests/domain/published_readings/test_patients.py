"""The patient table published with readings."""

from __future__ import annotations

import pytest

from ecgreview.published_readings import CLASSES
from ecgreview.published_readings.patients import is_patient_table, parse_patients


@pytest.mark.parametrize(
    ("file", "heading", "is_one"),
    [
        ("attributes.csv", "weight,height", True),
        ("patients.csv", "Age,Sex", True),
        ("patients.csv", "patient_id;age", True),
        ("ana.csv", ",".join(CLASSES), False),
        ("ana.csv", ",".join([*CLASSES, "age"]), False),
        ("ana.csv", "a,b", False),
        ("ana.csv", "", False),
    ],
)
def test_the_table_is_recognized_by_name_or_columns(file, heading, is_one):
    assert is_patient_table(file, f"{heading}\n1,2\n".encode(), CLASSES) == is_one


def test_ages_sexes_and_patients_are_read_in_the_order_of_the_exams():
    result = parse_patients(
        b"\xef\xbb\xbfage,sex,weight,patient_id\n67,M,70,a\n,F,,\n31.5,female,1,a\n"
    )
    assert result.ages == (67.0, None, 31.5)
    assert result.sexes == ("M", "F", "F")
    assert result.patients == ("a", None, "a")
    assert result.used == ("age", "sex", "patient_id")
    assert result.n_exams == 3


@pytest.mark.parametrize("cell", ["x", "-1", "131", "nan", "inf", ""])
def test_an_impossible_age_is_unknown(cell):
    assert parse_patients(f"age\n30\n{cell},\n".encode()).ages[1:] in ((None,), ())


def test_a_table_without_known_columns_gives_nothing():
    result = parse_patients(b"weight\n70\n80\n")
    assert (result.used, result.ages, result.n_exams) == ((), (None, None), 2)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'age\n"30\n'])
def test_a_file_that_is_not_a_table_is_not_an_error(content):
    assert parse_patients(content).n_exams in (0, 1)
