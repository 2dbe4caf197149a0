"""Whether a protocol is feasible with the installed taxonomies and rules, its readers and exams."""

from __future__ import annotations

from typing import Any

import pytest

from ecgreview import protocol as protocols
from ecgreview.protocol import Arm, Protocol

LIST = "ecg-review-66 0.1-draft"
HERE: dict[str, Any] = {
    "known_rules": {"agreement_then_majority", "union_then_adjudicate"},
    "known_taxonomies": {LIST: {"atrial_fibrillation", "sinus_tachycardia"}},
}


def make(**settings: Any) -> Protocol:
    return Protocol(name="Atrial flutter", taxonomy=settings.pop("taxonomy", LIST), **settings)


def check(protocol: Protocol, **context: Any) -> list[tuple[str, str]]:
    result = protocols.check(protocol, **{**HERE, **context})
    return [(problem.key, problem.code) for problem in result]


def test_more_votes_than_readers_per_exam_are_refused():
    protocol = make(consensus_rule="k_of_n", consensus_k=3, readers_per_exam=2)
    (problem,) = protocols.check(protocol, **{**HERE, "known_rules": {"k_of_n"}})
    assert (problem.key, problem.code) == ("consensus_k", "k_too_high")


def test_an_ordinary_protocol_is_feasible():
    assert check(make(), n_readers=2, n_exams=100) == []


def test_a_taxonomy_that_is_not_installed_is_a_problem():
    assert check(make(taxonomy="ecg-review-66 0.2")) == [("taxonomy", "no_taxonomy")]


def test_an_unknown_rule_is_a_problem_with_a_suggestion():
    (problem,) = protocols.check(make(consensus_rule="agreement_then_mayority"), **HERE)
    assert problem.code == "no_rule"
    assert problem.hint == "Did you mean agreement_then_majority?"


def test_an_unknown_frequent_class_is_a_problem():
    protocol = make(frequent_classes=("sinus_tachycardia", "atrial_fibrilation"))
    assert check(protocol) == [("frequent_classes[1]", "no_class")]


@pytest.mark.parametrize(
    ("n_readers", "is_enough"), [(None, True), (3, True), (2, False), (0, False)]
)
def test_there_must_be_enough_readers_for_each_exam(n_readers, is_enough):
    expected = [] if is_enough else [("readers_per_exam", "too_few_readers")]
    assert check(make(readers_per_exam=3), n_readers=n_readers) == expected


def test_too_few_readers_are_reported_with_the_number_needed():
    (problem,) = protocols.check(make(readers_per_exam=5), **HERE, n_readers=2)
    assert problem.reason == "each exam needs 5 readers, but there are 2"
    assert problem.hint.startswith("Invite 3 more")


def test_repeats_without_a_washout_are_a_problem():
    assert check(make(repeat_fraction=0.1)) == [("washout_exams", "no_washout")]


@pytest.mark.parametrize("washout", [{"washout_days": 7}, {"washout_exams": 20}])
def test_either_washout_is_enough(washout):
    assert check(make(repeat_fraction=0.1, **washout)) == []


def test_a_washout_without_repeats_is_ignored():
    assert check(make(washout_exams=9000), n_readers=2, n_exams=5) == []


@pytest.mark.parametrize(("washout", "fits"), [(49, True), (50, False)])
def test_a_washout_must_be_shorter_than_a_readers_queue(washout, fits):
    protocol = make(repeat_fraction=0.1, washout_exams=washout)
    expected = [] if fits else [("washout_exams", "washout_too_long")]
    # 100 exams x 2 readings for 4 readers: 50 each
    assert check(protocol, n_readers=4, n_exams=100) == expected


def test_a_repeat_share_below_one_exam_is_a_problem():
    protocol = make(repeat_fraction=0.01, washout_exams=5)
    assert check(protocol, n_readers=2, n_exams=20) == [("repeat_fraction", "no_repeats")]


@pytest.mark.parametrize(
    ("pair", "key"),
    [
        (("clinical_information", "full"), "clinical_information"),
        (("suggestion_policy", "randomised"), "suggestion_policy"),
        (("suggestion_arms", "concurrent"), "suggestion_arms"),
        (("qualification.required", False), "qualification.required"),
    ],
)
def test_an_unsupported_setting_is_a_problem(pair, key):
    protocol = make(
        clinical_information="full",
        suggestion_policy="randomised",
        suggestion_arms=(Arm("none", 1), Arm("concurrent", 1)),
    )
    assert check(protocol, unavailable={pair}) == [(key, "unavailable")]


def test_an_equal_value_of_another_type_is_supported():
    assert check(make(minimum_reader_level=1), unavailable={("minimum_reader_level", True)}) == []


def test_all_problems_are_reported_at_once():
    protocol = make(taxonomy="other 1", consensus_rule="dice", repeat_fraction=0.1)
    assert len(check(protocol, n_readers=0)) == 4


def test_a_too_long_washout_is_reported_with_the_maximum():
    protocol = make(repeat_fraction=0.1, washout_exams=80)
    (problem,) = protocols.check(protocol, **HERE, n_readers=4, n_exams=100)
    assert problem.hint.startswith("Set it to 49 or less")
