"""A study's protocol: parse, validate, serialize and amend it."""

from __future__ import annotations

from ecgreview.strict_files import Problem as ProtocolProblem

from .amendment import FROZEN_FOREVER, LATER_BATCHES_ONLY, Change, changes, check_amendment
from .arms import NoArms, arm
from .context import check
from .document import as_document, complete, digest, dump, load
from .model import Arm, InvalidProtocol, Protocol, Qualification, parse
from .values import KEYS

__all__ = [
    "FROZEN_FOREVER",
    "KEYS",
    "LATER_BATCHES_ONLY",
    "Arm",
    "Change",
    "InvalidProtocol",
    "NoArms",
    "Protocol",
    "ProtocolProblem",
    "Qualification",
    "arm",
    "as_document",
    "changes",
    "check",
    "check_amendment",
    "complete",
    "digest",
    "dump",
    "load",
    "parse",
]
