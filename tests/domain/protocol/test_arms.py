"""Arms of a randomized policy: stable, in proportion to the weights, independent per reader."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.protocol import Arm, NoArms, arm

from . import strategies

SEED = "0123456789abcdef" * 4
ARMS = (Arm("none", 1), Arm("after_commit", 2), Arm("concurrent", 3))
IDS = st.integers(1, 2**63 - 1)


def test_arms_are_stable():
    """Existing studies depend on these arms."""
    drawn_arms = [arm(SEED, 7, exam, ARMS) for exam in range(1, 9)]
    assert drawn_arms == [
        "after_commit",
        "concurrent",
        "after_commit",
        "none",
        "after_commit",
        "after_commit",
        "concurrent",
        "concurrent",
    ]


def test_shares_follow_the_weights():
    drawn_arms = Counter(
        arm(SEED, reader, exam, ARMS) for reader in range(6) for exam in range(2000)
    )
    # 12,000 draws: five standard deviations of a share of a half are 0.023
    for item in ARMS:
        assert drawn_arms[item.arm] / 12_000 == pytest.approx(item.weight / 6, abs=0.023)


def test_readers_are_randomized_independently():
    """With two equally weighted arms, two readers have the same arm in half of the exams."""
    even = (Arm("none", 1), Arm("concurrent", 1))
    same = sum(arm(SEED, 1, exam, even) == arm(SEED, 2, exam, even) for exam in range(4000))
    assert same / 4000 == pytest.approx(0.5, abs=0.04)


def test_another_study_has_other_arms():
    even = (Arm("none", 1), Arm("concurrent", 1))
    other = "f" * 64
    same = sum(arm(SEED, 1, exam, even) == arm(other, 1, exam, even) for exam in range(4000))
    assert same / 4000 == pytest.approx(0.5, abs=0.04)


@given(strategies.SEEDS, IDS, IDS, strategies.ARMS)
def test_an_arm_is_one_of_the_listed_arms(seed, reader, exam, arms):
    assert arm(seed, reader, exam, arms) in {item.arm for item in arms}


@given(strategies.SEEDS, IDS, IDS, strategies.ARMS)
def test_the_listed_order_of_arms_does_not_matter(seed, reader, exam, arms):
    assert arm(seed, reader, exam, arms) == arm(seed, reader, exam, arms[::-1])


def test_drawing_without_arms_is_refused():
    with pytest.raises(NoArms):
        arm(SEED, 1, 1, ())
