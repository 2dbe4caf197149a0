"""The hash chain of the audit trail: serialization, digests and verification."""

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
