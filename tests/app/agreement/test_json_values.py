"""Values of dataclasses go into a row and come back the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import numpy as np
import pytest

from ecgreview import json_values
from ecgreview.json_values import NotStorable


class Colour(StrEnum):
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
    by_colour: Mapping[Colour, Part]
    is_small: bool = False


WHOLE = Whole(
    "whole", date(2026, 3, 2), datetime(2026, 3, 2, 9, tzinfo=UTC), (0.5, 2),
    (Part(1, 0.25), Part(2)), {Colour.RED: Part(3)},
)  # fmt: skip


def test_a_value_comes_back_the_same():
    assert json_values.load(Whole, json_values.dump(WHOLE)) == WHOLE


def test_what_an_earlier_version_did_not_store_has_its_default():
    told = json_values.dump(WHOLE)
    del told["is_small"]
    assert json_values.load(Whole, told) == WHOLE


def test_what_a_later_version_stored_beside_is_left_out():
    told = {**json_values.dump(WHOLE), "colour": "red"}
    assert json_values.load(Whole, told) == WHOLE


def test_a_field_without_a_default_is_missed():
    with pytest.raises(TypeError, match="name"):
        json_values.load(Whole, {})


def test_what_no_row_can_hold_is_refused():
    with pytest.raises(NotStorable):
        json_values.dump({"object": object()})
    with pytest.raises(NotStorable):
        json_values.load(object, "object")


def test_a_digest_tells_arrays_of_another_shape_or_kind_apart():
    zeros = [np.zeros(4), np.zeros((2, 2)), np.zeros(4, dtype=np.int64), np.zeros(5), 0, "0"]
    assert len({json_values.digest(one) for one in zeros}) == len(zeros)


def test_a_digest_tells_where_a_part_ends():
    assert json_values.digest("ab", "c") != json_values.digest("a", "bc")


def test_a_digest_does_not_depend_on_the_order_of_keys():
    there, back = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert json_values.digest(there) == json_values.digest(back)
