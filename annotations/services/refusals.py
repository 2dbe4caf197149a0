"""The base class of what a service refuses because of something a person can change."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """A request that a service turns down.

    What people read is in ``annotations.sentences.refusals``, the HTTP status in
    ``annotations.api.problems``; both are keyed by ``code``.

    Attributes:
        code: never changes; clients of the API tell refusals apart by it.
        details: fill the placeholders of the sentence.
    """

    code: ClassVar[str]

    def __init__(self, **details: object) -> None:
        super().__init__()
        self.details = details

    def __str__(self) -> str:
        """For logs: the code, and the details as they are."""
        details = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.code}: {details}" if details else self.code


class NameTaken(Refusal):
    """A study, or a batch of the same study, has the name."""

    code = "name-taken"
