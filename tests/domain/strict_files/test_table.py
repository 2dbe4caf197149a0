"""CSV as rows of named cells: values, positions, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.strict_files import Unreadable, read_table
from ecgreview.strict_files.problem import closest

KNOWN = ("code", "name", "note")


def read(source: str | bytes):
    return read_table(source, known=KNOWN, required=("code",))


def problems(source: str | bytes) -> list[str]:
    return [str(problem) for problem in read(source).problems]


def test_cells_are_found_by_their_column():
    (row,) = read("name,code\n Fast , f\n").rows
    assert row.cells == {"name": "Fast", "code": "f"}


def test_a_spreadsheet_in_portuguese_separates_by_semicolons():
    (row,) = read("code;name\nf;rápido, ou não\n").rows
    assert row.cells == {"code": "f", "name": "rápido, ou não"}


def test_a_byte_order_mark_is_skipped():
    assert read("code\nf\n".encode("utf-8-sig")).columns == ("code",)


def test_rows_have_the_line_number_they_start_on():
    rows = read('code,name\na,"two\nlines"\n\n , \nb,x\n').rows
    assert [(row.line, row.cells["code"]) for row in rows] == [(2, "a"), (6, "b")]


def test_any_line_ending_is_accepted():
    for end in ("\n", "\r\n", "\r"):
        assert [row.cells["code"] for row in read(f"code{end}a{end}b{end}").rows] == ["a", "b"]


def test_a_missing_cell_is_absent():
    (row,) = read("code,name\na\n").rows
    assert row.cells == {"code": "a"}


def test_a_problem_with_a_cell_has_its_position():
    table = read("name,code\nx,\n")
    problem = table.problem(table.rows[0], "code", "is empty", "Write it.")
    assert str(problem) == "line 2, column 2: code: is empty. Write it."


def test_an_unknown_column_is_a_problem_with_a_suggestion():
    assert problems("code,nane\n") == [
        "line 1, column 2: nane: is not a known column. Did you mean name?"
    ]


def test_a_duplicate_column_is_a_problem():
    assert problems("code,name,code\n") == ["line 1, column 3: code: appears twice. Remove one."]


def test_a_missing_required_column_is_a_problem():
    assert problems("name\n") == ["line 1: code: is missing. Add it to the first row."]


def test_a_row_that_is_too_long_is_a_problem():
    (problem,) = problems("code,name\na,b,c\n")
    assert problem.startswith("line 2, column 3: the row has 3 cells, the header has 2.")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "the file is empty"),
        (b" \n , \n", "the file is empty"),
        (
            "code\nação\n".encode("latin-1"),
            "line 2, column 2: is not UTF-8 text (it may be Latin-1",
        ),
        ("code\na\n".encode("utf-16"), "UTF-16"),
        ("code\na\n".encode("utf-16-be"), "zero byte"),
        (b'code\n"a\n', "is not valid CSV"),
        (b'code\n"a"b\n', "is not valid CSV"),
        (b"code\n" + b"a" * 1_000_000, "larger than 1000000 bytes"),
        (b"code\n" + b"a" * 200_000, "is not valid CSV"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused(source, message):
    with pytest.raises(Unreadable) as refusal:
        read(source)
    assert message in str(refusal.value)


def test_a_hint_suggests_the_closest_word():
    assert closest("nmae", KNOWN) == "Did you mean name?"


def test_a_hint_without_a_close_word_lists_a_few():
    assert closest("xyz", KNOWN) == "Known here: code, name, note."


def test_a_hint_does_not_list_a_hundred_words():
    assert closest("xyz", [f"{n}" for n in range(100)]) == "Check how it is spelled."


SOURCES = st.text('ab;,"\n\r\0é', max_size=40) | st.binary(max_size=40)


@given(SOURCES)
def test_any_file_is_read_or_refused(source):
    with contextlib.suppress(Unreadable):
        read(source)
