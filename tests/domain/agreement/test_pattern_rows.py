"""Stored counts give the same result as counting the readings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgreview.agreement import PatternCount
from ecgreview.agreement.counts.answers import Answers, Cluster, Profile
from ecgreview.agreement.counts.patterns import BadCounts, BadRatings, Row
from ecgreview.agreement.latent.report import latent_report
from ecgreview.agreement.reports.report import report
from ecgreview.agreement.sampling.resampling import Resampling
from tests.domain.agreement.strategies import binary_ratings


def by_pattern(count: PatternCount) -> dict[bytes, list[float]]:
    """Return the counts of the patterns that occur."""
    return {
        pattern.tobytes(): count.counts[:, row].tolist()
        for row, pattern in enumerate(count.patterns)
        if count.counts[:, row].any()
    }


def profiles_of(ratings: np.ndarray) -> list[Profile]:
    result = []
    for exam in ratings.transpose(1, 0, 2):
        readers = np.flatnonzero(exam.any(axis=1))
        answered = tuple(
            (column, "".join(map(str, states)))
            for column, states in enumerate(exam[readers].T)
            if (states != 1).any()
        )
        result.append(Profile(tuple(readers.tolist()), answered))
    return result


@given(binary_ratings())
def test_rows_are_counted_like_their_readings(ratings):
    n_readers, _, n_classes = ratings.shape
    rows = [
        Row(column, range(n_readers), exam[:, column].tolist(), 1)
        for exam in ratings.transpose(1, 0, 2)
        for column in range(n_classes)
    ]
    from_stored = PatternCount.from_rows(rows, n_readers=n_readers, n_classes=n_classes)
    assert by_pattern(from_stored) == by_pattern(PatternCount.of(ratings))


def sets_of(ratings: np.ndarray) -> list[tuple[tuple[int, ...], int]]:
    """Return the number of exams read by each set of readers, sorted by set."""
    profiles = profiles_of(ratings)
    return [
        (readers, sum(profile.readers == readers for profile in profiles))
        for readers in sorted({profile.readers for profile in profiles})
    ]


def rows_of(ratings: np.ndarray) -> list[Row]:
    """Return a row for each exam and each class that at least one reader did not call absent."""
    return [
        Row(column, item.readers, [int(digit) for digit in digits], 1)
        for item in profiles_of(ratings)
        for column, digits in item.states
    ]


@given(binary_ratings(n_readers=(1, 5)))
def test_exams_called_absent_by_all_need_no_row(ratings):
    n_readers, _, n_classes = ratings.shape
    from_stored = PatternCount.from_sets(
        sets_of(ratings), rows_of(ratings), n_readers=n_readers, n_classes=n_classes
    )
    assert by_pattern(from_stored) == by_pattern(PatternCount.of(ratings))


@given(ratings=binary_ratings(n_readers=(1, 6), n_classes=(1, 3)), several=st.booleans())
@settings(max_examples=15)
def test_a_report_of_stored_counts_equals_that_of_the_answers(ratings, several):
    n_readers, n_exams, n_classes = ratings.shape
    answers = Answers.of(ratings, np.arange(n_exams) // 2 if several else None)
    from_stored = PatternCount.from_sets(
        sets_of(ratings), rows_of(ratings), n_readers=n_readers, n_classes=n_classes
    )
    names, how = [list("abcdef")[:n] for n in (n_readers, n_classes)], Resampling(10)
    assert report(answers, *names, patterns=from_stored, how=how) == report(
        answers, *names, how=how
    )
    counted = answers.count().occurring()
    assert latent_report(from_stored, how=how) == latent_report(counted, how=how)


def test_stored_counts_of_other_exams_are_refused():
    ratings = np.ones((2, 4, 1), dtype=np.int8)
    for from_stored in (ratings[:, :3], ratings[:1], np.ones((2, 4, 2), dtype=np.int8)):
        with pytest.raises(BadCounts, match="answers"):
            report(Answers.of(ratings), list("ab"), ["x"], patterns=PatternCount.of(from_stored))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (Row(0, (0, 1), (2, 1), 3), "more exams than readers"),
        (Row(0, (0,), (2,), 1), "no exam was read by exactly"),
    ],
)
def test_more_exams_than_were_read_are_refused(row, message):
    with pytest.raises(BadCounts, match=message):
        PatternCount.from_sets([((0, 1), 2)], [row], n_readers=2, n_classes=1)


def test_sets_of_unknown_readers_are_refused():
    with pytest.raises(BadCounts, match="there are 2 readers"):
        PatternCount.from_sets([((0, 2), 2)], [], n_readers=2, n_classes=1)


@given(binary_ratings(n_readers=(1, 5)))
def test_answeredare_counted_like_their_readings(ratings):
    assert by_pattern(Answers.of(ratings).count()) == by_pattern(PatternCount.of(ratings))


@given(binary_ratings(n_readers=(1, 5)))
def test_profiles_are_counted_like_their_readings(ratings):
    from_stored = Answers.from_profiles(
        profiles_of(ratings), n_readers=len(ratings), n_classes=ratings.shape[2]
    )
    assert by_pattern(from_stored.count()) == by_pattern(PatternCount.of(ratings))


@given(binary_ratings(n_readers=(1, 4)))
def test_anonymous_answeredare_the_cells_of_the_patterns(ratings):
    _, cells = Answers.of(ratings).anonymous()
    expected = PatternCount.of(ratings).cells()

    def by_division(count):
        return {
            tuple(row): count.n_exams[:, place].tolist()
            for place, row in enumerate(count.table.astype(int).tolist())
            if count.n_exams[:, place].any()
        }

    assert by_division(cells) == by_division(expected)


def test_a_profile_has_a_number_of_exams():
    profile = Profile((0, 2), ((1, "21"),), n_exams=7)
    result = Answers.from_profiles([profile], n_readers=3, n_classes=2)
    assert by_pattern(result.count()) == {
        bytes([1, 0, 1]): [7.0, 0.0],
        bytes([2, 0, 1]): [0.0, 7.0],
    }


def test_exams_of_a_patient_are_one_unit():
    profiles = [
        Profile((0, 1), (), 9),
        Profile((0, 1), ((0, "22"), (1, "12")), 4),
        Profile((0,), ((1, "2"),), 3),
    ]
    clusters = [Cluster(((0, 2), (1, 1)), n_patients=3)]
    result = Answers.from_profiles(profiles, clusters, n_readers=2, n_classes=2)
    assert (result.times.tolist(), result.is_clustered) == ([3, 1, 3, 3], True)
    assert result.weights.tolist() == [3.0, 1.0, 3.0, 6.0, 3.0]
    unclustered = Answers.from_profiles(profiles, n_readers=2, n_classes=2)
    assert not unclustered.is_clustered
    assert by_pattern(result.count()) == by_pattern(unclustered.count())


def test_clusters_of_unknown_exams_are_refused():
    with pytest.raises(BadCounts, match="more exams than their profiles"):
        Answers.from_profiles(
            [Profile((0, 1), (), 3)], [Cluster(((0, 2),), 2)], n_readers=2, n_classes=1
        )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (Row(0, (0, 1), (1, 1), -1), "-1 is not a number of exams"),
        (Row(2, (0, 1), (1, 1), 1), "class index 2 is out of range: there are 2"),
        (Row(0, (0, 3), (1, 1), 1), "out of range: there are 3 readers"),
        (Row(0, (0, 1), (1,), 1), "1 states of 2 readers"),
        (Row(0, (1, 1), (1, 1), 1), "2 states of 1 readers"),
        (Row(0, (0, 1), (1, 3), 1), "neither 0, 1 nor 2"),
    ],
)
def test_an_invalid_row_is_refused(row, message):
    with pytest.raises(BadCounts, match=message):
        PatternCount.from_rows([row], n_readers=3, n_classes=2)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        (Profile((0, 1), (), -1), "-1 is not a number of exams"),
        (Profile((0, 1), ((2, "12"),)), "class index 2 is out of range: there are 2"),
        (Profile((0, 3), ()), "out of range: there are 3 readers"),
        (Profile((0, 1), ((0, "2"),)), "1 states of 2 readers"),
        (Profile((0, 0), ()), "2 states of 1 readers"),
        (Profile((0, 1), ((0, "23"),)), "neither 0, 1 nor 2"),
    ],
)
def test_an_invalid_profile_is_refused(profile, message):
    with pytest.raises(BadCounts, match=message):
        Answers.from_profiles([profile], n_readers=3, n_classes=2)


@pytest.mark.parametrize(
    "ratings",
    [np.ones((2, 2), np.int8), np.ones((1, 1, 1), np.int64), np.full((1, 1, 1), 3, np.int8)],
)
def test_invalid_ratings_are_refused(ratings):
    with pytest.raises(BadRatings):
        Answers.of(ratings)
