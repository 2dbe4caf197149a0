"""Files of predictions: what is read, and what is said about files that cannot be."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from ecgreview.scoring import predictions
from ecgreview.strict_files import Unreadable

EXAMS = ["E1", "E2", "E3"]
CODES = ["atrial_fibrillation", "sinus_bradycardia"]
GOOD = "exam,sinus_bradycardia\nE3,0\nE1,.25\nE2,1e-3\n"


def read(text, **options):
    source = text if isinstance(text, bytes) else text.encode()
    return predictions.read(source, exams=EXAMS, codes=CODES, **options)


def problems(text):
    with pytest.raises(Unreadable) as refused:
        read(text)
    return [str(problem) for problem in refused.value.problems]


def test_rows_are_in_the_order_of_the_expected_exams():
    found = read(GOOD)
    assert found.codes == ("sinus_bradycardia",)
    np.testing.assert_array_equal(found.values, [[0.25], [0.001], [0]])


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace(",", ";"),
        "\ufeff" + GOOD.replace("\n", "\r\n"),
        GOOD + "\n\n",
        GOOD.replace("E1", " E1 "),
    ],
    ids=["semicolons", "as Excel saves it", "empty lines", "spaces around a code"],
)
def test_spreadsheets_are_read(text):
    np.testing.assert_array_equal(read(text).values, read(GOOD).values)


@pytest.mark.parametrize(
    "cell", ["", "nan", "inf", "-0.1", "1.01", "1_0", "0,5", "٠", "1e", "0x1", "1e-9999", "yes"]
)
def test_a_cell_that_is_no_probability_is_named(cell):
    (message, *_) = problems(f'exam,sinus_bradycardia\nE1,"{cell}"\n')
    assert message.startswith(f"line 2, column 2: sinus_bradycardia: {cell!r} is not a number")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("id,sinus_bradycardia\n", "line 1, column 1: id: the first column is not exam"),
        ("exam\nE1\n", "line 1: no class is predicted"),
        ("exam,sinus_bradicardia\n", "Did you mean sinus_bradycardia?"),
        ("exam,sinus_bradycardia,sinus_bradycardia\n", "column 3: sinus_bradycardia: appears"),
        ("exam,sinus_bradycardia\nE1,1,1\n", "line 2: the row has 3 cells, the header has 2"),
        ("exam,sinus_bradycardia\nE9,1\n", "line 2, column 1: exam: 'E9' is not an exam"),
        ("exam,sinus_bradycardia\nE1,1\nE1,1\n", "line 3, column 1: exam: E1 is already in line 2"),
        ("exam,sinus_bradycardia\nE1,1\n", "2 of 3 exams are missing: E2, E3"),
        ('exam,sinus_bradycardia\nE1,"1\n', "is not valid CSV"),
        (b"exam,sinus_bradycardia\nE1,\xff\n", "line 2, column 4: is not UTF-8 text"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_the_place(text, message):
    assert any(message in problem for problem in problems(text))


def test_the_number_of_problems_is_limited():
    rows = "".join(f"X{n},1\n" for n in range(1000))
    assert len(problems(f"exam,sinus_bradycardia\n{rows}")) == predictions.MAX_PROBLEMS


def test_a_compressed_file_is_read():
    np.testing.assert_array_equal(read(gzip.compress(GOOD.encode())).values, read(GOOD).values)


def test_a_file_compressed_in_parts_is_read():
    half = len(GOOD) // 2
    parts = [gzip.compress(part.encode()) for part in (GOOD[:half], GOOD[half:])]
    np.testing.assert_array_equal(read(b"".join(parts)).values, read(GOOD).values)


def test_an_exam_with_a_wrong_cell_is_not_reported_as_missing():
    (message,) = problems("exam,sinus_bradycardia\nE1,1\nE2,2\nE3,0\n")
    assert message.startswith("line 3, column 2")


@pytest.mark.parametrize(
    "change", [lambda whole: whole[:-9], lambda whole: whole[:10] + b"\xff" * 9]
)
def test_a_damaged_compressed_file_is_refused(change):
    (message,) = problems(change(gzip.compress(GOOD.encode())))
    assert message.startswith(("is damaged", "is incomplete"))


def test_a_compressed_file_is_not_unpacked_beyond_the_limit():
    with pytest.raises(Unreadable, match="larger than 1000 bytes"):
        read(gzip.compress(b"0" * 50_000_000), max_bytes=1000)


def test_a_large_file_is_refused_before_it_is_parsed():
    with pytest.raises(Unreadable, match="larger than 10 bytes"):
        read(GOOD, max_bytes=10)
