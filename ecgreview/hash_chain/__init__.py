"""The chain that proves an audit trail: its bytes, its digests, and how it is verified."""

from __future__ import annotations

from .canonical import GENESIS, VERSION, canonical_json, content_digest, digest, netstring
from .entry import START, Entry, Event, Head, Link, MalformedHead, head, link_digest
from .files import MalformedFile
from .verification import Fault, Kind, Verdict, verify

__all__ = [
    "GENESIS",
    "START",
    "VERSION",
    "Entry",
    "Event",
    "Fault",
    "Head",
    "Kind",
    "Link",
    "MalformedFile",
    "MalformedHead",
    "Verdict",
    "canonical_json",
    "content_digest",
    "digest",
    "head",
    "link_digest",
    "netstring",
    "verify",
]
