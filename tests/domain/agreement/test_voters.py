"""Only people count in coefficients of all readers; models and references only in pairs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ecgreview import agreement
from ecgreview.agreement import Answers, BadRatings
from ecgreview.agreement.reports.groups import group_lines
from ecgreview.agreement.sampling.resampling import Resampling

QUICK = Resampling(n_replicates=50)
NAMES = ["Ana", "Bruno", "Clara", "dnn", "gold"]
CLASSES = ["AF", "LBBB"]
EVERYBODY = ("classes", "overall", "n_exams", "n_exams_compared", "n_readings", "n_readers")


def ratings(n_exams: int = 60) -> np.ndarray:
    """Simulate three people with missing answers, and a model and a reference without any."""
    rng = np.random.default_rng(5)
    truth = rng.random((n_exams, len(CLASSES))) < 0.3
    states = (truth ^ (rng.random((5, n_exams, len(CLASSES))) < 0.15)).astype(np.int8) + 1
    states[:3][rng.random((3, n_exams, len(CLASSES))) < 0.1] = 0
    states[:3, -3:] = 0  # exams read by no person
    return states.astype(np.int8)


def rounded(values: Any) -> Any:
    """Return the values without the digits that depend on the order of summation."""
    return json.loads(json.dumps(values), parse_float=lambda digits: round(float(digits), 9))


@pytest.mark.parametrize("patients", [None, np.arange(60) // 2])
def test_coefficients_of_all_readers_count_only_people(patients):
    states = ratings()
    result = agreement.report(Answers.of(states, patients), NAMES, CLASSES, n_voters=3, how=QUICK)
    own_patients = None if patients is None else patients[:-3]
    alone = agreement.report(
        Answers.of(states[:3, :-3], own_patients), NAMES[:3], CLASSES, how=QUICK
    )
    assert rounded({key: result[key] for key in EVERYBODY}) == rounded(
        {key: alone[key] for key in EVERYBODY}
    )


def test_all_readers_are_compared_in_pairs():
    result = agreement.report(Answers.of(ratings()), NAMES, CLASSES, n_voters=3, how=QUICK)
    everybody = agreement.report(Answers.of(ratings()), NAMES, CLASSES, how=QUICK)
    assert result["pairs"] == everybody["pairs"]
    assert len(result["pairs"]) == 10
    assert result["readers"] == NAMES


def test_another_model_does_not_change_coefficients_of_people():
    states = ratings()
    with_model = agreement.report(Answers.of(states[:4]), NAMES[:4], CLASSES, n_voters=3, how=QUICK)
    with_both = agreement.report(Answers.of(states), NAMES, CLASSES, n_voters=3, how=QUICK)
    assert with_model["classes"] == with_both["classes"]


def test_groups_are_of_the_given_readers():
    states = ratings()
    groups = {"rhythm": ["AF"], "any": CLASSES}
    people = group_lines(Answers.of(states).of_first(3), CLASSES, groups, how=QUICK)
    alone = group_lines(Answers.of(states[:3, :-3]), CLASSES, groups, how=QUICK)
    assert people == alone


def test_without_people_there_are_no_coefficients_of_all_readers():
    states = ratings()[3:]
    result = agreement.report(Answers.of(states), NAMES[3:], CLASSES, n_voters=0, how=QUICK)
    assert {line["fleiss_kappa"]["estimate"] for line in result["classes"]} == {None}
    assert (result["n_readers"], result["n_exams"], result["n_readings"]) == (0, 0, 0)
    assert len(result["pairs"]) == 1


@pytest.mark.parametrize("n_voters", [-1, 6])
def test_more_voters_than_readers_are_refused(n_voters):
    with pytest.raises(BadRatings, match="cannot vote"):
        agreement.report(Answers.of(ratings()), NAMES, CLASSES, n_voters=n_voters, how=QUICK)
