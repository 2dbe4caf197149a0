"""Hidden gold exams: their number, and their positions in a reader's order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ecgreview import design

SEED = "5" * 64


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.0, 0.05, 0.1, 0.2]))
def test_the_number_of_gold_exams_is_the_share_rounded(n_others, n_before, fraction):
    exact = n_others * fraction / (1 - fraction)
    n = design.n_gold(SEED, 7, n_others, n_before, fraction)
    assert exact - 1 < n < exact + 1


def test_whole_numbers_are_not_rounded_up():
    assert {design.n_gold(SEED, reader, 90, 0, 0.1) for reader in range(200)} == {10}


def test_the_share_is_right_on_average_in_small_batches():
    n = sum(design.n_gold(SEED, reader, 4, 4 * place, 0.1)
            for reader in range(100) for place in range(20))  # fmt: skip
    assert abs(n / (2000 * 4 + n) - 0.1) < 0.01


@given(
    st.lists(st.integers(0, 8), max_size=40),
    st.lists(st.integers(0, 8), max_size=6),
    st.integers(1, 12),
)
def test_the_others_keep_their_order_and_gold_exams_keep_the_gap_if_they_can(
    others, gold, patient_gap
):
    own = [(number, patient) for number, patient in enumerate(others)]
    added = [(1000 + number, patient) for number, patient in enumerate(gold)]
    order = design.mixed(SEED, 7, own, added, patient_gap=patient_gap)
    assert [place for place, is_gold in order if not is_gold] == own
    assert sorted(place for place, is_gold in order if is_gold) == added


def test_a_gold_exam_is_not_put_next_to_its_patient():
    others = [(number, number // 2) for number in range(60)]
    for reader in range(30):
        order = design.mixed(SEED, reader, others, [(1000, 5)], patient_gap=10)
        at = [place for place, ((_, patient), _) in enumerate(order) if patient == 5]
        (gold,) = (place for place, (_, is_gold) in enumerate(order) if is_gold)
        assert min(abs(gold - place) for place in at if place != gold) >= 10


def test_gold_exams_are_everywhere_in_the_order():
    others = [(number, design.UNKNOWN) for number in range(40)]
    gold = [(1000 + number, design.UNKNOWN) for number in range(10)]
    n_at = [0] * 50
    for reader in range(400):
        order = design.mixed(SEED, reader, others, gold, patient_gap=10)
        for place, (_, is_gold) in enumerate(order):
            n_at[place] += is_gold
    # 80 expected at each position, with a standard deviation of 8.
    assert min(n_at) > 45
    assert max(n_at) < 115
