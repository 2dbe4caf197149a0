"""Base classes of the errors that refuse a design."""

from __future__ import annotations


class DesignRefused(ValueError):
    """The requested design is impossible; the message says what to change."""


class BadDesign(DesignRefused):
    """A value in the request is missing or invalid.

    Attributes:
        field: name of that value.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
