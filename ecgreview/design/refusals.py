"""What every refusal of a design has in common."""

from __future__ import annotations


class DesignRefused(ValueError):
    """The design asked for cannot be made; the message says what to change."""


class BadDesign(DesignRefused):
    """A part of the request has a wrong shape or is outside its range.

    Attributes:
        field: the name of that part.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
