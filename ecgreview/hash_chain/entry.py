"""The rows of a trail as texts: an event, the link that chains it, and both together."""

from __future__ import annotations

from typing import NamedTuple

from .canonical import GENESIS, digest


class MalformedHead(ValueError):
    """A head is written ``SEQ:DIGEST``, such as ``1204:9f86…`` with 64 hexadecimal digits."""


class Event(NamedTuple):
    """A deed, every column as text in the order of the digest; null is None.

    Attributes:
        at: when, UTC, ``2026-03-02T09:00:00.000000Z``.
        actor: number of the person's row.
        study: number of the study's row.
    """

    id: str | None
    at: str | None
    actor: str | None
    actor_name: str | None
    action: str | None
    study: str | None
    object_type: str | None
    object_id: str | None
    before: str | None
    after: str | None
    reason: str | None


class Link(NamedTuple):
    """What holds an event in its place: its number and the digest of all up to it."""

    seq: int
    chained_at: str | None
    previous: str
    digest: str


class Entry(NamedTuple):
    """An event with its link; one of them is None where it is missing."""

    link: Link | None
    event: Event | None


class Head(NamedTuple):
    """The end of a chain: who has written it down can tell later whether it still holds."""

    seq: int
    digest: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.digest}"


START = Head(0, GENESIS)
"""Where the chain begins."""

DIGEST_LENGTH = 64
MAX_SEQ_DIGITS = 18


def head(text: str) -> Head:
    """Return the head that is written ``SEQ:DIGEST``.

    Raises:
        MalformedHead: it is written otherwise.
    """
    seq, _, written = text.strip().partition(":")
    is_number = seq.isascii() and seq.isdigit() and len(seq) <= MAX_SEQ_DIGITS
    if not is_number or len(written) != DIGEST_LENGTH or set(written) - set("0123456789abcdef"):
        raise MalformedHead(text)
    return Head(int(seq), written)


def link_digest(link: Link, event: Event) -> str:
    """Return the digest that ``link`` must have if neither it nor ``event`` was altered."""
    return digest((str(link.seq), link.chained_at, link.previous, *event))
