"""Groups of classes: grouping the stored answers gives the same result as grouping ratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.agreement import Answers, PatternCount, report
from ecgreview.agreement.coefficients import multilabel
from ecgreview.agreement.counts.groups import BadGroups, grouped
from ecgreview.agreement.reports.groups import group_lines

from .strategies import binary_ratings, study

ratings_ = binary_ratings(n_readers=(1, 4), n_exams=(0, 8), n_classes=(4, 4))
groups_ = st.lists(st.sets(st.integers(0, 3), min_size=1), max_size=4)


def counted(patterns: PatternCount) -> list[dict[tuple[int, ...], float]]:
    """Return, for each class, the number of exams with each pattern that has any answer."""
    return [
        {
            tuple(pattern): n
            for pattern, n in zip(patterns.patterns.tolist(), counts.tolist(), strict=True)
            if n and any(pattern)
        }
        for counts in patterns.counts
    ]


@given(ratings=ratings_, groups=groups_)
def test_grouping_answers_equals_grouping_ratings(ratings, groups):
    of_answers = grouped(Answers.of(ratings), groups).count()
    of_ratings = PatternCount.of(multilabel.grouped(ratings, groups))
    assert counted(of_answers) == counted(of_ratings)


@given(ratings=ratings_, groups=groups_, data=st.data())
def test_exams_of_a_patient_stay_together(ratings, groups, data):
    n_exams = ratings.shape[1]
    patients = np.array(
        data.draw(st.lists(st.integers(0, 2), min_size=n_exams, max_size=n_exams)), dtype=np.int64
    )
    result = grouped(Answers.of(ratings, patients), groups)
    weights = np.arange(1, n_exams + 1, dtype=np.float64)[None]
    twin = Answers.of(multilabel.grouped(ratings, groups), patients)
    for value in (result, twin):
        assert value.unit.tolist() == Answers.of(ratings, patients).unit.tolist()
    of_each = [PatternCount(value.patterns, value.counts(weights)[0]) for value in (result, twin)]
    assert counted(of_each[0]) == counted(of_each[1])


def test_grouping_keeps_who_has_read():
    ratings = study(1, n_exams=30)
    result = grouped(Answers.of(ratings), [[0, 1], [2, 3]])
    np.testing.assert_array_equal(result.has_read, Answers.of(ratings).has_read)


@pytest.mark.parametrize(("groups", "message"), [([[0], []], "no class"), ([[0, 4]], "0 to 3")])
def test_invalid_groups_are_refused(groups, message):
    with pytest.raises(BadGroups, match=message):
        grouped(Answers.of(study(1, n_exams=5)), groups)


NAMES = ("a", "b", "c", "d")


def test_group_lines_equal_a_report_on_grouped_ratings():
    ratings = study(2)
    patients = np.arange(ratings.shape[1]) // 2
    groups = {"left": ["a", "b"], "right": ["c", "d"], "all": list(NAMES)}
    for of in (None, patients):
        result = group_lines(Answers.of(ratings, of), NAMES, groups)
        twin = multilabel.grouped(ratings, [[0, 1], [2, 3], [0, 1, 2, 3]])
        expected = report(Answers.of(twin, of), ["x", "y", "z"], list(groups))["classes"]
        assert [item.pop("members") for item in result] == list(groups.values())
        assert result == expected


def test_a_group_of_an_unknown_class_is_refused():
    with pytest.raises(BadGroups, match="names an unknown class: e"):
        group_lines(Answers.of(study(1, n_exams=5)), NAMES, {"some": ["a", "e"]})
