"""Verify a hash chain: find the first row that was altered, moved or removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from .entry import START, Entry, Event, Head, Link, link_digest


class Kind(StrEnum):
    """Type of a fault: in the chain itself, or (from READING_UNRECORDED on) in referenced rows."""

    ALTERED_EVENT = "altered_event"
    ALTERED_LINK = "altered_link"
    MISSING_EVENT = "missing_event"
    MISSING_LINK = "missing_link"
    MOVED = "moved"
    OUT_OF_ORDER = "out_of_order"
    UNLINKED_EVENT = "unlinked_event"
    REPLACED = "replaced"
    REWRITTEN = "rewritten"
    TRUNCATED = "truncated"
    READING_UNRECORDED = "reading_unrecorded"
    READING_RECORDED_TWICE = "reading_recorded_twice"
    READING_ALTERED = "reading_altered"
    READING_MISSING = "reading_missing"
    READING_UNBOUND = "reading_unbound"
    ADJUDICATION_UNRECORDED = "adjudication_unrecorded"
    ADJUDICATION_ALTERED = "adjudication_altered"
    ADJUDICATION_MISSING = "adjudication_missing"
    ASSIGNMENT_ALTERED = "assignment_altered"
    EXAM_ALTERED = "exam_altered"
    TRACING_ALTERED = "tracing_altered"
    TAXONOMY_ALTERED = "taxonomy_altered"
    PROTOCOL_ALTERED = "protocol_altered"
    STUDY_ALTERED = "study_altered"
    STUDY_READER_ALTERED = "study_reader_altered"
    RESULTS_SEEN_MISSING = "results_seen_missing"
    CONSENSUS_ALTERED = "consensus_altered"
    REPORT_ALTERED = "report_altered"
    ACCOUNT_ALTERED = "account_altered"
    ROLE_ALTERED = "role_altered"


SENTENCES = {
    Kind.ALTERED_EVENT: "The event of link {seq} (event {event}) was altered.",
    Kind.ALTERED_LINK: "Link {seq} (event {event}) was altered.",
    Kind.MISSING_EVENT: "The event of link {seq} is missing.",
    Kind.MISSING_LINK: "Link {seq} is missing.",
    Kind.MOVED: "The content of link {seq} (event {event}) belongs to link {other}.",
    Kind.OUT_OF_ORDER: "Link {seq} (event {event}) comes after link {other}.",
    Kind.UNLINKED_EVENT: "Event {event} has no link: it was added outside the chain, or its"
    " link was deleted.",
    Kind.REPLACED: "Link {seq} (event {event}) was replaced: the next link contains a different"
    " digest.",
    Kind.REWRITTEN: "Link {seq} (event {event}) differs from the recorded head.",
    Kind.TRUNCATED: "Link {seq} and all later links are missing: a later head was recorded.",
    Kind.READING_UNRECORDED: "Reading {other} was never recorded as submitted.",
    Kind.READING_RECORDED_TWICE: "Reading {other} is recorded as submitted more than once.",
    Kind.READING_ALTERED: "Reading {other} differs from the submitted one (event {event}).",
    Kind.READING_MISSING: "Reading {other}, recorded as submitted (event {event}), is missing.",
    Kind.READING_UNBOUND: "No event records the exam that reading {other} belongs to.",
    Kind.ADJUDICATION_UNRECORDED: "Adjudication {other} was never recorded as submitted.",
    Kind.ADJUDICATION_ALTERED: "Adjudication {other} differs from the submitted one"
    " (event {event}).",
    Kind.ADJUDICATION_MISSING: "Adjudication {other}, recorded as submitted (event {event}), is"
    " missing.",
    Kind.ASSIGNMENT_ALTERED: "Assignment {other} does not have the exam, reader, batch or arm that"
    " its reading was submitted for (event {event}).",
    Kind.EXAM_ALTERED: "Exam {name} does not have the age, sex or tracings that were read"
    " (event {event}).",
    Kind.TRACING_ALTERED: "Tracing {other} of exam {name} does not contain the imported samples.",
    Kind.TAXONOMY_ALTERED: "The classes of {name} differ from the installed ones.",
    Kind.PROTOCOL_ALTERED: "The document of {name} differs from the one that took effect.",
    Kind.STUDY_ALTERED: "The rules or the phase of study {name} differ from the recorded ones.",
    Kind.STUDY_READER_ALTERED: "The status of {name} differs from the recorded one.",
    Kind.RESULTS_SEEN_MISSING: "The record that {name} saw results of batch {other} is missing"
    " (event {event}).",
    Kind.CONSENSUS_ALTERED: "The consensus of study {name} differs from the computed one.",
    Kind.REPORT_ALTERED: "Agreement report {other} differs from the computed one.",
    Kind.ACCOUNT_ALTERED: "The roles, permissions, access or kind of account {name} differ from the"
    " recorded ones.",
    Kind.ROLE_ALTERED: "The permissions of role {name} differ from the standard ones.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """The first fault of a chain.

    Attributes:
        seq: number of the link; None for an event without a link.
        event: id of the event as text; None if the event is missing.
        other: number of another link, or primary key of the row that the event refers to.
        name: display name of that row, if the primary key is not enough.
    """

    kind: Kind
    seq: int | None = None
    event: str | None = None
    other: int | None = None
    name: str = ""

    def __str__(self) -> str:
        return SENTENCES[self.kind].format(
            seq=self.seq, event=self.event, other=self.other, name=self.name
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verification.

    Attributes:
        head: the last intact link.
        n_events: number of events verified.
        fault: the first fault; None if the chain is intact.
    """

    head: Head
    n_events: int
    fault: Fault | None


