"""Base class of the errors for requests that a service refuses and that a user can correct."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """A service refused a request.

    The message for users is in ``annotations.sentences.refusals``, the HTTP status in
    ``annotations.api.problems``; both are keyed by ``code``.

    Attributes:
        code: stable identifier; API clients depend on it, so it must never change.
        details: values for the placeholders of the message.
    """

    code: ClassVar[str]

    def __init__(self, **details: object) -> None:
        super().__init__()
        self.details = details

    def __str__(self) -> str:
        """The code and the details, for logs."""
        details = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.code}: {details}" if details else self.code


class NameTaken(Refusal):
    """Another study, or another batch of the same study, has this name."""

    code = "name-taken"
