from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.monitoring import finish_on, pace
from ecgreview.monitoring.pace import FURTHEST_DAYS

NOW = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=100)


def days_ago(*numbers):
    return [NOW - timedelta(days=number) for number in numbers]


def test_readings_of_the_last_fortnight_count():
    assert pace(days_ago(1, 2, 13, 15, 40), [0] * 5, since=LONG_AGO, now=NOW).per_day == 3 / 14


def test_the_rate_of_a_recent_starter_covers_only_days_since_the_start():
    since = NOW - timedelta(days=4)
    assert pace(days_ago(1, 2), [0, 0], since=since, now=NOW).per_day == 0.5


def test_the_first_hour_gives_no_daily_rate():
    since = NOW - timedelta(hours=1)
    assert pace([NOW] * 6, [0] * 6, since=since, now=NOW).per_day == 6


def test_a_clock_set_back_does_not_give_a_negative_pace():
    assert pace([NOW], [0], since=NOW + timedelta(days=3), now=NOW).per_day >= 0


def test_the_median_ignores_unknown_times():
    assert pace([NOW] * 4, [0, 10_000, 20_000, 60_000], since=LONG_AGO, now=NOW).median_s == 20


def test_there_is_no_median_without_known_times():
    assert pace([NOW], [0], since=LONG_AGO, now=NOW).median_s is None


def test_the_last_reading_is_the_latest_in_any_order():
    assert pace(days_ago(5, 1, 9), [0] * 3, since=LONG_AGO, now=NOW).last_at == days_ago(1)[0]


def test_a_reader_without_readings_has_no_last_reading():
    assert pace([], [], since=LONG_AGO, now=NOW).last_at is None


TODAY = date(2026, 3, 16)


@pytest.mark.parametrize(
    ("n_left", "per_day", "expected"),
    [
        (10, 5, date(2026, 3, 18)),
        (11, 5, date(2026, 3, 19)),
        (0, 0, TODAY),
        (1, 0, None),
        (FURTHEST_DAYS + 1, 1, None),
    ],
)
def test_a_finish_is_forecast(n_left, per_day, expected):
    assert finish_on(n_left, per_day, today=TODAY) == expected


@given(st.integers(1, 5000), st.floats(0.01, 500))
def test_reading_faster_never_finishes_later(n_left, per_day):
    slow, fast = (finish_on(n_left, p, today=TODAY) for p in (per_day, 2 * per_day))
    assert slow is None or (fast is not None and fast <= slow)
