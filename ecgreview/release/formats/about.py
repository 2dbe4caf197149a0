"""What the documentation says about a format (docs/reference/formats.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """Facts about a format.

    Attributes:
        title: what it is, in a few words.
        files: what each file contains, by name; paths are relative to the format's folder.
        readers: third-party libraries that open it in the tests.
        limits: what it cannot express, or what the writer leaves out or changes.
    """

    title: str
    files: Mapping[str, str]
    readers: Sequence[str]
    limits: Sequence[str]
