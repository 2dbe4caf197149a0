"""Formats of a release: one module per format, all behind ``Format``."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ecgreview.release.content import Content


class Format(Protocol):
    """Writes a release in one format.

    Attributes:
        name: used in commands, URLs and manifests; never changes.
        needs_signals: whether it is left out of a release without signals.
        extra: name of the optional dependencies it needs, or empty.
    """

    name: str
    needs_signals: bool
    extra: str

    def write(self, content: Content, folder: Path) -> None:
        """Write the files of this format to ``folder``, an existing empty folder.

        The same content gives the same bytes on every machine, in every time zone and locale.
        Memory must not grow with the number of exams.
        """
        ...
