"""Small shares are not shown as 0%, and thousands separators follow the language."""

from __future__ import annotations

import pytest
from django.utils import translation

from annotations.views.agreement.numbers import grouped, written


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (0.0000001, "0.0001%"),
        (0.0005, "0.05%"),
        (0.00048, "0.05%"),
        (0.004, "0.4%"),
        (0.305, "30%"),
        (0.986, "98.6%"),
        (0.9995, "99.95%"),
        (0.9999999, "99.9999%"),
        (1.0, "100%"),
    ],
)
def test_a_share_near_zero_or_one_keeps_its_first_digit(share, text):
    assert written(share, as_percent=True) == text


@pytest.mark.parametrize(
    ("language", "text"), [("en", ["999", "100,000"]), ("pt-br", ["999", "100.000"])]
)
def test_thousands_separators_follow_the_language(language, text):
    with translation.override(language):
        assert [grouped(n) for n in (999, 100_000)] == text
