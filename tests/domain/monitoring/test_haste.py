from __future__ import annotations

import pytest

from ecgreview.monitoring import PLAUSIBLE_MS, haste

SLOW, FAST = PLAUSIBLE_MS, PLAUSIBLE_MS - 1


def test_the_share_counts_only_timed_readings():
    result = haste([0, FAST, SLOW, SLOW, SLOW])
    assert (result.n_timed, result.share) == (4, 0.25)


def test_there_is_no_share_without_known_times():
    assert haste([0, 0]).share is None


@pytest.mark.parametrize(
    ("active_ms", "is_flagged"),
    [
        ([FAST] * 19, False),
        ([FAST] * 20, True),
        ([FAST] * 10 + [SLOW] * 90, False),
        ([FAST] * 11 + [SLOW] * 89, True),
        ([SLOW] * 200, False),
        ([], False),
    ],
)
def test_a_flag_needs_enough_readings_too_fast(active_ms, is_flagged):
    assert haste(active_ms).is_flagged is is_flagged
