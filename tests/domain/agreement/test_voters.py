"""Only people enter what is asked of all readers; models and references are compared in pairs."""

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
    """Three people who miss some exams and classes, a model and a reference that miss none."""
    rng = np.random.default_rng(5)
    truth = rng.random((n_exams, len(CLASSES))) < 0.3
    said = (truth ^ (rng.random((5, n_exams, len(CLASSES))) < 0.15)).astype(np.int8) + 1
    said[:3][rng.random((3, n_exams, len(CLASSES))) < 0.1] = 0
    said[:3, -3:] = 0  # exams that no person read
    return said.astype(np.int8)


def rounded(told: Any) -> Any:
    """Return the same without the digits in which sums in another order may differ."""
    return json.loads(json.dumps(told), parse_float=lambda digits: round(float(digits), 9))


@pytest.mark.parametrize("patients", [None, np.arange(60) // 2])
def test_what_is_asked_of_all_readers_is_what_people_alone_would_have(patients):
    said = ratings()
    result = agreement.report(Answers.of(said, patients), NAMES, CLASSES, n_voters=3, how=QUICK)
    mine = None if patients is None else patients[:-3]
    alone = agreement.report(Answers.of(said[:3, :-3], mine), NAMES[:3], CLASSES, how=QUICK)
    assert rounded({key: result[key] for key in EVERYBODY}) == rounded(
        {key: alone[key] for key in EVERYBODY}
    )


def test_all_readers_are_compared_in_pairs():
    result = agreement.report(Answers.of(ratings()), NAMES, CLASSES, n_voters=3, how=QUICK)
    everybody = agreement.report(Answers.of(ratings()), NAMES, CLASSES, how=QUICK)
    assert result["pairs"] == everybody["pairs"]
    assert len(result["pairs"]) == 10
    assert result["readers"] == NAMES


def test_another_model_moves_no_coefficient_of_people():
    said = ratings()
    with_model = agreement.report(Answers.of(said[:4]), NAMES[:4], CLASSES, n_voters=3, how=QUICK)
    with_both = agreement.report(Answers.of(said), NAMES, CLASSES, n_voters=3, how=QUICK)
    assert with_model["classes"] == with_both["classes"]


def test_groups_are_of_those_who_are_given():
    said = ratings()
    groups = {"rhythm": ["AF"], "any": CLASSES}
    people = group_lines(Answers.of(said).of_first(3), CLASSES, groups, how=QUICK)
    alone = group_lines(Answers.of(said[:3, :-3]), CLASSES, groups, how=QUICK)
    assert people == alone


def test_without_any_person_nothing_is_asked_of_all_readers():
    said = ratings()[3:]
    result = agreement.report(Answers.of(said), NAMES[3:], CLASSES, n_voters=0, how=QUICK)
    assert {line["fleiss_kappa"]["estimate"] for line in result["classes"]} == {None}
    assert (result["n_readers"], result["n_exams"], result["n_readings"]) == (0, 0, 0)
    assert len(result["pairs"]) == 1


@pytest.mark.parametrize("n_voters", [-1, 6])
def test_more_voters_than_readers_are_refused(n_voters):
    with pytest.raises(BadRatings, match="cannot vote"):
        agreement.report(Answers.of(ratings()), NAMES, CLASSES, n_voters=n_voters, how=QUICK)
