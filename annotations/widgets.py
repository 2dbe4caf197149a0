"""Form widgets that several forms use."""

from __future__ import annotations

from django import forms


class DateInput(forms.DateInput):
    """The browser's date picker, which requires ISO 8601 values."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")
