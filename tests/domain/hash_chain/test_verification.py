"""Every tampering is found, and the row that is named is the first that is bad."""

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
def honest():
    return trails.trail(N_EVENTS)


def head_of(entries):
    return Head(entries[-1].link.seq, entries[-1].link.digest)


def test_an_honest_chain_holds(honest):
    verdict = verify(honest)
    assert verdict.fault is None
    assert verdict.head == head_of(honest)
    assert verdict.n_events == N_EVENTS


def test_an_empty_chain_holds():
    assert verify([]).head == START


def test_every_tampering_is_found(honest):
    for seed in range(N_TAMPERINGS):
        tampering = trails.tampered(honest, random.Random(seed))
        fault = verify(tampering.entries).fault
        assert fault is not None, (seed, tampering.name)
        if tampering.name == "forge":
            assert (fault.kind, fault.event) == (Kind.UNLINKED_EVENT, "999"), seed
        else:
            assert fault.seq == tampering.first_bad, (seed, tampering.name, str(fault))


def found(entries, **options):
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


class TestWhatIsNamed:
    def test_an_altered_event(self, honest):
        fault = found(with_event(honest, 7, reason="because"))
        assert (fault.kind, fault.seq, fault.event) == (Kind.ALTERED_EVENT, 7, "107")
        assert str(fault) == "The event of link 7 (event 107) was altered."

    def test_an_altered_last_event(self, honest):
        fault = found(with_event(honest, N_EVENTS, reason="because"))
        assert (fault.kind, fault.seq) == (Kind.ALTERED_EVENT, N_EVENTS)

    @pytest.mark.parametrize("field", ["previous", "digest"])
    def test_an_altered_link(self, honest, field):
        fault = found(with_link(honest, 7, **{field: "f" * 64}))
        assert (fault.kind, fault.seq) == (Kind.ALTERED_LINK, 7)

    def test_an_altered_first_link(self, honest):
        fault = found(with_link(honest, 1, previous="f" * 64))
        assert (fault.kind, fault.seq) == (Kind.ALTERED_LINK, 1)

    def test_a_missing_row(self, honest):
        fault = found([*honest[:6], *honest[7:]])
        assert (fault.kind, fault.seq) == (Kind.MISSING_LINK, 7)

    def test_a_missing_event(self, honest):
        fault = found([*honest[:6], Entry(honest[6].link, None), *honest[7:]])
        assert (fault.kind, fault.seq) == (Kind.MISSING_EVENT, 7)

    def test_two_rows_that_changed_places(self, honest):
        swapped = list(honest)
        swapped[6], swapped[20] = (
            Entry(honest[6].link, honest[20].event),
            Entry(honest[20].link, honest[6].event),
        )
        fault = found(swapped)
        assert (fault.kind, fault.seq, fault.other) == (Kind.MOVED, 7, 21)

    def test_rows_in_the_wrong_order(self, honest):
        fault = found([*honest[:7], honest[3]])
        assert (fault.kind, fault.seq, fault.other) == (Kind.OUT_OF_ORDER, 4, 7)

    def test_a_row_replaced_by_one_that_is_whole_in_itself(self, honest):
        replaced = list(honest)
        forged = trails.event(107, random.Random(1))
        replaced[6] = trails.chained(7, honest[6].link.previous, forged)
        fault = found(replaced)
        assert (fault.kind, fault.seq, fault.event) == (Kind.REPLACED, 7, "107")

    def test_an_event_without_a_link(self, honest):
        fault = found([*honest, Entry(None, trails.event(7, random.Random(1)))])
        assert (fault.kind, fault.seq, fault.event) == (Kind.UNLINKED_EVENT, None, "7")


class TestAHeadThatWasWrittenDown:
    def test_holds(self, honest):
        assert verify(honest, expected=head_of(honest[:9])).fault is None

    def test_shows_that_the_end_was_cut_off(self, honest):
        fault = found(honest[:-3], expected=head_of(honest))
        assert (fault.kind, fault.seq) == (Kind.TRUNCATED, N_EVENTS - 2)

    def test_shows_that_all_was_chained_anew(self, honest):
        anew = trails.again(with_event(honest, 3, reason="because"))
        assert verify(anew).fault is None
        fault = found(anew, expected=head_of(honest))
        assert (fault.kind, fault.seq) == (Kind.REWRITTEN, N_EVENTS)

    def test_is_where_verification_can_go_on(self, honest):
        verdict = verify(honest[9:], after=head_of(honest[:9]))
        assert (verdict.fault, verdict.n_events) == (None, N_EVENTS - 9)

    def test_is_missed_where_the_chain_was_made_anew_before_it(self, honest):
        anew = trails.again(with_event(honest, 3, reason="because"))
        fault = found(anew[9:], after=head_of(honest[:9]))
        assert (fault.kind, fault.seq) == (Kind.REWRITTEN, 9)

    def test_is_read_as_it_is_written(self, honest):
        assert head(f" {head_of(honest)}\n") == head_of(honest)

    @pytest.mark.parametrize(
        "text",
        ["", "7", ":", "7:", f"x:{GENESIS}", f"7:{GENESIS}0", f"-1:{GENESIS}", "7:" + "G" * 64],
    )
    def test_is_refused_when_it_is_none(self, text):
        with pytest.raises(MalformedHead):
            head(text)


class TestASelection:
    def test_holds_row_by_row(self, honest):
        assert verify(honest[3::5], has_gaps=True).fault is None

    def test_is_not_taken_for_the_whole(self, honest):
        assert found(honest[3::5]).kind == Kind.MISSING_LINK

    def test_shows_an_altered_event(self, honest):
        fault = found(with_event(honest, 14, reason="because")[3::5], has_gaps=True)
        assert (fault.kind, fault.seq) == (Kind.ALTERED_EVENT, 14)

    def test_shows_a_replaced_row_beside_its_neighbour(self, honest):
        replaced = list(honest)
        forged = trails.event(107, random.Random(1))
        replaced[6] = trails.chained(7, honest[6].link.previous, forged)
        fault = found(replaced[5:9], has_gaps=True)
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
