"""Dataclass values survive a round trip through JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import numpy as np
import pytest

from ecgreview import json_values
from ecgreview.json_values import NotStorable


class Color(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    n: int
    share: float | None = None


@dataclass(frozen=True)
class Whole:
    name: str
    day: date
    at: datetime | None
    pair: tuple[float, int]
    parts: tuple[Part, ...]
    by_color: Mapping[Color, Part]
    is_small: bool = False


WHOLE = Whole(
    "whole", date(2026, 3, 2), datetime(2026, 3, 2, 9, tzinfo=UTC), (0.5, 2),
    (Part(1, 0.25), Part(2)), {Color.RED: Part(3)},
)  # fmt: skip


def test_a_value_survives_dump_and_load():
    assert json_values.load(Whole, json_values.dump(WHOLE)) == WHOLE


def test_a_missing_field_gets_its_default():
    dumped = json_values.dump(WHOLE)
    del dumped["is_small"]
    assert json_values.load(Whole, dumped) == WHOLE


def test_an_unknown_field_is_ignored():
    dumped = {**json_values.dump(WHOLE), "color": "red"}
    assert json_values.load(Whole, dumped) == WHOLE


def test_a_missing_field_without_a_default_is_an_error():
    with pytest.raises(TypeError, match="name"):
        json_values.load(Whole, {})


def test_values_without_a_json_form_are_refused():
    with pytest.raises(NotStorable):
        json_values.dump({"object": object()})
    with pytest.raises(NotStorable):
        json_values.load(object, "object")


def test_digests_differ_by_shape_and_type_of_arrays():
    zeros = [np.zeros(4), np.zeros((2, 2)), np.zeros(4, dtype=np.int64), np.zeros(5), 0, "0"]
    assert len({json_values.digest(value) for value in zeros}) == len(zeros)


def test_a_digest_depends_on_where_parts_end():
    assert json_values.digest("ab", "c") != json_values.digest("a", "bc")


def test_a_digest_does_not_depend_on_the_order_of_keys():
    there, back = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert json_values.digest(there) == json_values.digest(back)
