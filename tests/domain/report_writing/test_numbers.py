"""Every number in a written report comes from the agreement report or the study facts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ecgreview.agreement.reports.report import pair_lines, repeat_lines
from ecgreview.report_writing import ENGLISH, Wording, brazilian

from .examples import FACTS, QUICK, document, three_readers
from .texts import texts

COEFFICIENT = re.compile("\u2212?\\d+[.,]\\d{3}(?!\\d)")
COUNT = re.compile(r"(?<![\w.,\u2212-])\d+(?![\w,]|\.\d)")
STRUCTURE = re.compile(r"(Table|Figure) \d+|\[[\d,]+\]|12-lead|approach 1|0 or 1|\(SHA-256\)")
WORDING = [ENGLISH, brazilian(lambda sentence: sentence)]


def numbers(values: Any) -> Iterator[float]:
    """Yield every number in nested values."""
    if isinstance(values, dict):
        for value in values.values():
            yield from numbers(value)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from numbers(value)
    elif isinstance(values, int | float):
        yield values


@pytest.mark.parametrize("wording", WORDING, ids=lambda wording: wording.language)
def test_every_coefficient_is_in_the_json(wording: Wording):
    result = three_readers()
    lines = [pair_lines(result, how=QUICK), repeat_lines(result, how=QUICK)]
    report_numbers = {wording.decimal(number) for number in numbers([result, lines])}
    written_numbers = {
        number
        for text in texts(document(result, wording=wording))
        if not text.startswith("<")  # p value reported as "less than"
        for number in COEFFICIENT.findall(text)
    }
    assert len(written_numbers) > 100
    assert written_numbers - report_numbers == set()


def test_every_count_is_in_the_json_or_the_facts():
    result = three_readers()
    lines = [pair_lines(result, how=QUICK), repeat_lines(result, how=QUICK)]
    report_numbers = {str(number) for number in numbers([result, lines, dataclasses.asdict(FACTS)])}
    shares = {"5", "85", "95"}  # shares of the facts, in percent
    sizes = {str(len(result["classes"])), str(len(result["repeats"]))}
    disputed = {str(line["n_positive_any"] - line["n_positive_all"]) for line in result["classes"]}
    read_twice = {
        str(sum(result["repeats"][0][field][0] for field in ("n11", "n10", "n01", "n00")))
    }
    items = {str(number) for number in range(1, 16)}
    derived = shares | sizes | disputed | read_twice | items | {"3"}
    written_numbers = {
        number
        for text in texts(document(result))
        for number in COUNT.findall(STRUCTURE.sub("", text.replace("25 mm/s, 10 mm/mV, 3x4", "")))
        if not re.fullmatch(r"Class \d+.*", text) and "2026" not in text
    }
    assert written_numbers - report_numbers - derived == set()


def test_an_estimate_has_its_interval():
    result = three_readers()
    estimate = result["classes"][0]["krippendorff_alpha"]
    expected = f"{estimate['estimate']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
    assert expected in set(texts(document(result)))


@pytest.mark.parametrize(
    ("value", "places", "english", "portuguese"),
    [
        (0.66666, 3, "0.667", "0,667"),
        (-0.25, 2, "\u22120.25", "\u22120,25"),
        (-0.0001, 3, "0.000", "0,000"),
        (1.0, 1, "1.0", "1,0"),
    ],
)
def test_decimals_follow_the_language(value, places, english, portuguese):
    assert ENGLISH.decimal(value, places) == english
    assert WORDING[1].decimal(value, places) == portuguese


@pytest.mark.parametrize(
    ("p", "written"),
    [(0.0, "<\u00a00.001"), (0.0004, "<\u00a00.001"), (0.0006, "0.001"), (1, "1.000")],
)
def test_no_p_value_is_reported_as_zero(p, written):
    assert ENGLISH.probability(p) == written


def test_long_counts_are_grouped():
    assert [ENGLISH.integer(n) for n in (8475, 12000, 2735269)] == ["8475", "12,000", "2,735,269"]
    assert WORDING[1].integer(12000) == "12.000"


def test_a_share_has_enough_decimals():
    assert [ENGLISH.percent(share) for share in (0.95, 0.999, 0.05, 1)] == [
        "95%",
        "99.9%",
        "5%",
        "100%",
    ]
