"""``manage.py link_patients`` links all lines of a file or none."""

from __future__ import annotations

import pytest

from annotations.models import AuditEvent, Exam
from tests.app.test_commands import run

pytestmark = pytest.mark.django_db

HEADING = "source_key,patient,day\n"


@pytest.fixture
def link(tmp_path, dataset):
    """Run the command on a file of these lines; return exit code, output and errors."""

    def link_lines(lines, *more, name=dataset.name):
        file = tmp_path / "visits.csv"
        file.write_text(HEADING + lines, encoding="utf-8")
        return run("link_patients", name, file, *more)

    return link_lines


def test_it_prints_how_many_exams_it_linked(link, make_exam):
    first, second, third = (make_exam().source_key for _ in range(3))
    _, out, _ = link(f"{first},p1,0\n{second},p1,412\n{third},p2,0\n")
    assert out == "3 exams linked; 1 have an earlier one.\n"


def test_the_audit_trail_names_the_actor(link, make_exam, davi):
    link(f"{make_exam().source_key},p1,0\n", "--by", "davi")
    assert AuditEvent.objects.get(action="exams.linked").actor == davi


def test_an_error_names_its_line_and_nothing_is_stored(link, make_exam):
    key = make_exam().source_key
    code, _, err = link(f"{key},p1,0\nother,p1,1984-11-15\n")
    assert code == 1
    assert "line 3, column 3: day: '1984-11-15' is not a number of days" in err
    assert Exam.objects.get(source_key=key).patient is None


def test_only_the_first_twenty_errors_are_printed(link):
    _, _, err = link("".join(f"e{n},p1,never\n" for n in range(50)))
    assert len(err.splitlines()) == 21
    assert err.endswith("and 30 more.")


def test_unknown_exams_are_named(link, make_exam):
    code, _, err = link(f"{make_exam().source_key},p1,0\nnowhere.hea,p1,9\n")
    assert (code, "Check these keys: nowhere.hea." in err) == (1, True)


def test_an_unknown_data_set_lists_the_available_ones(link, dataset):
    assert f"Available: {dataset.name}." in link("", name="Elsewhere")[2]


def test_a_missing_file_is_reported(dataset, tmp_path):
    assert "cannot be read" in run("link_patients", dataset.name, tmp_path / "no.csv")[2]
