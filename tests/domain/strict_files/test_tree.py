"""YAML as plain values: values, positions, and what is refused."""

from __future__ import annotations

import contextlib
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.strict_files import Problem, Unreadable, in_words, read_tree


def problems(text: str | bytes) -> list[str]:
    return [str(problem) for problem in read_tree(text).problems]


def test_values_match_yaml():
    text = "a: 1\nb: [x, 2.5, true, null]\nc: {d: 2020-01-31}\n"
    day = datetime.date(2020, 1, 31)
    assert read_tree(text).value == {"a": 1, "b": ["x", 2.5, True, None], "c": {"d": day}}


def test_every_value_has_its_line_and_column():
    places = read_tree("a: 1\nb:\n  - x\n  - c: 2\n").places
    assert places["a",] == (1, 4)
    assert places["b", 0] == (3, 5)
    assert places["b", 1, "c"] == (4, 8)


def test_a_missing_value_is_reported_at_its_parent():
    tree = read_tree("a: 1\nb:\n  c: 2\n")
    problem = tree.problem(("b", "d"), "is missing", "Add it.")
    assert problem == Problem("b.d", "is missing", "Add it.", 3, 3)


def test_a_path_is_formatted_for_people():
    assert in_words(("arms", 0, "weight")) == "arms[0].weight"


def test_a_problem_without_a_line_is_reported_without_one():
    assert str(Problem("name", "is empty", "Write one.")) == "name: is empty. Write one."


def test_an_empty_file_gives_none():
    assert read_tree("").value is None


def test_a_duplicate_key_is_a_problem_with_both_lines():
    (problem,) = problems("a: 1\nb: 2\na: 3\n")
    assert problem.startswith("line 3, column 1: a: is repeated; first in line 1.")


def test_the_first_of_two_duplicate_keys_counts():
    assert read_tree("a: 1\na: 3\n").value == {"a": 1}


@pytest.mark.parametrize("key", ["1", "true", "~", "2020-01-31", "[a]", "{a: 1}", "<<"])
def test_a_key_that_is_not_a_string_is_a_problem(key):
    (problem,) = problems(f"? {key}\n: {{b: 1}}\n")
    assert "is a key that is not a plain word" in problem


@pytest.mark.parametrize("number", ["010", "0x1F", "1_000", "1:30", "1:30.5", "0b11", "+01"])
def test_an_ambiguous_number_is_a_problem(number):
    (problem,) = problems(f"a: {number}")
    assert problem.startswith(f"line 1, column 4: a: {number} is an unusual way to write a number.")


@pytest.mark.parametrize(
    ("number", "value"), [("0", 0), ("-7", -7), ("+3", 3), ("0.5", 0.5), ("1.0e-05", 1e-5)]
)
def test_a_plain_number_is_accepted(number, value):
    assert read_tree(f"a: {number}").value == {"a": value}


@pytest.mark.parametrize("text", ["2024-13-45", "9" * 5000])
def test_a_value_that_python_refuses_is_a_problem(text):
    (problem,) = problems(f"a: {text}")
    assert "cannot be read" in problem
    assert len(problem) < 300


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: 2\n", "line 1, column 4: anchors"),
        ("a: 1\nb: *x\n", "line 2, column 4: anchors"),
        ("a: !!python/name:os.system x", "tags such as tag:yaml.org,2002:python/name:os.system"),
        ("a: !thing x", "tags such as !thing"),
        ("[" * 1000, "nested more than 12 deep"),
        ("a: [1, 2", "is not valid YAML"),
        ("a: 'b", "is not valid YAML"),
        ("a: b: c", "line 1, column 5: is not valid YAML"),
        ("a: 1\n---\nb: 2\n", "is not valid YAML"),
        ("\t a: 1", "is not valid YAML"),
        ("a: \x07", "is not valid YAML"),
        ("a: \0", "zero byte"),
        ("a: " + "x" * 1_000_000, "larger than 1000000 bytes"),
        ("a: é".encode("latin-1"), "line 1, column 4: is not UTF-8 text"),
        ("a: é".encode("utf-16"), "UTF-16"),
        ("a: \ud800", "is not UTF-8 text"),
    ],
)
def test_yaml_with_special_features_is_refused(text, message):
    with pytest.raises(Unreadable) as refusal:
        read_tree(text)
    assert message in str(refusal.value)
    assert len(refusal.value.problems) == 1


def test_twelve_levels_are_accepted():
    assert read_tree("[" * 12 + "]" * 12).value is not None


def test_too_many_values_are_refused():
    with pytest.raises(Unreadable, match="more values than could belong"):
        read_tree("[1, 2, 3, 4, 5, 6, 7, 8]", max_values=10)


def test_a_yaml_bomb_is_refused_before_expansion():
    laughs = "a: &a [lol]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(Unreadable, match="anchors"):
        read_tree(laughs)


def test_a_byte_order_mark_is_skipped():
    assert read_tree("a: ação".encode("utf-8-sig")).value == {"a": "ação"}


SOURCES = st.text("ab:-[]{}&*!#'\"| 01?<,\n\t\0é", max_size=40) | st.binary(max_size=40)


@given(SOURCES)
def test_any_file_is_read_or_refused(source):
    with contextlib.suppress(Unreadable):
        read_tree(source)
