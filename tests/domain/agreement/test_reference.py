"""One reader against the reference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from ecgreview.agreement.accuracy import reference

CODES = ["a", "b", "c", "d"]
sets = st.frozensets(st.sampled_from(CODES))
pairs = st.lists(st.tuples(sets, sets), min_size=1, max_size=12)


def test_a_worked_example():
    """One exam is exact, one has an extra class, and one has a different class."""
    result = reference.compare([({"a"}, {"a"}), ({"a", "b"}, {"a"}), ({"c"}, {"d"})])
    assert (result.n_hits, result.n_extra, result.n_missed) == (2, 2, 1)
    assert result.micro_f1 == pytest.approx(4 / 7)
    assert result.right_share == pytest.approx(1 / 3)


def test_an_unreadable_answer_is_wrong():
    result = reference.compare([(None, {"a", "b"}), ({"a"}, {"a"})])
    assert (result.n_right, result.n_missed) == (1, 2)


def test_an_unreadable_answer_to_an_exam_without_classes_is_wrong():
    assert reference.compare([(None, frozenset())]).micro_f1 == 0


def test_an_empty_answer_to_an_exam_without_classes_is_right():
    assert reference.compare([(frozenset(), frozenset())]).micro_f1 == 1


def test_no_exams_give_no_result():
    with pytest.raises(reference.NothingToCompare):
        reference.compare([])


@given(pairs)
def test_matches_scikit_learn(answers):
    binarizer = MultiLabelBinarizer(classes=CODES)
    right = binarizer.fit_transform([pair[1] for pair in answers])
    result = binarizer.transform([pair[0] for pair in answers])
    expected = f1_score(right, result, average="micro", zero_division=1.0)
    assert reference.compare(answers).micro_f1 == pytest.approx(expected)


@given(pairs)
def test_does_not_depend_on_the_order_of_the_exams(answers):
    assert reference.compare(answers) == reference.compare(answers[::-1])


@given(pairs)
def test_is_one_exactly_when_every_exam_is_right(answers):
    result = reference.compare(answers)
    assert (result.micro_f1 == 1) == (result.right_share == 1)


def test_intervals_of_accuracy_are_those_of_wilson():
    # 9 of 10 exams right; 9 classes hit, one missed and one extra.
    answers = [(frozenset({"a"}), frozenset({"a"}))] * 9 + [(frozenset({"b"}), frozenset({"a"}))]
    accuracy = reference.accuracy(reference.compare(answers))
    for measure in (accuracy.right, accuracy.sensitivity, accuracy.precision):
        # prop.test(9, 10, correct = FALSE) in R.
        assert (measure.estimate, measure.n) == (0.9, 10)
        assert (measure.low, measure.high) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert accuracy.f1.estimate == pytest.approx(0.9)
    # F1 = 2 J / (1 + J) of the Jaccard index: 9 of 11 cells.
    low, high = 0.5230, 0.9486
    assert (accuracy.f1.low, accuracy.f1.high) == pytest.approx(
        (2 * low / (1 + low), 2 * high / (1 + high)), abs=1e-4
    )


@given(st.lists(st.tuples(st.none() | sets, sets), min_size=1, max_size=30))
def test_f1_is_that_of_the_comparison_and_few_exams_have_no_interval(answers):
    comparison = reference.compare(answers)
    accuracy = reference.accuracy(comparison)
    if accuracy.f1.estimate is None:
        assert comparison.n_hits + comparison.n_extra + comparison.n_missed == 0
    else:
        assert accuracy.f1.estimate == pytest.approx(comparison.micro_f1)
    has_interval = accuracy.right.low is not None
    assert has_interval == (comparison.n_exams >= reference.MIN_EXAMS)
