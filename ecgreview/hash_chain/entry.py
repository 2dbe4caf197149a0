"""Audit events and chain links as text, and their digests."""

from __future__ import annotations

from typing import NamedTuple

from .canonical import GENESIS, digest


class MalformedHead(ValueError):
    """The text is not ``SEQ:DIGEST``, such as ``1204:9f86…`` with 64 hexadecimal digits."""


class Event(NamedTuple):
    """An audited action. The fields are text or None, in the order in which they are digested.

    Attributes:
        at: UTC, ``2026-03-02T09:00:00.000000Z``.
        actor: primary key of the person.
        study: primary key of the study.
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
    """An event's place in the chain: its number and the digest of everything up to it."""

    seq: int
    chained_at: str | None
    previous: str
    digest: str


class Entry(NamedTuple):
    """An event and its link. Either is None if it is missing from a damaged trail."""

    link: Link | None
    event: Event | None


class Head(NamedTuple):
    """The end of a chain. A copy kept elsewhere shows whether the chain was changed since."""

    seq: int
    digest: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.digest}"


# The head before the first link.
START = Head(0, GENESIS)

DIGEST_LENGTH = 64
MAX_SEQ_DIGITS = 18


def head(text: str) -> Head:
    """Parse a head written as ``SEQ:DIGEST``.

    Raises:
        MalformedHead: ``text`` is not in this form.
    """
    seq, _, written = text.strip().partition(":")
    is_number = seq.isascii() and seq.isdigit() and len(seq) <= MAX_SEQ_DIGITS
    if not is_number or len(written) != DIGEST_LENGTH or set(written) - set("0123456789abcdef"):
        raise MalformedHead(text)
    return Head(int(seq), written)


def link_digest(link: Link, event: Event) -> str:
    """Return the digest that ``link`` must have if neither it nor ``event`` was altered."""
    return digest((str(link.seq), link.chained_at, link.previous, *event))
