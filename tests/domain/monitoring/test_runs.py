from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.monitoring import least_likely_run
from ecgreview.monitoring.runs import LARGEST_CHANCE, SHORTEST


def exact(share, length, n_answers):
    """Return the probability of a run of at least ``length``, by recursion over where it ends."""
    result = [0.0] * (n_answers + 1)
    for end in range(length, n_answers + 1):
        begins_anew = 1.0 if end == length else (1 - share) * (1 - result[end - length - 1])
        result[end] = result[end - 1] + share**length * begins_anew
    return result[n_answers]


def test_no_run_is_flagged_without_answers():
    assert (least_likely_run([]).length, least_likely_run([]).is_flagged) == (0, False)


def test_short_runs_are_never_flagged():
    assert least_likely_run(["a"] * (SHORTEST - 1)).length == 0


def test_a_reader_with_constant_answers_is_flagged():
    assert least_likely_run(["a"] * 40).is_flagged


def test_a_common_answer_needs_a_longer_run_to_be_flagged():
    rng = np.random.default_rng(7)
    rare = [
        "a" if is_common else f"b{place}" for place, is_common in enumerate(rng.random(400) < 0.05)
    ]
    common = [
        "a" if is_common else f"b{place}" for place, is_common in enumerate(rng.random(400) < 0.6)
    ]
    run = ["a"] * 7
    assert least_likely_run([*rare, *run]).is_flagged
    assert not least_likely_run([*common, *run]).is_flagged


def test_the_reported_run_is_the_least_likely_one():
    rng = np.random.default_rng(3)
    often = [
        "n" if is_common else f"x{place}" for place, is_common in enumerate(rng.random(500) < 0.7)
    ]
    result = least_likely_run([*often, *["n"] * 8, *["rare"] * 6])
    assert result.length == 6


def test_the_bound_holds_for_the_exact_probability():
    """Four heads or more in a row in 20 throws: 0.4782 (Feller 1968, XIII.7)."""
    assert exact(0.5, 4, 20) == pytest.approx(0.478, abs=5e-4)
    assert exact(0.5, 4, 20) <= 0.5**4 * (1 + 16 * 0.5)


def test_honest_readers_are_rarely_flagged():
    rng = np.random.default_rng(11)
    shares = [0.45, *[0.55 / 40] * 40]
    n_flagged = sum(
        least_likely_run(rng.choice(41, 370, p=shares).tolist()).is_flagged for _ in range(1000)
    )
    assert n_flagged <= 1000 * LARGEST_CHANCE * 4


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_names_of_answers_do_not_matter(answers):
    renamed = [{"a": 7, "b": 8, "c": 9}[answer] for answer in answers]
    assert least_likely_run(answers) == least_likely_run(renamed)


@given(st.lists(st.sampled_from("ab"), max_size=60))
def test_reversing_the_order_gives_the_same_result(answers):
    assert least_likely_run(answers) == least_likely_run(answers[::-1])


@given(st.lists(st.sampled_from("ab"), max_size=60))
def test_the_result_is_a_probability(answers):
    assert 0 <= least_likely_run(answers).chance <= 1
