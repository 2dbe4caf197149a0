"""Show refusals by services on pages: as a message, or at a form field.

Use these functions in ``with`` statements. A refusal skips the rest of the block. Put the success
message and the redirect inside the block, and the code that handles a refusal after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from annotations.sentences.refusals import message
from annotations.services.refusals import Refusal
from ecgreview.design import DesignRefused


class RefusalHandler:
    """Context manager that passes exceptions of ``types`` to ``show`` and suppresses them.

    It is a class rather than a ``contextmanager``, so that mypy knows that the block may end early.
    """

    def __init__(self, show: Callable[[Exception], None], *types: type[Exception]) -> None:
        self.show = show
        self.types = types

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        type_: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, self.types):
            return False
        self.show(error)
        return True


def refusal_as_message(request: HttpRequest, level: int = messages.ERROR) -> RefusalHandler:
    """Show a refusal as a message on the next page."""
    return RefusalHandler(
        lambda refusal: messages.add_message(request, level, message(refusal)), Refusal
    )


def refusal_on_form(
    form: forms.Form, fields: Mapping[type[Exception], str] | None = None
) -> RefusalHandler:
    """Show a refusal as an error of ``form``, at the field to which ``fields`` maps its type.

    Other refusals are shown as errors of the whole form.
    """

    def show(refusal: Exception) -> None:
        names = (name for type_, name in (fields or {}).items() if isinstance(refusal, type_))
        form.add_error(next(names, None), message(refusal))

    return RefusalHandler(show, Refusal, DesignRefused)
