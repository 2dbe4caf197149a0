"""The table that assigns exams to patients."""

from __future__ import annotations

import pytest

from ecgreview.ecg.visits import Visit, read_visits
from ecgreview.strict_files import Unreadable

HEADING = "source_key,patient,day\n"


def refusal(rows: str, heading: str = HEADING) -> list[str]:
    with pytest.raises(Unreadable) as caught:
        read_visits(heading + rows)
    return [str(problem) for problem in caught.value.problems]


def test_each_row_is_a_visit():
    assert read_visits(HEADING + "b.hea,p1,412\na.hea,p1,0\n") == [
        Visit("b.hea", "p1", 412, 2),
        Visit("a.hea", "p1", 0, 3),
    ]


def test_portuguese_spreadsheets_with_semicolons_and_bom_are_read():
    text = "\ufeffday;patient;source_key\r\n-3;p1;a.hea\r\n".encode()
    assert read_visits(text) == [Visit("a.hea", "p1", -3, 2)]


@pytest.mark.parametrize("day", ["1984-11-15", "19841115", "3.5", "1e3", "٣", "day 3", "50001"])
def test_a_date_is_refused_with_a_hint(day):
    (problem,) = refusal(f"a.hea,p1,{day}\n")
    assert problem.startswith("line 2, column 3: day: ")
    assert problem.endswith(
        "Write whole days since the patient's first exam; dates are never stored."
    )


@pytest.mark.parametrize("row", [",p1,3", "a.hea,,3", "a.hea,p1,", "a.hea,p1"])
def test_an_empty_cell_is_refused(row):
    (problem,) = refusal(row + "\n")
    assert problem.endswith("is empty. Fill it in.")


def test_an_exam_is_listed_once():
    assert refusal("a.hea,p1,0\nb.hea,p1,1\na.hea,p2,2\n") == [
        "line 4, column 1: source_key: 'a.hea' is also in line 2. Keep one of them."
    ]


def test_all_problems_are_reported():
    assert len(refusal("a.hea,p1,x\n,p1,1\nc.hea,p1,2\nc.hea,p1,3\n")) == 3


def test_a_missing_column_is_reported_once():
    assert len(refusal("a.hea,p1\nb.hea,p1\n", "source_key,patient\n")) == 1


def test_a_hospital_archive_fits():
    rows = "".join(f"records500/{n:06d}_hr.hea,{n // 3},{n % 3}\n" for n in range(60_000))
    assert len(read_visits(HEADING + rows)) == 60_000
