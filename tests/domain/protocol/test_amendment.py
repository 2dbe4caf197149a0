"""Changes between two versions of a protocol, and the changes that are forbidden."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from ecgreview import protocol as protocols
from ecgreview.protocol import (
    FROZEN_FOREVER,
    KEYS,
    LATER_BATCHES_ONLY,
    Change,
    Protocol,
    Qualification,
)

from . import strategies

OPEN = Protocol(name="Atrial flutter", taxonomy="ecg-review-66 0.1-draft", order_seed="0" * 64)


def amended(**settings: Any) -> Protocol:
    return replace(OPEN, **settings)


def test_a_change_is_reported_with_both_values():
    (change,) = protocols.changes(OPEN, amended(readers_per_exam=3))
    assert change == Change("readers_per_exam", 2, 3)
    assert str(change) == "readers_per_exam: 2 → 3"


def test_changes_come_in_the_order_of_the_document():
    result = protocols.changes(OPEN, amended(undo_window_s=0, consensus_rule="unanimous"))
    assert [change.key for change in result] == ["consensus_rule", "undo_window_s"]


def test_a_changed_part_is_reported_separately():
    (change,) = protocols.changes(OPEN, amended(qualification=Qualification(pass_mark=0.9)))
    assert change == Change("qualification.pass_mark", 0.8, 0.9)


def test_a_changed_seed_is_reported_without_its_values():
    (change,) = protocols.changes(OPEN, amended(order_seed="1" * 64))
    before, after = (hashlib.sha256(digit.encode() * 64).hexdigest() for digit in "01")
    assert change == Change("order_seed", before, after)


@given(strategies.protocols())
def test_a_protocol_has_no_changes_from_itself(protocol):
    assert protocols.changes(protocol, protocol) == []


@given(strategies.protocols(), strategies.protocols())
def test_reversed_changes_have_the_same_keys(before, after):
    forwards = [
        (change.key, change.before, change.after) for change in protocols.changes(before, after)
    ]
    backwards = [
        (change.key, change.after, change.before) for change in protocols.changes(after, before)
    ]
    assert forwards == backwards
    assert bool(forwards) == (before != after)


@pytest.mark.parametrize("settings", [{"name": "Flutter"}, {"order_seed": "1" * 64}])
def test_frozen_keys_cannot_be_amended(settings):
    (problem,) = protocols.check_amendment(OPEN, amended(undo_window_s=0, **settings))
    assert (problem.key, problem.code) == (*settings, "frozen")


def test_all_other_keys_can_be_amended():
    assert protocols.check_amendment(OPEN, amended(readers_per_exam=3, washout_days=7)) == []


def test_an_amendment_that_changes_nothing_is_refused():
    (problem,) = protocols.check_amendment(OPEN, amended())
    assert problem.code == "no_change"


def test_frozen_and_deferred_keys_exist():
    assert KEYS.keys() >= FROZEN_FOREVER | LATER_BATCHES_ONLY
    assert not FROZEN_FOREVER & LATER_BATCHES_ONLY
