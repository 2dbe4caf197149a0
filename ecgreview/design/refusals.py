"""Base classes of refusals of a design."""

from __future__ import annotations


class DesignRefused(ValueError):
    """The requested design cannot be made; the message says what to change."""


class BadDesign(DesignRefused):
    """A part of the request has a wrong shape or is outside its range.

    Attributes:
        field: the name of that part.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