def verify(
    entries: Iterable[Entry],
    *,
    after: Head = START,
    expected: Head | None = None,
    has_gaps: bool = False,
) -> Verdict:
    """Verify ``entries`` up to the first fault.

    Uses constant memory. A chain that was completely recomputed from some row on, or has lost its
    end, can only be detected with ``expected``.

    Args:
        entries: in the order of ``seq``; events without a link come last.
        after: the head of a part that is already verified; the first entry must follow it.
        expected: a head that was recorded earlier and must still be part of the chain.
        has_gaps: whether the entries are a selection. Each must be intact, but only neighbors in
            the full chain must follow each other.
    """
    head, last, n_events = after, None, 0
    walk = iter(entries)
    for entry in walk:
        if has_gaps and entry.link and entry.link.seq > head.seq + 1:
            head, last = Head(entry.link.seq - 1, entry.link.previous), None
        fault = _fault(entry, head, last, walk) or _unexpected(entry, expected)
        if fault or entry.link is None:
            return Verdict(head, n_events, fault)
        head, last, n_events = Head(entry.link.seq, entry.link.digest), entry, n_events + 1
    if expected and expected.seq > head.seq and not has_gaps:
        return Verdict(head, n_events, Fault(Kind.TRUNCATED, head.seq + 1))
    return Verdict(head, n_events, None)


def _fault(
    entry: Entry, head: Head, last: Entry | None, following: Iterator[Entry]
) -> Fault | None:
    """Return the fault of ``entry``, which should follow ``head``; None if it is intact.

    ``following`` is read only to find out how a row was altered.
    """
    link, event = entry
    if link is None:
        return Fault(Kind.UNLINKED_EVENT, event=event.id if event else None)
    if link.seq > head.seq + 1:
        return Fault(Kind.MISSING_LINK, head.seq + 1)
    if link.seq <= head.seq:
        return Fault(Kind.OUT_OF_ORDER, link.seq, event.id if event else None, head.seq)
    if event is None:
        return Fault(Kind.MISSING_EVENT, link.seq)
    is_own, follows = link_digest(link, event) == link.digest, link.previous == head.digest
    if is_own and follows:
        return None
    if is_own:
        return _broken_before(link, event, head, last)
    return _altered(link, event, head, following)


def _broken_before(link: Link, event: Event, head: Head, last: Entry | None) -> Fault:
    """Return the fault if ``link`` is intact but does not follow the previous link."""
    if last is not None and last.event is not None:
        return Fault(Kind.REPLACED, head.seq, last.event.id)
    if head.seq:
        return Fault(Kind.REWRITTEN, head.seq)
    return Fault(Kind.ALTERED_LINK, link.seq, event.id)


def _altered(link: Link, event: Event, head: Head, following: Iterator[Entry]) -> Fault:
    """Return which part of a row was altered, or that the row was moved."""
    if link_digest(link._replace(previous=head.digest), event) == link.digest:
        return Fault(Kind.ALTERED_LINK, link.seq, event.id)
    is_first, true = True, link_digest(link, event)
    for later in following:
        if later.link is None:
            break
        if is_first and later.link.previous == true:
            return Fault(Kind.ALTERED_LINK, link.seq, event.id)
        if _comes_from(later.link, link, event):
            return Fault(Kind.MOVED, link.seq, event.id, later.link.seq)
        is_first = False
    return Fault(Kind.ALTERED_EVENT, link.seq, event.id)


def _comes_from(later: Link, link: Link, event: Event) -> bool:
    """Return whether ``event``, and possibly parts of its link, were moved from ``later``."""
    times, digests = (later.chained_at, link.chained_at), (later.previous, link.previous)
    return any(
        link_digest(Link(later.seq, chained_at, previous, ""), event) in {link.digest, later.digest}
        for chained_at, previous in product(times, digests)
    )


def _unexpected(entry: Entry, expected: Head | None) -> Fault | None:
    """Return a fault if ``entry`` has the number of the expected head but another digest."""
    link, event = entry
    if link is None or expected is None or link.seq != expected.seq:
        return None
    if link.digest == expected.digest:
        return None
    return Fault(Kind.REWRITTEN, link.seq, event.id if event else None)
