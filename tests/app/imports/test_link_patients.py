"""``manage.py link_patients``: all lines or none, and what is wrong by its line."""

from __future__ import annotations

import pytest

from annotations.models import AuditEvent, Exam
from tests.app.test_commands import run

pytestmark = pytest.mark.django_db

HEADING = "source_key,patient,day\n"


@pytest.fixture
def link(tmp_path, dataset):
    """Run the command on lines of a file, and return exit code, output and errors."""

    def run_it(lines, *more, name=dataset.name):
        file = tmp_path / "visits.csv"
        file.write_text(HEADING + lines, encoding="utf-8")
        return run("link_patients", name, file, *more)

    return run_it


def test_it_counts_what_it_linked(link, make_exam):
    first, second, third = (make_exam().source_key for _ in range(3))
    _, out, _ = link(f"{first},p1,0\n{second},p1,412\n{third},p2,0\n")
    assert out == "3 exams linked; 1 have an earlier one.\n"


def test_the_audit_trail_knows_who_said_so(link, make_exam, davi):
    link(f"{make_exam().source_key},p1,0\n", "--by", "davi")
    assert AuditEvent.objects.get(action="exams.linked").actor == davi


def test_what_is_wrong_is_told_by_line_and_nothing_is_stored(link, make_exam):
    key = make_exam().source_key
    code, _, err = link(f"{key},p1,0\nother,p1,1984-11-15\n")
    assert code == 1
    assert "line 3, column 3: day: '1984-11-15' is no number of days" in err
    assert Exam.objects.get(source_key=key).patient is None


def test_of_many_wrong_lines_the_first_are_told(link):
    _, _, err = link("".join(f"e{n},p1,never\n" for n in range(50)))
    assert len(err.splitlines()) == 21
    assert err.endswith("and 30 more.")


def test_exams_nobody_knows_are_named(link, make_exam):
    code, _, err = link(f"{make_exam().source_key},p1,0\nnowhere.hea,p1,9\n")
    assert (code, "Check these keys: nowhere.hea." in err) == (1, True)


def test_a_data_set_nobody_knows_is_told_with_those_there_are(link, dataset):
    assert f"Available: {dataset.name}." in link("", name="Elsewhere")[2]


def test_a_file_that_is_not_there_is_told(dataset, tmp_path):
    assert "cannot be read" in run("link_patients", dataset.name, tmp_path / "no.csv")[2]
