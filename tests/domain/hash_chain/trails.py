"""Intact and tampered audit trails."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from ecgreview.hash_chain import GENESIS, Entry, Event, Link, link_digest

# Letters of one to three bytes, separators and quotes.
ALPHABET = "aé心\n'=,:{}\"0 \t"


def trail(n_events: int, seed: int = 0) -> list[Entry]:
    rng = random.Random(seed)
    entries: list[Entry] = []
    previous = GENESIS
    for seq in range(1, n_events + 1):
        entry = chained(seq, previous, event(seq + 100, rng))
        assert entry.link is not None
        previous = entry.link.digest
        entries.append(entry)
    return entries


def event(number: int, rng: random.Random) -> Event:
    """Return an event; its actor and its study are sometimes null."""
    return Event(
        id=str(number),
        at=f"2026-03-02T09:00:{number % 60:02d}.000000Z",
        actor=rng.choice([None, "7", "8", "71"]),
        actor_name=rng.choice(["", "ana", "davi"]),
        action="batch.closed",
        study=rng.choice([None, "1", "11"]),
        object_type="batch",
        object_id=str(rng.randrange(100)),
        before=rng.choice(["", '{"due":null}']),
        after=words(rng),
        reason=words(rng),
    )


def words(rng: random.Random) -> str:
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(8)))


def chained(seq: int, previous: str, event: Event) -> Entry:
    link = Link(seq, f"2026-03-02T09:01:{seq % 60:02d}.000001Z", previous, "")
    return Entry(link._replace(digest=link_digest(link, event)), event)


def rebuilt(entries: list[Entry]) -> list[Entry]:
    """Chain the events of ``entries`` again, as an attacker with full access could."""
    chain: list[Entry] = []
    previous = GENESIS
    for seq, entry in enumerate(entries, start=1):
        assert entry.event is not None
        chain.append(chained(seq, previous, entry.event))
        link = chain[-1].link
        assert link is not None
        previous = link.digest
    return chain


@dataclass(frozen=True)
class Tampering:
    """A tampered trail.

    Attributes:
        entries: the trail after tampering.
        first_bad: the highest seq that verification may report as the first bad row.
    """

    name: str
    entries: list[Entry]
    first_bad: int


def tampered(entries: list[Entry], rng: random.Random) -> Tampering:
    """Tamper with a trail in a way chosen by ``rng``. The last link is never deleted."""
    act = rng.choice(ACTS)
    return act(list(entries), rng)


def _edit_event(entries: list[Entry], rng: random.Random) -> Tampering:
    place = rng.randrange(len(entries))
    old = _event(entries[place])
    field = rng.choice(Event._fields)
    value = getattr(old, field)
    second_index = rng.choice([None, "", "0", "99", "x" + (value or ""), (value or "")[:-1]])
    if second_index == value:
        second_index = f"{value}!"
    changed = old._replace(**{field: second_index})
    entries[place] = Entry(entries[place].link, changed)
    return Tampering(f"edit {field}", entries, place + 1)


def _shift(entries: list[Entry], rng: random.Random) -> Tampering:
    """Move a character to the neighboring field, so that the concatenation stays the same."""
    places = [n for n, entry in enumerate(entries) if _event(entry).after]
    place = rng.choice(places)
    old = _event(entries[place])
    assert old.after is not None
    changed = old._replace(after=old.after[:-1], reason=old.after[-1] + (old.reason or ""))
    entries[place] = Entry(entries[place].link, changed)
    return Tampering("shift", entries, place + 1)


def _edit_link(entries: list[Entry], rng: random.Random) -> Tampering:
    place = rng.randrange(len(entries))
    old = _link(entries[place])
    second_index = f"{rng.getrandbits(256):064x}"
    field, changed = rng.choice(
        [
            ("chained_at", old._replace(chained_at="2026-03-02T09:01:00.999999Z")),
            ("previous", old._replace(previous=second_index)),
            ("digest", old._replace(digest=second_index)),
        ]
    )
    entries[place] = Entry(changed, entries[place].event)
    return Tampering(f"edit link {field}", entries, place + 1)


def _delete(entries: list[Entry], rng: random.Random) -> Tampering:
    place = rng.randrange(len(entries) - 1)
    del entries[place]
    return Tampering("delete", entries, place + 1)


def _delete_renumber(entries: list[Entry], rng: random.Random) -> Tampering:
    place = rng.randrange(len(entries) - 1)
    del entries[place]
    renumbered = [
        Entry(_link(entry)._replace(seq=seq), entry.event)
        for seq, entry in enumerate(entries, start=1)
    ]
    return Tampering("delete and renumber", renumbered, place + 1)


def _delete_event(entries: list[Entry], rng: random.Random) -> Tampering:
    place = rng.randrange(len(entries))
    entries[place] = Entry(entries[place].link, None)
    return Tampering("delete event", entries, place + 1)


def _swap_events(entries: list[Entry], rng: random.Random) -> Tampering:
    first_index, second_index = sorted(rng.sample(range(len(entries)), 2))
    first, second = entries[first_index], entries[second_index]
    entries[first_index], entries[second_index] = (
        Entry(first.link, second.event),
        Entry(second.link, first.event),
    )
    return Tampering("swap events", entries, first_index + 1)


def _swap_rows(entries: list[Entry], rng: random.Random) -> Tampering:
    first_index, second_index = sorted(rng.sample(range(len(entries)), 2))
    first, second = entries[first_index], entries[second_index]
    entries[first_index] = Entry(_link(second)._replace(seq=first_index + 1), second.event)
    entries[second_index] = Entry(_link(first)._replace(seq=second_index + 1), first.event)
    return Tampering("swap rows", entries, first_index + 1)


def _insert(entries: list[Entry], rng: random.Random) -> Tampering:
    """Insert a valid row in the middle and renumber the rest."""
    place = rng.randrange(1, len(entries))
    before = _link(entries[place - 1]).digest
    entries.insert(place, chained(place + 1, before, event(999, rng)))
    renumbered = [
        Entry(_link(entry)._replace(seq=seq), entry.event)
        for seq, entry in enumerate(entries, start=1)
    ]
    return Tampering("insert", renumbered, place + 2)


def _replace(entries: list[Entry], rng: random.Random) -> Tampering:
    """Replace a row, not the last, by another valid row."""
    place = rng.randrange(len(entries) - 1)
    before = _link(entries[place]).previous
    entries[place] = chained(place + 1, before, event(999, rng))
    return Tampering("replace", entries, place + 1)


def _forge(entries: list[Entry], rng: random.Random) -> Tampering:
    entries.append(Entry(None, event(999, rng)))
    return Tampering("forge", entries, len(entries))


def _link(entry: Entry) -> Link:
    assert entry.link is not None
    return entry.link


def _event(entry: Entry) -> Event:
    assert entry.event is not None
    return entry.event


ACTS: list[Callable[[list[Entry], random.Random], Tampering]] = [
    _edit_event,
    _shift,
    _edit_link,
    _delete,
    _delete_renumber,
    _delete_event,
    _swap_events,
    _swap_rows,
    _insert,
    _replace,
    _forge,
]
