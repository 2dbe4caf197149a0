"""Tampering is detected, and the first bad row is named. Truncation needs a recorded head."""

from __future__ import annotations

import random
import tracemalloc
from itertools import islice

import pytest

from ecgreview.hash_chain import (
    GENESIS,
    START,
    Entry,
    Head,
    Kind,
    Link,
    MalformedHead,
    head,
    verify,
)

from . import trails

N_EVENTS = 40
N_TAMPERINGS = 1000


@pytest.fixture(scope="module")
def intact():
    return trails.trail(N_EVENTS)


def head_of(entries):
    return Head(entries[-1].link.seq, entries[-1].link.digest)


def test_an_intact_chain_verifies(intact):
    verdict = verify(intact)
    assert verdict.fault is None
    assert verdict.head == head_of(intact)
    assert verdict.n_events == N_EVENTS


def test_an_empty_chain_verifies():
    assert verify([]).head == START


def test_every_tampering_is_detected(intact):
    for seed in range(N_TAMPERINGS):
        tampering = trails.tampered(intact, random.Random(seed))
        fault = verify(tampering.entries).fault
        assert fault is not None, (seed, tampering.name)
        if tampering.name == "forge":
            assert (fault.kind, fault.event) == (Kind.UNLINKED_EVENT, "999"), seed
        else:
            assert fault.seq == tampering.first_bad, (seed, tampering.name, str(fault))


def fault_of(entries, **options):
    fault = verify(entries, **options).fault
    assert fault is not None
    return fault


def with_event(entries, seq, **changes):
    changed = list(entries)
    entry = changed[seq - 1]
    changed[seq - 1] = Entry(entry.link, entry.event._replace(**changes))
    return changed


def with_link(entries, seq, **changes):
    changed = list(entries)
    entry = changed[seq - 1]
    changed[seq - 1] = Entry(entry.link._replace(**changes), entry.event)
    return changed


class TestFirstBadRow:
    def test_an_altered_event(self, intact):
        fault = fault_of(with_event(intact, 7, reason="because"))
        assert (fault.kind, fault.seq, fault.event) == (Kind.ALTERED_EVENT, 7, "107")
        assert str(fault) == "The event of link 7 (event 107) was altered."

    def test_an_altered_last_event(self, intact):
        fault = fault_of(with_event(intact, N_EVENTS, reason="because"))
        assert (fault.kind, fault.seq) == (Kind.ALTERED_EVENT, N_EVENTS)

    @pytest.mark.parametrize("field", ["previous", "digest"])
    def test_an_altered_link(self, intact, field):
        fault = fault_of(with_link(intact, 7, **{field: "f" * 64}))
        assert (fault.kind, fault.seq) == (Kind.ALTERED_LINK, 7)

    def test_an_altered_first_link(self, intact):
        fault = fault_of(with_link(intact, 1, previous="f" * 64))
        assert (fault.kind, fault.seq) == (Kind.ALTERED_LINK, 1)

    def test_a_missing_row(self, intact):
        fault = fault_of([*intact[:6], *intact[7:]])
        assert (fault.kind, fault.seq) == (Kind.MISSING_LINK, 7)

    def test_a_missing_event(self, intact):
        fault = fault_of([*intact[:6], Entry(intact[6].link, None), *intact[7:]])
        assert (fault.kind, fault.seq) == (Kind.MISSING_EVENT, 7)

    def test_two_swapped_rows(self, intact):
        swapped = list(intact)
        swapped[6], swapped[20] = (
            Entry(intact[6].link, intact[20].event),
            Entry(intact[20].link, intact[6].event),
        )
        fault = fault_of(swapped)
        assert (fault.kind, fault.seq, fault.other) == (Kind.MOVED, 7, 21)

    def test_rows_in_the_wrong_order(self, intact):
        fault = fault_of([*intact[:7], intact[3]])
        assert (fault.kind, fault.seq, fault.other) == (Kind.OUT_OF_ORDER, 4, 7)

    def test_a_row_replaced_by_a_valid_one(self, intact):
        replaced = list(intact)
        forged = trails.event(107, random.Random(1))
        replaced[6] = trails.chained(7, intact[6].link.previous, forged)
        fault = fault_of(replaced)
        assert (fault.kind, fault.seq, fault.event) == (Kind.REPLACED, 7, "107")

    def test_an_event_without_a_link(self, intact):
        fault = fault_of([*intact, Entry(None, trails.event(7, random.Random(1)))])
        assert (fault.kind, fault.seq, fault.event) == (Kind.UNLINKED_EVENT, None, "7")


class TestRecordedHead:
    def test_verifies(self, intact):
        assert verify(intact, expected=head_of(intact[:9])).fault is None

    def test_detects_that_the_end_was_cut_off(self, intact):
        fault = fault_of(intact[:-3], expected=head_of(intact))
        assert (fault.kind, fault.seq) == (Kind.TRUNCATED, N_EVENTS - 2)

    def test_detects_a_rebuilt_chain(self, intact):
        new_chain = trails.rebuilt(with_event(intact, 3, reason="because"))
        assert verify(new_chain).fault is None
        fault = fault_of(new_chain, expected=head_of(intact))
        assert (fault.kind, fault.seq) == (Kind.REWRITTEN, N_EVENTS)

    def test_verification_can_continue_from_it(self, intact):
        verdict = verify(intact[9:], after=head_of(intact[:9]))
        assert (verdict.fault, verdict.n_events) == (None, N_EVENTS - 9)

    def test_is_missing_from_a_chain_rebuilt_before_it(self, intact):
        new_chain = trails.rebuilt(with_event(intact, 3, reason="because"))
        fault = fault_of(new_chain[9:], after=head_of(intact[:9]))
        assert (fault.kind, fault.seq) == (Kind.REWRITTEN, 9)

    def test_reads_back_as_written(self, intact):
        assert head(f" {head_of(intact)}\n") == head_of(intact)

    @pytest.mark.parametrize(
        "text",
        ["", "7", ":", "7:", f"x:{GENESIS}", f"7:{GENESIS}0", f"-1:{GENESIS}", "7:" + "G" * 64],
    )
    def test_is_refused_when_malformed(self, text):
        with pytest.raises(MalformedHead):
            head(text)


class TestSelection:
    def test_verifies_row_by_row(self, intact):
        assert verify(intact[3::5], has_gaps=True).fault is None

    def test_is_not_mistaken_for_the_complete_chain(self, intact):
        assert fault_of(intact[3::5]).kind == Kind.MISSING_LINK

    def test_detects_an_altered_event(self, intact):
        fault = fault_of(with_event(intact, 14, reason="because")[3::5], has_gaps=True)
        assert (fault.kind, fault.seq) == (Kind.ALTERED_EVENT, 14)

    def test_detects_a_replaced_row_next_to_its_neighbor(self, intact):
        replaced = list(intact)
        forged = trails.event(107, random.Random(1))
        replaced[6] = trails.chained(7, intact[6].link.previous, forged)
        fault = fault_of(replaced[5:9], has_gaps=True)
        assert (fault.kind, fault.seq) == (Kind.REPLACED, 7)


def test_memory_does_not_grow_with_the_chain():
    def endless():
        previous, seq, rng = GENESIS, 0, random.Random(0)
        while True:
            seq += 1
            entry = trails.chained(seq, previous, trails.event(seq, rng))
            assert isinstance(entry.link, Link)
            previous = entry.link.digest
            yield entry

    tracemalloc.start()
    verify(islice(endless(), 5000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000
