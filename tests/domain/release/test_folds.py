"""Folds keep patients together, spread classes evenly and depend on nothing but their input."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ecgreview.release import folds
from ecgreview.release.folds import Content

SINGLE = st.builds(Content, st.just(1), st.lists(st.integers(0, 5), max_size=1).map(tuple))
MULTIPLE = st.builds(Content, st.integers(1, 4), st.lists(st.integers(0, 5), max_size=6).map(tuple))
NAMES = st.text("abcdefghij", min_size=1, max_size=6)


@given(st.dictionaries(NAMES, MULTIPLE), st.integers(2, 10))
def test_every_group_is_in_one_fold(groups, n_folds):
    assigned = folds.assign(groups, n_folds, salt="study")
    assert assigned.keys() == groups.keys()
    assert set(assigned.values()) <= set(range(1, n_folds + 1))


@given(st.dictionaries(NAMES, SINGLE), st.integers(2, 10))
def test_classes_and_exams_differ_by_at_most_one_between_folds(groups, n_folds):
    """This holds for patients with one exam with one class; others only come close."""
    assigned = folds.assign(groups, n_folds, salt="study")
    for index in range(6):
        sizes = Counter(assigned[name] for name, item in groups.items() if index in item.classes)
        counts = [sizes[fold] for fold in range(1, n_folds + 1)]
        assert max(counts) - min(counts) <= 1


@given(st.dictionaries(NAMES, MULTIPLE), st.randoms(use_true_random=False))
def test_the_order_of_groups_does_not_matter(groups, rng):
    names = list(groups)
    rng.shuffle(names)
    shuffled = {name: groups[name] for name in names}
    assert folds.assign(groups, 5, salt="s") == folds.assign(shuffled, 5, salt="s")


@given(st.dictionaries(NAMES, MULTIPLE), st.dictionaries(NAMES, MULTIPLE))
def test_groups_of_an_earlier_release_keep_their_folds(before, added):
    earlier = folds.assign(before, 5, salt="s")
    later = folds.assign({**added, **before}, 5, salt="s", earlier=earlier)
    assert earlier.items() <= later.items()


def test_another_salt_gives_other_folds():
    groups = {f"p{n}": Content(1) for n in range(100)}
    assert folds.assign(groups, 5, salt="a") != folds.assign(groups, 5, salt="b")


def test_linked_names_are_merged():
    merged = folds.merged([("p3", "p2"), ("p2", "p1"), ("q1", "q2")])
    assert merged == {"p1": "p1", "p2": "p1", "p3": "p1", "q1": "q1", "q2": "q1"}


def test_a_name_in_two_folds_is_found():
    assert folds.shared([("p1", 1), ("p1", 1), ("p2", 1), ("p2", 2), ("", 1), ("", 2)]) == ["p2"]
