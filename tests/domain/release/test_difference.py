"""The difference of two releases: exams, labels by class, and rules."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ecgreview.release import difference, index
from ecgreview.release.content import LabelState
from ecgreview.release.difference import ClassChange, FactChange, Labels
from ecgreview.release.index import LETTERS, Line

CODES = ["af", "lbbb"]
MANIFEST = {"rule": {"name": "unanimous 1"}, "licence": "CC0-1.0"}

A = Line("A", "p1", 1, "agreement", "PA")
B = Line("B", "p2", 2, "disputed", "UA")
C = Line("C", "p3", 1, "agreement", "AA")

STATES = st.text("".join(LETTERS.values()), min_size=2, max_size=2)
RELEASES = st.dictionaries(st.text("ABCDE", min_size=1, max_size=2), STATES).map(
    lambda exams: [Line(name, name, 1, "majority", exams[name]) for name in sorted(exams)]
)


def labels(*lines: Line, codes=CODES, **facts) -> Labels:
    return Labels({**MANIFEST, **facts}, index.pack(codes, lines))


def test_equal_releases_have_no_difference():
    assert difference.between(labels(A, B), labels(A, B)).is_empty


def test_exams_are_added_and_removed():
    change = difference.between(labels(A, B), labels(B, C))
    assert (change.added, change.removed, change.n_common) == (["C"], ["A"], 1)


def test_changed_labels_are_counted_by_class():
    change = difference.between(labels(A, B), labels(A, replace(B, states="PP")))
    assert change.classes == [
        ClassChange("af", 1, 2, 1, 0, 0), ClassChange("lbbb", 0, 1, 1, 0, 0),
    ]  # fmt: skip
    assert [(cell.exam, cell.code, cell.before, cell.after) for cell in change.cells] == [
        ("B", "af", LabelState.UNDECIDED, LabelState.PRESENT),
        ("B", "lbbb", LabelState.ABSENT, LabelState.PRESENT),
    ]  # fmt: skip
    assert change.n_exams_changed == 1


def test_a_changed_rule_is_named():
    change = difference.between(labels(A), labels(A, rule={"name": "k_of_n 1"}))
    assert change.facts == [FactChange("rule.name", "unanimous 1", "k_of_n 1")]


def test_classes_are_compared_by_code_and_not_by_place():
    change = difference.between(labels(A), labels(replace(A, states="AXP".replace("X", "N")),
                                                  codes=["lbbb", "vt", "af"]))  # fmt: skip
    assert (change.classes_added, change.classes_removed, change.cells) == (["vt"], [], [])


def test_exams_in_another_fold_are_named():
    assert difference.between(labels(A), labels(replace(A, fold=2))).moved == ["A"]


@given(RELEASES, RELEASES)
def test_the_difference_backwards_is_the_reverse(one, other):
    there = difference.between(labels(*one), labels(*other))
    back = difference.between(labels(*other), labels(*one))
    assert (there.added, there.removed) == (back.removed, back.added)
    assert [(c.n_gained, c.n_lost) for c in there.classes] == [
        (c.n_lost, c.n_gained) for c in back.classes
    ]


@given(RELEASES)
def test_an_index_can_be_read_back(lines):
    packed = index.pack(CODES, lines)
    assert (index.codes(packed), list(index.lines(packed))) == (CODES, lines)
