"""Valid and invalid values of each key of a protocol."""

from __future__ import annotations

from typing import Any

import pytest

from ecgreview.protocol import Arm, InvalidProtocol, Protocol, Qualification, parse

MINIMAL: dict[str, Any] = {"name": "Atrial flutter", "taxonomy": "ecg-review-66 0.1-draft"}
ARMS = [{"arm": "none", "weight": 1}, {"arm": "concurrent", "weight": 3}]


def problems(**settings: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidProtocol) as refused:
        parse({**MINIMAL, **settings})
    return [(problem.key, problem.code) for problem in refused.value.problems]


RANGES = {
    "readers_per_exam": (1, 1000),
    "washout_days": (0, 3650),
    "washout_exams": (0, 10_000),
    "patient_gap": (0, 10_000),
    "undo_window_s": (0, 86_400),
    "minimum_reader_level": (1, 3),
}


@pytest.mark.parametrize("key", RANGES)
def test_whole_numbers_have_a_range(key):
    low, high = RANGES[key]
    assert getattr(parse({**MINIMAL, key: low}), key) == low
    assert getattr(parse({**MINIMAL, key: high}), key) == high
    assert problems(**{key: low - 1}) == [(key, "not_in_range")]
    assert problems(**{key: high + 1}) == [(key, "not_in_range")]


@pytest.mark.parametrize("value", ["1", 1.0, True, None, [1]])
@pytest.mark.parametrize("key", RANGES)
def test_other_values_are_not_whole_numbers(key, value):
    assert problems(**{key: value}) == [(key, "not_in_range")]


@pytest.mark.parametrize("value", [-0.01, 0.51, float("nan"), float("inf"), "0.1", True, None])
def test_the_share_of_repeats_is_at_most_a_half(value):
    assert problems(repeat_fraction=value) == [("repeat_fraction", "not_in_range")]
    assert parse({**MINIMAL, "repeat_fraction": 0.5}).repeat_fraction == 0.5


@pytest.mark.parametrize(
    "key",
    ["results_open", "clinical_information", "prior_exam", "suggestion_policy", "adjudication"],
)
@pytest.mark.parametrize("value", ["never", "", None, 3, ["none"]])
def test_a_choice_must_be_a_known_word(key, value):
    assert problems(**{key: value}) == [(key, "no_choice")]


def test_a_misspelled_choice_gets_a_suggestion():
    with pytest.raises(InvalidProtocol, match="Did you mean randomised"):
        parse({**MINIMAL, "suggestion_policy": "randomized"})


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "not_a_text"),
        (3, "not_a_text"),
        ("", "empty"),
        ("  ", "empty"),
        (" a", "bad_text"),
        ("a\n", "bad_text"),
        ("a\nb", "bad_text"),
        ("a\0b", "bad_text"),
        ("a\u202eb", "bad_text"),
        ("a\ud800", "bad_text"),
        ("a" * 121, "bad_text"),
    ],
)
def test_a_name_is_a_line_of_text(value, code):
    assert problems(name=value) == [("name", code)]


def test_a_name_has_at_most_120_characters():
    assert parse({**MINIMAL, "name": "a" * 120}).name == "a" * 120


@pytest.mark.parametrize("value", ["ecg-review-66", "1.0 ", f"a {'1' * 41}", f"{'a' * 81} 1"])
def test_a_taxonomy_is_a_name_with_a_version(value):
    assert problems(taxonomy=value)[0][0] == "taxonomy"


@pytest.mark.parametrize("value", ["A 1", "List of the CODE group 2.0", f"{'a' * 80} {'1' * 40}"])
def test_a_taxonomy_may_have_spaces_in_its_name(value):
    assert parse({**MINIMAL, "taxonomy": value}).taxonomy == value


def test_both_required_keys_are_reported_when_missing():
    with pytest.raises(InvalidProtocol) as refused:
        parse({})
    assert [problem.key for problem in refused.value.problems] == ["name", "taxonomy"]


def test_arms_are_read():
    read = parse({**MINIMAL, "suggestion_policy": "randomised", "suggestion_arms": ARMS})
    assert read.suggestion_arms == (Arm("none", 1), Arm("concurrent", 3))


@pytest.mark.parametrize("arms", [None, [], ARMS[:1]])
def test_a_randomized_policy_needs_two_arms(arms):
    settings = {} if arms is None else {"suggestion_arms": arms}
    result = problems(suggestion_policy="randomised", **settings)
    assert result == [("suggestion_arms", "too_few_arms")]


@pytest.mark.parametrize("policy", ["none", "after_commit", "concurrent"])
def test_no_other_policy_has_arms(policy):
    result = problems(suggestion_policy=policy, suggestion_arms=ARMS)
    assert result == [("suggestion_arms", "arms_without_policy")]


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        ([ARMS[0], ARMS[0]], [("suggestion_arms[1]", "twice")]),
        ([ARMS[0], {"arm": "randomised", "weight": 1}], [("suggestion_arms[1].arm", "no_choice")]),
        ([ARMS[0], {"arm": "concurrent", "weight": 0}],
         [("suggestion_arms[1].weight", "not_in_range")]),
        ([ARMS[0], {"arm": "concurrent"}], [("suggestion_arms[1].weight", "missing")]),
        ([{**ARMS[0], "share": 1}, ARMS[1]], [("suggestion_arms[0].share", "unknown")]),
        ([ARMS[0], "concurrent"], [("suggestion_arms[1]", "not_keys")]),
        ("none", [("suggestion_arms", "not_a_list")]),
        (None, [("suggestion_arms", "not_a_list")]),
    ],
)  # fmt: skip
def test_an_arm_is_a_policy_with_a_weight(arms, expected):
    assert problems(suggestion_policy="randomised", suggestion_arms=arms) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, ("qualification", "not_keys")),
        ({"required": "yes"}, ("qualification.required", "not_a_flag")),
        ({"required": 1}, ("qualification.required", "not_a_flag")),
        ({"pass_mark": 1.01}, ("qualification.pass_mark", "not_in_range")),
        ({"passmark": 0.5}, ("qualification.passmark", "unknown")),
    ],
)
def test_a_qualification_has_a_pass_mark(value, expected):
    assert problems(qualification=value) == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", "a"], [("frequent_classes[1]", "twice")]),
        (["a b"], [("frequent_classes[0]", "bad_form")]),
        ([1], [("frequent_classes[0]", "not_a_text")]),
        ([f"a{n}" for n in range(10)], [("frequent_classes", "too_many")]),
        ("a", [("frequent_classes", "not_a_list")]),
        (["é"], [("frequent_classes[0]", "bad_form")]),
    ],
)
def test_frequent_classes_are_at_most_nine_different_codes(value, expected):
    assert problems(frequent_classes=value) == expected


def test_an_empty_frequent_list_differs_from_the_default():
    assert parse({**MINIMAL, "frequent_classes": []}).frequent_classes == ()
    assert parse({**MINIMAL, "frequent_classes": None}).frequent_classes is None


@pytest.mark.parametrize("seed", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, 7, f"{'a' * 64}\n"])
def test_a_seed_has_64_lowercase_hexadecimal_digits(seed):
    assert problems(order_seed=seed) == [("order_seed", "bad_seed")]


def test_a_protocol_with_invalid_values_cannot_be_constructed():
    with pytest.raises(InvalidProtocol, match="readers_per_exam"):
        Protocol(**MINIMAL, readers_per_exam=0)
    with pytest.raises(InvalidProtocol, match=r"qualification\.pass_mark"):
        Protocol(**MINIMAL, qualification=Qualification(pass_mark=2))
